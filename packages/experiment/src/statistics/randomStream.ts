/** A stream of pseudo-random numbers. Reading it advances it, so one stream serves one computation. */
export interface RandomStream {
  /** The next 32 random bits, as an integer from 0 to 2^32 - 1. */
  readonly bits: () => number
  /** Uniform in [0, 1), with 32 random bits. */
  readonly uniform: () => number
  /** Uniform integer from 0 to n - 1; n at most 2^32. */
  readonly below: (n: number) => number
}

const rotateLeft = (x: number, k: number): number => (x << k) | (x >>> (32 - k))

/**
 * xoshiro128**: 128 bits of state, period 2^128 - 1.
 *
 * Statistics draw some millions of small integers one after another, where the framework's counter-based keys would
 * cost more than the statistic itself.
 *
 * @param state four words, not all zero
 * @see Blackman and Vigna, Scrambled linear pseudorandom number generators, 2018
 * @example streamFromState([1, 2, 3, 4]).bits() // => 11520
 */
export const streamFromState = (state: readonly [number, number, number, number]): RandomStream => {
  let [a, b, c, d] = state
  const bits = (): number => {
    const result = Math.imul(rotateLeft(Math.imul(b, 5), 7), 9)
    const t = b << 9
    c ^= a
    d ^= b
    b ^= c
    a ^= d
    c ^= t
    d = rotateLeft(d, 11)
    return result >>> 0
  }
  return { bits, uniform: () => bits() / 2 ** 32, below: (n) => Math.floor((bits() / 2 ** 32) * n) }
}

/**
 * A stream from a seed; the state's words are drawn by splitmix32, so that near seeds give unrelated streams.
 *
 * @param seed an integer; its lowest 32 bits count
 * @example randomStream(1).uniform() === randomStream(1).uniform() // => true
 */
export const randomStream = (seed: number): RandomStream => {
  let counter = seed | 0
  // splitmix32, with the multipliers of MurmurHash3's finaliser
  const word = (): number => {
    counter = (counter + 0x9e3779b9) | 0
    let z = counter
    z = Math.imul(z ^ (z >>> 16), 0x85ebca6b)
    z = Math.imul(z ^ (z >>> 13), 0xc2b2ae35)
    return (z ^ (z >>> 16)) | 0
  }
  return streamFromState([word(), word(), word(), word()])
}
