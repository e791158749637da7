/* The worker: fetches the lab's data, then does what the page says. */
import { decode, E, pipe, threeParts } from '@cotangent/prelude'
import { decodeLab, labFileName } from '../labFile.js'
import { commandCodec, type LabEvent } from '../protocol.js'
import { labSettings } from '../settings.js'
import { makeSession } from './session.js'

/** What a worker has that a page has not; TypeScript knows one of the two at a time. */
interface WorkerScope {
  onmessage: ((event: MessageEvent<unknown>) => void) | null
  postMessage(message: LabEvent): void
}
const scope = globalThis as unknown as WorkerScope // border: this module is run in a worker

const post = (event: LabEvent): void => scope.postMessage(event)
const fail = ({ message }: { readonly message: string }): void => post({ _tag: 'Failed', message, usable: false })

const notLoaded = (received: string): Error =>
  new Error(
    threeParts({
      must: "The model and the mails must come from the lab's server.",
      received: `${labFileName}: ${received}`,
      todo: 'load the page again, with the server running',
    }),
  )

const load = async (): Promise<Uint8Array> => {
  const response = await fetch(labFileName).catch((cause: unknown) => {
    throw notLoaded(String(cause))
  })
  if (!response.ok) throw notLoaded(`the server answers ${response.status}`)
  return new Uint8Array(await response.arrayBuffer())
}

post({ _tag: 'Busy', text: 'fetching the model and the mails', usable: false })
// commands that come before the data wait for it
const session = load().then((bytes) =>
  pipe(
    decodeLab(bytes, labSettings),
    E.map((data) => makeSession({ ...data, settings: labSettings }, post)),
    E.getOrElseW((error) => {
      throw new Error(error.message)
    }),
  ),
)

scope.onmessage = ({ data }) => {
  const command = decode(commandCodec, data)
  if (E.isLeft(command)) fail(command.left)
  else session.then((take) => take(command.right)).catch(fail)
}
