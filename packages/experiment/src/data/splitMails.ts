import { pipe, RR } from '@cotangent/prelude'
import type { Mail } from './mail.js'
import type { Clusters } from './nearDuplicates.js'
import type { Random } from './random.js'
import { shuffledStrata } from './stratify.js'

/** Shares of a split, by name; they are taken relative to their sum. */
export type SplitShares<Part extends string> = Readonly<Record<Part, number>>

/**
 * The study's split. Training is two parts that share no cluster: one that the faulty model is pre-trained on, and a
 * pool that the clean fine-tuning sets are drawn from.
 */
export const studyShares = { pretraining: 0.4, pool: 0.2, validation: 0.15, test: 0.25 } as const

/** What is kept in proportion in every part: the label, and hard ham apart from other mail of its label. */
export const stratumOf = ({ label, group }: Pick<Mail, 'label' | 'group'>): string =>
  group === 'hard-ham' ? `${label}, hard ham` : label

/** The stratum of most of a cluster's mails, the first met of equals. */
const majority = (strata: readonly string[]): string => {
  const counts = new Map<string, number>()
  for (const stratum of strata) counts.set(stratum, (counts.get(stratum) ?? 0) + 1)
  return [...counts].reduce((best, next) => (next[1] > best[1] ? next : best), ['', 0])[0]
}

/**
 * Splits mails by cluster, so that no cluster is in two parts, in the given shares within every stratum.
 *
 * Stratum by stratum the clusters, in random order and then the largest first, go each to the part that lacks most to
 * its share. So shares are met to within a cluster's size, and to within a mail where clusters of one are many.
 *
 * @param clusters of the same mails
 * @param shares of the parts, at least 0, not all 0
 * @returns places of mails by part, in the order of the mails
 * @throws RangeError if a share is negative or not finite, or all are 0
 */
export const splitMails = <Part extends string>(
  mails: readonly Pick<Mail, 'label' | 'group'>[],
  clusters: Clusters,
  shares: SplitShares<Part>,
  random: Random,
): Readonly<Record<Part, readonly number[]>> => {
  const names = RR.keys(shares)
  const total = names.reduce((sum, name) => sum + shares[name], 0)
  if (!(total > 0 && names.every((name) => shares[name] >= 0 && Number.isFinite(shares[name]))))
    throw new RangeError(
      `splitMails: shares must be numbers of at least 0, one of them above 0.\n  received  ${names.map((name) => `${name} ${shares[name]}`).join(', ')}\n` +
        '  to do     give each part its share, as in { training: 0.8, test: 0.2 }',
    )

  const members = clusters.sizes.map((): number[] => [])
  clusters.of.forEach((cluster, i) => {
    members[cluster]?.push(i)
  })
  const strata = mails.map(stratumOf)
  const clusterStrata = members.map((places) => majority(places.map((i) => strata[i] ?? '')))

  const parts = new Map<Part, number[]>(names.map((name) => [name, []]))
  for (const order of shuffledStrata(clusterStrata, random).values()) {
    const bySize = [...order].sort((a, b) => (clusters.sizes[b] ?? 0) - (clusters.sizes[a] ?? 0))
    const size = bySize.reduce((sum, cluster) => sum + (clusters.sizes[cluster] ?? 0), 0)
    const lacking = new Map(names.map((name) => [name, (size * shares[name]) / total]))
    for (const cluster of bySize) {
      const neediest = [...lacking].reduce((best, next) => (next[1] > best[1] ? next : best))[0]
      lacking.set(neediest, (lacking.get(neediest) ?? 0) - (clusters.sizes[cluster] ?? 0))
      parts.get(neediest)?.push(...(members[cluster] ?? []))
    }
  }
  return pipe(
    shares,
    RR.mapWithIndex((name: Part) => (parts.get(name) ?? []).sort((a, b) => a - b)),
  )
}
