import { type EdgeError, pipe, TE } from '@cotangent/prelude'
import { labFileName } from '../labFile.js'
import { pageHtml } from '../page/html.js'
import { styleSheet } from '../page/styleSheet.js'
import { labSettings } from '../settings.js'
import { bundleScripts, type Scripts } from './bundle.js'
import { prepareLab } from './prepare.js'
import { type Files, openServer, type Server } from './serve.js'

/** How a lab is started. */
export interface LabOptions {
  /** 0 for any that is free. */
  readonly port: number
  /** Where prepared mails and the pre-trained model are kept. */
  readonly cache: string
  /** Told what is being done. */
  readonly tell: (text: string) => void
  /** Where the bundler finds packages, for tests that run sources. */
  readonly alias?: Readonly<Record<string, string>>
}

const filesOf = ({ page, worker }: Scripts, data: Uint8Array): Files =>
  new Map([
    ['/', { type: 'html', body: pageHtml }],
    ['/style.css', { type: 'css', body: styleSheet }],
    ['/page.js', { type: 'js', body: page }],
    ['/worker.js', { type: 'js', body: worker }],
    [`/${labFileName}`, { type: 'safetensors', body: data }],
  ])

/**
 * Prepares the lab (at the first start: reads the mail and pre-trains) and serves its page.
 *
 * @returns Left where the port, the cache, the corpus or the engine cannot be used
 */
export const startLab = ({ port, cache, tell, alias }: LabOptions): TE.TaskEither<EdgeError, Server> =>
  pipe(
    openServer(port),
    TE.flatMap((server) =>
      pipe(
        prepareLab({ settings: labSettings, cache, tell }),
        TE.tapIO(() => () => tell('bundling the page')),
        TE.bindTo('data'),
        TE.bind('scripts', () => TE.fromTask(() => bundleScripts(alias))),
        TE.map(({ data, scripts }) => {
          server.offer(filesOf(scripts, data))
          return server
        }),
        TE.orElseFirstTaskK(() => () => server.close()),
      ),
    ),
  )
