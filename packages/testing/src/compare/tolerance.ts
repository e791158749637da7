/*
 * How far an f32 engine may be from the reference evaluator, and why. u = 2^-24. "mag" is the same expression on
 * absolute values, in f64: the honest scale of rounding error where terms cancel.
 */
import type { HostTensor } from '@cotangent/core'
import { largestF32, smallestNormalF32 } from '../arbitraries/values.js'
import { type ListFunction, mapData, oracle } from '../oracle.js'
import { roundingF32, ulpOf } from './floats.js'

/** An error that is allowed, and why. */
export interface Tolerance {
  readonly reason: string
  /** The largest error of element `i` of a result where `expected` is right. Infinity: nothing is asked of it. */
  allowed(expected: number, i: number, result: number): number
}

/** The same bits, but that -0 equals 0 and subnormals count as 0. */
export const exact: Tolerance = { reason: 'exact: one rounding, or none', allowed: () => 0 }

/** So many units in the last place of the right value. */
export const ulps = (n: number): Tolerance => ({
  reason: `${n} units in the last place`,
  allowed: (expected) => n * ulpOf(expected),
})

/** The same error for values of every size. */
export const absolute = (error: number, reason = 'an approximation by a polynomial'): Tolerance => ({
  reason: `${error} absolute: ${reason}`,
  allowed: () => error,
})

/** The argument x of exp is rounded itself: an error of |x| u there is |x| ULP of the result. */
export const exponential = (x: HostTensor): Tolerance => ({
  reason: '3 + 2|x| ULP: the rounding of x is multiplied by |x|',
  allowed: (expected, i) => (3 + 2 * Math.abs(x.data[i] ?? 0)) * ulpOf(expected),
})

/**
 * `terms` roundings, each of at most u times the sum of absolute values; a subnormal term may count as 0. A sum that could
 * overflow is not compared.
 */
export const ofMagnitude = (terms: number, operands: readonly HostTensor[], apply: ListFunction): Tolerance => {
  let magnitudes: readonly HostTensor[] | null = null
  return {
    reason: 'n u mag: one rounding for each of n terms, of u times the sum of their absolute values',
    allowed: (_, i, result) => {
      magnitudes ??= oracle(
        apply,
        operands.map((x) => mapData(x, Math.abs)),
      )
      const mag = magnitudes[result]?.data[i] ?? 0
      return mag >= largestF32 ? Number.POSITIVE_INFINITY : (terms + 1) * roundingF32 * mag + terms * smallestNormalF32
    },
  }
}

/** The larger of two bounds. */
export const either = (a: Tolerance, b: Tolerance): Tolerance => ({
  reason: `${a.reason}, or ${b.reason}`,
  allowed: (expected, i, result) => Math.max(a.allowed(expected, i, result), b.allowed(expected, i, result)),
})
