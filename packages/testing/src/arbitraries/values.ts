import * as fc from 'fast-check'

/** Numbers of ordinary size, from -8 to 8: every one is an f32, and they shrink towards 0. */
export const tameValue: fc.Arbitrary<number> = fc.float({ min: -8, max: 8, noNaN: true })

/** The largest finite f32. */
export const largestF32 = (2 - 2 ** -23) * 2 ** 127

/** The smallest positive f32, which is subnormal. */
export const smallestF32 = 2 ** -149

/** The smallest f32 that is not subnormal. */
export const smallestNormalF32 = 2 ** -126

const f32 = Math.fround

/**
 * Numbers that break programs: both zeros, subnormals, ±1e±30, ±1 (for ties), 88.7 and -104 (the ends of exp in f32),
 * and the largest finite ones.
 */
export const hostileValue: fc.Arbitrary<number> = fc.constantFrom(
  0,
  -0,
  1,
  -1,
  smallestF32,
  -smallestF32,
  f32(1e-40),
  f32(1e-30),
  f32(-1e-30),
  f32(1e30),
  f32(-1e30),
  f32(88.7),
  -104,
  largestF32,
  -largestF32,
)

/** Four tame numbers for each hostile one. */
export const mixedValue: fc.Arbitrary<number> = fc.oneof(
  { arbitrary: tameValue, weight: 4 },
  { arbitrary: hostileValue, weight: 1 },
)

/** Whole numbers from -4 to 4, on which sums and products in f32 are exact. */
export const smallInteger: fc.Arbitrary<number> = fc.integer({ min: -4, max: 4 })

/** Whole numbers that any engine holds exactly, also in f32, and whose products it does: up to 2,000. */
export const wholeValue: fc.Arbitrary<number> = fc.oneof(smallInteger, fc.integer({ min: -2000, max: 2000 }))

/** f32 numbers between two bounds. */
export const between = (min: number, max: number): fc.Arbitrary<number> =>
  fc.float({ min: f32(min), max: f32(max), noNaN: true })

/** Numbers of either sign whose distance from 0 lies between two bounds. */
export const awayFromZero = (min: number, max: number): fc.Arbitrary<number> =>
  fc.tuple(between(min, max), fc.boolean()).map(([size, negative]) => (negative ? -size : size))
