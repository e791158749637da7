import { randomStream } from './randomStream.js'

/** What a paired permutation test found. */
export interface PermutationTest {
  /** Pairs. */
  readonly n: number
  /** Mean of the differences. */
  readonly meanDifference: number
  /** Two-sided: share of sign patterns whose mean difference is at least as far from 0. */
  readonly p: number
  /** The p that these pairs would give if all their differences pointed one way: none smaller can be attained. */
  readonly smallestP: number
  /** Sign patterns looked at. */
  readonly patterns: number
  /** Whether these were all of them. */
  readonly exact: boolean
}

/** How many patterns of signs are looked at. */
export interface PermutationOptions {
  /** All 2^n patterns are looked at up to this n; beyond it, random ones. */
  readonly exactUpTo?: number
  /** Random patterns beyond `exactUpTo`. */
  readonly samples?: number
  readonly seed: number
}

/**
 * Paired permutation test: if two methods do not differ, each pair's difference is as likely to have the other sign.
 *
 * p = share of sign patterns s with |Σ s_i d_i| >= |Σ d_i|
 *
 * Exact over all 2^n patterns when n is small, so its p is a multiple of 2^(1-n): with 8 pairs none below 0.0078 exists.
 * Beyond that by random patterns, the observed one counted among them: p = (hits + 1) / (samples + 1).
 *
 * @param differences d, [n]; one method minus the other, for each seed
 * @returns p = 1 when there are no pairs or all differences are 0
 * @see Good, Permutation, Parametric and Bootstrap Tests of Hypotheses, 2005; Phipson and Smyth, 2010, for the +1
 * @example pairedPermutation([1, 2, 3], { seed: 0 }).p // => 0.25
 */
export const pairedPermutation = (differences: readonly number[], options: PermutationOptions): PermutationTest => {
  const { exactUpTo = 16, samples = 20_000, seed } = options
  const n = differences.length
  const absolute = differences.map(Math.abs)
  const largest = absolute.reduce((a, b) => a + b, 0)
  const sum = differences.reduce((a, b) => a + b, 0)
  const meanDifference = n === 0 ? Number.NaN : sum / n
  if (largest === 0) return { n, meanDifference, p: 1, smallestP: 1, patterns: 0, exact: true }
  // sums of the same numbers in another order differ by rounding
  const threshold = Math.abs(sum) - 1e-12 * largest
  // a pair without a difference has only one pattern
  const zeros = absolute.filter((d) => d === 0).length
  const smallestExact = 2 ** (zeros + 1 - n)
  if (n <= exactUpTo) {
    let hits = 0
    const patterns = 2 ** n
    for (let pattern = 0; pattern < patterns; pattern++) {
      let total = 0
      for (let i = 0; i < n; i++) total += (pattern >>> i) & 1 ? (absolute[i] ?? 0) : -(absolute[i] ?? 0)
      if (Math.abs(total) >= threshold) hits++
    }
    return { n, meanDifference, p: hits / patterns, smallestP: smallestExact, patterns, exact: true }
  }
  const stream = randomStream(seed)
  let hits = 0
  for (let sample = 0; sample < samples; sample++) {
    let total = 0
    let word = 0
    for (let i = 0; i < n; i++) {
      if (i % 32 === 0) word = stream.bits()
      total += (word >>> (i % 32)) & 1 ? (absolute[i] ?? 0) : -(absolute[i] ?? 0)
    }
    if (Math.abs(total) >= threshold) hits++
  }
  const p = (hits + 1) / (samples + 1)
  return {
    n,
    meanDifference,
    p,
    smallestP: Math.max(smallestExact, 1 / (samples + 1)),
    patterns: samples,
    exact: false,
  }
}
