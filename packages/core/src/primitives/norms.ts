/* Norms of vectors and matrices. Letters: x, p the order. */
import { printAval } from '../aval.js'
import { ArgumentError } from '../errors.js'
import type { Tensor } from '../tensor.js'
import { abs, div, mul, pow, sqrt, square } from './arithmetic.js'
import { type Axes, normalAxes } from './axes.js'
import { reshape, squeeze } from './broadcast.js'
import { cast, equal, greater, less, logicalAnd, notEqual, where } from './choice.js'
import { checkKind } from './elementwise.js'
import { singularValues } from './linalg.js'
import { checkMatrix } from './matrixBatch.js'
import { max, min, type ReduceOptions, sum } from './reduction.js'
import { stopGradient } from './stopGradient.js'

/** Which norm of vectors, over which axes. */
export interface VectorNormOptions extends ReduceOptions {
  /** 2 by default. */
  readonly ord?: number
  /** All by default. */
  readonly axes?: Axes
}

/** The largest magnitude over the axes, kept; 1 where that is 0 or infinite. What is divided by it has no squares that overflow. */
const scaleOf = (x: Tensor, axes: readonly number[]): Tensor => {
  const largest = stopGradient(max(abs(x), axes, { keepDims: true }))
  return where(logicalAnd(greater(largest, 0), less(largest, Number.POSITIVE_INFINITY)), largest, 1)
}

/** f where it is not 0, and 0 with derivative 0 where it is: f has no finite derivative there. */
const guarded = (total: Tensor, f: (x: Tensor) => Tensor): Tensor => {
  const none = equal(total, 0)
  return where(none, 0, f(where(none, 1, total)))
}

const powerSum = (x: Tensor, p: number, axes: readonly number[]): Tensor => {
  const scale = scaleOf(x, axes)
  const y = div(x, scale)
  const keep = { keepDims: true }
  if (p === 2) return mul(guarded(sum(square(y), axes, keep), sqrt), scale)
  const terms = guarded(abs(y), (size) => pow(size, p))
  return mul(
    guarded(sum(terms, axes, keep), (total) => pow(total, 1 / p)),
    scale,
  )
}

/**
 * Norm of vectors, over the axes (all by default):
 *
 * | ord | |
 * |---|---|
 * | 2 | sqrt Σ x² |
 * | 1 | Σ \|x\| |
 * | another p > 0 | (Σ \|x\|^p)^(1/p) |
 * | 0 | the number of elements that are not 0 |
 * | ∞, -∞ | the largest, the smallest of \|x\| |
 *
 * Scaled by the largest element, so that no power overflows. The derivative at 0 is 0; a tie for the largest or smallest
 * shares it evenly.
 *
 * @throws ArgumentError for another ord; AxisError; ShapeError for nothing with an infinite ord; DTypeError
 * @see torch.linalg.vector_norm
 * @example vectorNorm(array([3, -4])) // => 5
 */
export const vectorNorm = (x: Tensor, options: VectorNormOptions = {}): Tensor => {
  checkKind('vectorNorm', 'floating', x)
  const { ord = 2, axes, keepDims = false } = options
  const over = normalAxes('vectorNorm', x.aval, axes)
  if (ord === Number.POSITIVE_INFINITY) return max(abs(x), over, { keepDims })
  if (ord === Number.NEGATIVE_INFINITY) return min(abs(x), over, { keepDims })
  if (ord === 0) return sum(cast(notEqual(x, 0), x.dtype), over, { keepDims })
  if (!(ord > 0)) {
    throw new ArgumentError({
      op: 'vectorNorm',
      expected: 'ord must be 0, a positive number, or infinite.',
      received: `x ${printAval(x.aval)}, ord ${ord}`,
      todo: 'use 2 for the Euclidean norm',
    })
  }
  if (ord === 1 || over.some((axis) => x.shape[axis] === 0)) return sum(abs(x), over, { keepDims })
  const norm = powerSum(x, ord, over)
  return keepDims ? norm : squeeze(norm, over)
}

/** Which norm of matrices. */
export interface MatrixNormOptions extends ReduceOptions {
  /** `'fro'` by default. */
  readonly ord?: 'fro' | 'nuc' | number
}

const absoluteSums = (x: Tensor, axis: number): Tensor => sum(abs(x), axis)

const matrixNorms: ReadonlyMap<string | number, (x: Tensor) => Tensor> = new Map<
  string | number,
  (x: Tensor) => Tensor
>([
  ['fro', (x) => vectorNorm(x, { axes: [-2, -1] })],
  ['nuc', (x) => sum(singularValues(x), -1)],
  [2, (x) => max(singularValues(x), -1)],
  [-2, (x) => min(singularValues(x), -1)],
  [1, (x) => max(absoluteSums(x, -2), -1)],
  [-1, (x) => min(absoluteSums(x, -2), -1)],
  [Number.POSITIVE_INFINITY, (x) => max(absoluteSums(x, -1), -1)],
  [Number.NEGATIVE_INFINITY, (x) => min(absoluteSums(x, -1), -1)],
])

/**
 * Norm of matrices, the last two axes. Shape: [...b, m, n] -> [...b].
 *
 * | ord | |
 * |---|---|
 * | `'fro'` | sqrt Σ x² |
 * | `'nuc'` | the sum of the singular values |
 * | 2, -2 | the largest, the smallest singular value |
 * | 1, -1 | the largest, the smallest sum of \|x\| of a column |
 * | ∞, -∞ | the largest, the smallest sum of \|x\| of a row |
 *
 * Derivatives are finite where singular values coincide, and where they are 0; a tie for the largest or smallest shares it
 * evenly.
 *
 * @throws ArgumentError for another ord; ShapeError for less than two axes or an empty matrix; DTypeError
 * @see torch.linalg.matrix_norm
 * @example matrixNorm(array([[3, 0], [0, -4]]), { ord: 'nuc' }) // => 7
 */
export const matrixNorm = (x: Tensor, options: MatrixNormOptions = {}): Tensor => {
  checkMatrix('matrixNorm', x, 'x')
  const { ord = 'fro', keepDims = false } = options
  const norm = matrixNorms.get(ord)
  if (norm === undefined) {
    throw new ArgumentError({
      op: 'matrixNorm',
      expected: "ord must be 'fro', 'nuc', 1, -1, 2, -2, Infinity or -Infinity.",
      received: `x ${printAval(x.aval)}, ord ${ord}`,
      todo: 'use vectorNorm for the norm of all elements',
    })
  }
  const y = norm(x)
  return keepDims ? reshape(y, [...y.shape, 1, 1]) : y
}

/**
 * Sum of the singular values, `matrixNorm(x, { ord: 'nuc' })`. Shape: [...b, m, n] -> [...b].
 *
 * @throws ShapeError for less than two axes or an empty matrix; DTypeError
 * @example nuclearNorm(array([[3, 0], [0, -4]])) // => 7
 */
export const nuclearNorm = (x: Tensor): Tensor => sum(singularValues(x), -1)
