import type { Mail } from './mail.js'
import {
  type Clusters,
  clustersOf,
  joinNearDuplicates,
  type NearDuplicateOptions,
  nearDuplicateDefaults,
} from './nearDuplicates.js'
import type { Random } from './random.js'
import { unionFind } from './unionFind.js'

// "hello" and "test" are no threads.
const shortestThreadSubject = 12

/** The subject, where it is long enough to name a thread. */
const threadOf = ({ text }: Mail): string | undefined => {
  const subject = (text.split('\n', 1)[0] ?? '').toLowerCase()
  return subject.length >= shortestThreadSubject && subject !== '(no subject)' ? subject : undefined
}

/** Two divisions of the mails into clusters. */
export interface MailClusters {
  /** Near-duplicates alone; see `joinNearDuplicates`. */
  readonly twins: Clusters
  /** Near-duplicates and threads: what a split must keep together. */
  readonly kept: Clusters
}

/**
 * Clusters of mails that must not be parted by a split: near-duplicates, and mails of one thread, which share their
 * subject (of at least 12 characters, reply marks and list tags aside). A classifier that has seen "SUSE 8 disks?" in
 * training would know the other 38 mails of that thread by it.
 *
 * Of the 6,046 mails, 58 % of the spam has a near twin, 7 % of the hard ham and 4 % of other ham; there are 5,142
 * clusters of twins (382 of more than one mail, 37 in the largest) and 3,387 with threads (823; 52).
 *
 * @param random for the hashes' seeds
 */
export const clusterMails = (
  mails: readonly Mail[],
  random: Random,
  options: NearDuplicateOptions = nearDuplicateDefaults,
): MailClusters => {
  const sets = unionFind(mails.length)
  joinNearDuplicates(
    mails.map(({ text }) => text),
    sets,
    random,
    options,
  )
  const twins = clustersOf(mails.length, sets)
  const firstOf = new Map<string, number>()
  mails.forEach((mail, i) => {
    const thread = threadOf(mail)
    if (thread === undefined) return
    const first = firstOf.get(thread)
    if (first === undefined) firstOf.set(thread, i)
    else sets.union(first, i)
  })
  return { twins, kept: clustersOf(mails.length, sets) }
}
