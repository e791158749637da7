import { join } from 'node:path'
import { readJson, writeFileAtomic } from '@cotangent/io'
import {
  type BadInput,
  E,
  type MissingFile,
  nonNegativeInteger,
  open,
  pipe,
  readonlyList,
  TE,
  t,
  type WriteFailed,
} from '@cotangent/prelude'
import { randomStream } from '../statistics/index.js'
import { clusterMails, type MailClusters } from './clusterMails.js'
import { type Mail, mailCodec, toMail } from './mail.js'
import { clustersFrom } from './nearDuplicates.js'
import { parseMail } from './parseMail.js'
import { corpusVersion, type RawMail, readCorpus } from './readCorpus.js'

// To be raised with every change to parsing, cleaning or labels, so that what was prepared before is made anew.
const preparation = 3

// The clusters are the same for nearly every seed, since candidates are checked exactly; one seed makes them data.
const clusterSeed = 2408

export interface LoadMailsOptions {
  /** An existing folder to keep the prepared mails in; none is kept without. */
  readonly cacheFolder?: string
  /** Called while mails are parsed; not called where they come from the cache. */
  readonly onProgress?: (done: number, total: number) => void
}

/** What became of the cache. A cache that cannot be written costs the next run some seconds and is no error. */
export type CacheUse =
  | { readonly _tag: 'Off' }
  | { readonly _tag: 'Read'; readonly file: string }
  | { readonly _tag: 'Written'; readonly file: string }
  | { readonly _tag: 'NotWritten'; readonly error: WriteFailed }

/** The data set of the study. */
export interface MailSet {
  /** In the order of the corpus. */
  readonly mails: readonly Mail[]
  /** Which mails are near-duplicates, and which belong together in a split. */
  readonly clusters: MailClusters
  /** Package version and preparation, to be part of the hash of anything made from it. */
  readonly version: string
  readonly cache: CacheUse
}

interface Prepared {
  readonly mails: readonly Mail[]
  readonly clusters: MailClusters
}

const cacheCodec = open({
  version: t.string,
  mails: readonlyList(mailCodec),
  twins: readonlyList(nonNegativeInteger),
  kept: readonlyList(nonNegativeInteger),
})

const cacheFile = (folder: string, version: string): string => join(folder, `mails-${version}.json`)

const fromCache = (folder: string, version: string): TE.TaskEither<MissingFile | BadInput | 'stale', Prepared> =>
  pipe(
    readJson(cacheFile(folder, version), cacheCodec),
    TE.flatMapEither(({ version: made, mails, twins, kept }): E.Either<'stale', Prepared> => {
      // A cluster number beyond the mails would make lists of any length.
      const fits = [twins, kept].every((of) => of.length === mails.length && of.every((cluster) => cluster < of.length))
      return made === version && fits
        ? E.right({ mails, clusters: { twins: clustersFrom(twins), kept: clustersFrom(kept) } })
        : E.left('stale')
    }),
  )

/** Parses one mail after the other (at once they would only wait for each other) and finds the clusters. */
const prepare = async (
  raw: readonly RawMail[],
  onProgress: (done: number, total: number) => void,
): Promise<Prepared> => {
  const mails: Mail[] = []
  for (const { file, bytes } of raw) {
    mails.push(toMail(file, await parseMail(bytes)))
    if (mails.length % 50 === 0 || mails.length === raw.length) onProgress(mails.length, raw.length)
  }
  return { mails, clusters: clusterMails(mails, randomStream(clusterSeed).uniform) }
}

const store = async (folder: string, version: string, { mails, clusters }: Prepared): Promise<CacheUse> => {
  const file = cacheFile(folder, version)
  const content = JSON.stringify({ version, mails, twins: clusters.twins.of, kept: clusters.kept.of })
  const written = await writeFileAtomic(file, content)()
  return E.isLeft(written) ? { _tag: 'NotWritten', error: written.left } : { _tag: 'Written', file }
}

/**
 * The mails of the SpamAssassin corpus as examples: some seconds of parsing the first time, a tenth of a second from
 * the cache. The cache is a JSON file named for the corpus' version and the preparation's, written whole or not at all;
 * one that is missing, damaged or of another version is made again.
 *
 * @returns Left where the corpus is not installed or damaged
 * @example pipe(loadMails({ cacheFolder: 'runs/cache' }), TE.map(({ mails }) => mails.length)) // => 6046
 */
export const loadMails = ({
  cacheFolder,
  onProgress = () => {},
}: LoadMailsOptions = {}): TE.TaskEither<MissingFile | BadInput, MailSet> =>
  pipe(
    corpusVersion,
    TE.map((corpus) => `${corpus}-${preparation}`),
    TE.flatMap((version) => {
      const anew: TE.TaskEither<MissingFile | BadInput, MailSet> = pipe(
        readCorpus,
        TE.flatMap((raw) => TE.fromTask(() => prepare(raw, onProgress))),
        TE.flatMap((prepared) =>
          TE.fromTask(async () => ({
            ...prepared,
            version,
            cache: cacheFolder === undefined ? { _tag: 'Off' } : await store(cacheFolder, version, prepared),
          })),
        ),
      )
      return cacheFolder === undefined
        ? anew
        : pipe(
            fromCache(cacheFolder, version),
            TE.map(
              (prepared): MailSet => ({
                ...prepared,
                version,
                cache: { _tag: 'Read', file: cacheFile(cacheFolder, version) },
              }),
            ),
            TE.orElse(() => anew),
          )
    }),
  )
