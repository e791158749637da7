import { type Random, shuffled } from './random.js'

/**
 * Shares a whole number out in proportion to weights: each gets its quota rounded down, what is left goes to the
 * largest remainders, the earlier of equals first (Hamilton's method).
 *
 * @param weights non-negative; all 0 gives nothing
 * @returns whole numbers that sum to `total`
 * @example apportion(10, [1, 1, 1]) // => [4, 3, 3]
 */
export const apportion = (total: number, weights: readonly number[]): readonly number[] => {
  const sum = weights.reduce((a, b) => a + b, 0)
  if (sum === 0) return weights.map(() => 0)
  const quotas = weights.map((weight) => (total * weight) / sum)
  const shares = quotas.map(Math.floor)
  const left = total - shares.reduce((a, b) => a + b, 0)
  const byRemainder = quotas
    .map((quota, i) => ({ i, remainder: quota - Math.floor(quota) }))
    .sort((a, b) => b.remainder - a.remainder || a.i - b.i)
  for (const { i } of byRemainder.slice(0, left)) shares[i] = (shares[i] ?? 0) + 1
  return shares
}

/**
 * Places of items by stratum, each stratum in random order; strata in the order in which they are first met.
 *
 * @param stratumOf one name per item
 */
export const shuffledStrata = (
  stratumOf: readonly string[],
  random: Random,
): ReadonlyMap<string, readonly number[]> => {
  const strata = new Map<string, number[]>()
  stratumOf.forEach((stratum, i) => {
    const known = strata.get(stratum)
    if (known === undefined) strata.set(stratum, [i])
    else known.push(i)
  })
  return new Map(Array.from(strata, ([stratum, places]) => [stratum, shuffled(places, random)] as const))
}
