import type { Shape } from '@cotangent/core'
import * as fc from 'fast-check'

/** Bounds of random shapes. */
export interface ShapeConstraints {
  readonly minRank?: number
  readonly maxRank?: number
  /** Shortest axis; 0 by default, so that empty tensors occur. */
  readonly minLength?: number
  readonly maxLength?: number
  /** Most elements; 60 by default. */
  readonly maxSize?: number
}

/** Lengths that show mistakes: 0, 1, and primes, so that no two axes fit together by chance. */
const lengths = [1, 2, 3, 5, 7, 0, 11, 13]

/**
 * Shapes of rank 0 to 4 with axes of length 0, 1 and primes; they shrink to fewer and shorter axes.
 *
 * @example fc.sample(shapeArbitrary({ minRank: 1, minLength: 1 }), 3)
 */
export const shapeArbitrary = (constraints: ShapeConstraints = {}): fc.Arbitrary<Shape> => {
  const { minRank = 0, maxRank = 4, minLength = 0, maxLength = 7, maxSize = 60 } = constraints
  const length = fc.constantFrom(...lengths.filter((n) => n >= minLength && n <= maxLength))
  return fc
    .array(length, { minLength: minRank, maxLength: maxRank, size: 'max' })
    .map((shape) => shortened(shape, maxSize))
}

/** Cuts axes, the longest first, until the tensor is small enough. */
const shortened = (shape: Shape, maxSize: number): Shape => {
  const size = shape.reduce((product, n) => product * n, 1)
  if (size <= maxSize) return shape
  const longest = shape.indexOf(Math.max(...shape))
  return shortened(
    shape.map((n, i) => (i === longest ? n - 1 : n)),
    maxSize,
  )
}

/** An axis of a shape of rank 1 or more. */
export const axisOf = (shape: Shape): fc.Arbitrary<number> => fc.integer({ min: 0, max: shape.length - 1 })

/** Some axes of a shape, in increasing order; perhaps none, perhaps all. */
export const axesOf = (shape: Shape): fc.Arbitrary<readonly number[]> => fc.subarray(shape.map((_, i) => i))

/** The axes of a shape in any order. */
export const permutationOf = (shape: Shape): fc.Arbitrary<readonly number[]> => {
  const axes = shape.map((_, i) => i)
  return fc.shuffledSubarray(axes, { minLength: axes.length, maxLength: axes.length })
}

/** A shape that broadcasts to `shape`: leading axes left out, others shortened to 1. */
export const broadcastable = (shape: Shape): fc.Arbitrary<Shape> =>
  fc
    .tuple(
      fc.integer({ min: 0, max: shape.length }),
      fc.array(fc.boolean(), { minLength: shape.length, maxLength: shape.length }),
    )
    .map(([drop, cut]) => shape.map((n, i) => (cut[i] ? 1 : n)).slice(drop))
