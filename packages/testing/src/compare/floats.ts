import { smallestNormalF32 } from '../arbitraries/values.js'

/** Distance from |x| to the next larger f32 (an ULP of x); for subnormal x, and 0, that of the smallest normal number. */
export const ulpOf = (x: number): number => {
  const size = Math.max(Math.abs(x), smallestNormalF32)
  return 2 ** (Math.min(127, Math.floor(Math.log2(size) + 1e-9)) - 23)
}

/** Rounding error of f32, relative to the rounded number: half an ULP of 1. */
export const roundingF32 = 2 ** -24

/** Whether f32 holds a number with fewer digits than its 24 bits, since it is so small. */
export const isSubnormal = (x: number): boolean => x !== 0 && Math.abs(x) < smallestNormalF32

/** Subnormal numbers become 0 of their sign, as on hardware that flushes them. */
export const flushed = (x: number): number => (isSubnormal(x) ? 0 * x : x)

/** NaN, +inf, -inf or finite. */
export const classOf = (x: number): string => (Number.isFinite(x) ? 'finite' : String(x))
