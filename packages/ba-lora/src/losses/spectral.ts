import {
  ArgumentError,
  abs,
  cast,
  div,
  greater,
  greaterEqual,
  logicalAnd,
  max,
  mul,
  neg,
  singularValues,
  slice,
  sqrt,
  square,
  stopGradient,
  sum,
  type Tensor,
  where,
  zeros,
} from '@cotangent/core'
import { denseMatrix, sketchedSingularValues } from './rangeFinder.js'
import { type RowOptions, rowsOf } from './rows.js'

/** What the largest singular values are divided by: Σ σ (`nuclear`) or √Σ σ² (`frobenius`). */
export type SpectralNorm = 'nuclear' | 'frobenius'

/** Which singular values count, and against what. */
export interface SpectralOptions extends RowOptions {
  /** How many of the largest singular values; all where there are fewer. */
  readonly k: number
  /** `nuclear` by default; with a sketch it is always `frobenius`. */
  readonly norm?: SpectralNorm
  /**
   * For logits with both sides large: the largest singular values are those within the random subspace that this matrix
   * Ω [min(n, d), k + 5] gives (`gaussianSketch`). Without it they are exact, and the work grows with the smaller side.
   */
  readonly sketch?: Tensor | null
}

/** Below this norm of the logits there is no direction to speak of. */
const smallestNorm = 1e-8

/**
 * SVD regulariser, for both forms: minus the share of the k largest singular values of the logits.
 *
 * L = - Σ_{i≤k} σ_i / N,  N = Σ_i σ_i or √Σ_i σ_i²,  σ the singular values of F, descending
 *
 * In [-1, -k/min(n, d)] for `nuclear`, [-√k, -k/min(n, d)] for `frobenius`. The scale of F does not matter. Its gradient
 * is finite where singular values coincide; there it is one of many.
 *
 * @param student F, [n, d]: logits; n examples or positions, d classes or words
 * @param options k, norm, sketch; mask [n]: the rows that count; their number is n
 * @returns scalar []; 0 with gradient 0 where n < 2, d < 2 or N < 1e-8
 * @throws ShapeError unless student is [n, d] and the sketch fits; ArgumentError unless k is a whole number above 0, or
 *   for the nuclear norm with a sketch: it does not see all singular values
 * @see arXiv 2408.04556
 * @example spectral(array([[3, 0], [0, 1]]), { k: 1 }) // => -0.75
 */
export const spectral = (student: Tensor, { k, sketch = null, norm, mask }: SpectralOptions): Tensor => {
  checkOptions(k, norm, sketch)
  const rows = rowsOf('spectral', 'student', student, mask)
  if (Math.min(...student.shape) < 2) return zeros([], student.dtype)
  // the share does not change with the scale of F, so the largest magnitude is taken out: nothing overflows
  const largest = stopGradient(max(abs(rows.x)))
  const some = greater(largest, 0)
  const x = div(rows.x, where(some, largest, 1)) // rows of 0 add values of 0
  const values = sketch === null ? singularValues(x) : sketchedSingularValues(denseMatrix(x), cast(sketch, x.dtype))
  const nuclear = sketch === null && norm !== 'frobenius'
  const size = nuclear ? sum(values) : sqrt(where(some, sum(square(x)), 1))
  return shareOfLargest(values, k, { size, largest, count: rows.count })
}

/**
 * - Σ_{i≤k} σ_i / N, or 0 where less than two rows count or there is no direction to speak of.
 *
 * @param values σ of the logits over their largest magnitude
 * @param of size N of those, `largest` the magnitude, `count` the number of rows that count
 */
export const shareOfLargest = (
  values: Tensor,
  k: number,
  { size, largest, count }: { readonly size: Tensor; readonly largest: Tensor; readonly count: Tensor },
): Tensor => {
  const acts = logicalAnd(greater(count, 1), greaterEqual(mul(size, largest), smallestNorm))
  const top = sum(slice(values, [0], [Math.min(k, values.size)]))
  return where(acts, neg(div(top, where(acts, size, 1))), 0)
}

const checkOptions = (k: number, norm: SpectralNorm | undefined, sketch: Tensor | null): void => {
  if (!(Number.isInteger(k) && k > 0)) {
    throw new ArgumentError({
      op: 'spectral',
      expected: 'k must be a whole number above 0.',
      received: `k ${k}`,
      todo: 'leave the term out to do without it',
    })
  }
  if (norm === 'nuclear' && sketch !== null) {
    throw new ArgumentError({
      op: 'spectral',
      expected: 'with a sketch the norm must be frobenius: a random subspace does not hold all singular values.',
      received: 'norm nuclear, with a sketch',
      todo: "set norm to 'frobenius', or leave the sketch out",
    })
  }
}
