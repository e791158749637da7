import { join } from 'node:path'
import {
  type BadInput,
  type MissingFile,
  nonNegativeInteger,
  open,
  pipe,
  readonlyList,
  refined,
  TE,
  t,
} from '@cotangent/prelude'
import { randomStream } from '../statistics/index.js'
import { clusterMails, type MailClusters } from './clusterMails.js'
import { type CacheUse, jsonCache } from './jsonCache.js'
import { type Mail, mailCodec, toMail } from './mail.js'
import { clustersFrom } from './nearDuplicates.js'
import { parseMail } from './parseMail.js'
import { corpusVersion, type RawMail, readCorpus } from './readCorpus.js'

// To be raised with every change to parsing, cleaning, labels or clusters, so that what was prepared before is made anew.
const preparation = 5

// The clusters are the same for nearly every seed, since candidates are checked exactly; one seed makes them data.
const clusterSeed = 2408

/** Where prepared mails are kept, and who is told how far it is. */
export interface LoadMailsOptions {
  /** An existing folder to keep the prepared mails in; none is kept without. */
  readonly cacheFolder?: string
  /** Called while mails are parsed; not called where they come from the cache. */
  readonly onProgress?: (done: number, total: number) => void
}

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

const preparedCodec = refined(
  open({
    version: t.string,
    mails: readonlyList(mailCodec),
    twins: readonlyList(nonNegativeInteger),
    kept: readonlyList(nonNegativeInteger),
  }),
  // A cluster number beyond the mails would make lists of any length.
  ({ mails, twins, kept }) =>
    [twins, kept].every((of) => of.length === mails.length && of.every((cluster) => cluster < of.length)),
  'prepared mails with a cluster for each',
)

type Prepared = t.TypeOf<typeof preparedCodec>

/** Parses one mail after the other (at once they would only wait for each other) and finds the clusters. */
const prepare = async (
  version: string,
  raw: readonly RawMail[],
  onProgress: (done: number, total: number) => void,
): Promise<Prepared> => {
  const mails: Mail[] = []
  for (const { file, bytes } of raw) {
    mails.push(toMail(file, await parseMail(bytes)))
    if (mails.length % 50 === 0 || mails.length === raw.length) onProgress(mails.length, raw.length)
  }
  const { twins, kept } = clusterMails(mails, randomStream(clusterSeed).uniform)
  return { version, mails, twins: twins.of, kept: kept.of }
}

/**
 * The mails of the SpamAssassin corpus as examples: some seconds of parsing the first time, a tenth of a second from
 * the cache, a JSON file of 7 MB named for the corpus' version and the preparation's.
 *
 * @returns Left where the corpus is not installed or damaged
 * @example pipe(loadMails({ cacheFolder: 'runs/cache' }), TE.map(({ mails }) => mails.length))
 */
export const loadMails = ({
  cacheFolder,
  onProgress = () => {},
}: LoadMailsOptions = {}): TE.TaskEither<MissingFile | BadInput, MailSet> =>
  pipe(
    corpusVersion,
    TE.map((corpus) => `${corpus}-${preparation}`),
    TE.flatMap((version) =>
      jsonCache(
        cacheFolder === undefined ? undefined : join(cacheFolder, `mails-${version}.json`),
        preparedCodec,
        pipe(
          readCorpus,
          TE.flatMap((raw) => TE.fromTask(() => prepare(version, raw, onProgress))),
        ),
      ),
    ),
    TE.map(({ value: { version, mails, twins, kept }, use }) => ({
      mails,
      clusters: { twins: clustersFrom(twins), kept: clustersFrom(kept) },
      version,
      cache: use,
    })),
  )
