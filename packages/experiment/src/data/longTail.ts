import type { Random } from './random.js'
import { shuffledStrata } from './stratify.js'

/**
 * How many of each class a long tail keeps: class sizes fall exponentially from the most frequent class to the rarest,
 *
 * n_r = n_0 · ratio^(-r / (C - 1)),  r = 0 .. C - 1 by falling natural count,
 *
 * with the largest n_0 that no class lacks mails for. At least one of each class is kept.
 *
 * @param counts natural class counts, all above 0
 * @param ratio largest over smallest class, at least 1; 1 makes all classes equal
 * @returns counts in the order given
 * @throws RangeError if ratio is below 1 or not finite, or a count is not above 0
 * @see Cui, Jia, Lin, Song, Belongie, Class-Balanced Loss, 2019, section 4
 * @example longTailCounts([100, 100, 100], 4) // => [100, 50, 25]
 */
export const longTailCounts = (counts: readonly number[], ratio: number): readonly number[] => {
  if (!(ratio >= 1 && Number.isFinite(ratio)))
    throw new RangeError(
      `longTailCounts: ratio must be a number of at least 1.\n  received  ${ratio}\n` +
        '  to do     give the size of the largest class over that of the smallest; 1 for equal classes',
    )
  if (!counts.every((count) => count > 0))
    throw new RangeError(
      `longTailCounts: every class must have examples.\n  received  ${counts.join(', ')}\n` +
        '  to do     leave empty classes out',
    )
  const falling = counts.map((count, i) => ({ count, i })).sort((a, b) => b.count - a.count || a.i - b.i)
  const last = Math.max(1, counts.length - 1)
  const shareOf = (rank: number): number => ratio ** (-rank / last)
  const largest = falling.reduce((n, { count }, rank) => Math.min(n, count / shareOf(rank)), Number.POSITIVE_INFINITY)
  const kept = [...counts]
  falling.forEach(({ count, i }, rank) => {
    // A product that is whole but for rounding must not lose a mail.
    kept[i] = Math.min(count, Math.max(1, Math.floor(largest * shareOf(rank) + 1e-9)))
  })
  return kept
}

/**
 * Places of examples that make the classes a long tail, drawn at random within each class; see `longTailCounts`.
 *
 * @returns ascending places
 */
export const longTail = (labels: readonly string[], ratio: number, random: Random): readonly number[] => {
  const strata = [...shuffledStrata(labels, random).values()]
  const counts = longTailCounts(
    strata.map((places) => places.length),
    ratio,
  )
  return strata.flatMap((places, i) => places.slice(0, counts[i])).sort((a, b) => a - b)
}
