import {
  abs,
  div,
  greater,
  max,
  maximum,
  sqrt,
  square,
  stopGradient,
  sub,
  sum,
  type Tensor,
  where,
} from '@cotangent/core'
import { onlyCounted, type RowOptions, rowsOf } from './rows.js'
import { checkSame } from './samePair.js'

/** What PyTorch's `normalize` divides by at least. Only rows without a direction get there. */
const smallestNorm = 1e-12

/** A row whose largest magnitude is below has no direction: the derivative of one would not fit into f32. */
const smallestRow = 1e-30

/**
 * f / ‖f‖ by rows. f is divided by its largest magnitude first, so that no square overflows or vanishes; the result does
 * not change with that divisor, so it is a constant for the derivative. A row of zeros stays 0.
 */
const normalised = (x: Tensor): Tensor => {
  const largest = stopGradient(max(abs(x), 1, { keepDims: true }))
  const some = greater(largest, smallestRow)
  const f = div(x, where(some, largest, 1))
  const squares = sum(square(f), 1, { keepDims: true })
  const norm = where(some, sqrt(where(some, squares, 1)), 0)
  return div(f, maximum(norm, smallestNorm))
}

/**
 * Consistency regulariser, classification form: mean squared distance between the directions of student and teacher.
 *
 * L = 1/(n d) Σ_i ‖ F_i/‖F_i‖ - P_i/‖P_i‖ ‖²,  in [0, 4/d]
 *
 * The scale of a row does not matter, a shift does. Value and gradient are exactly 0 where student = teacher. The
 * teacher gets no gradient.
 *
 * @param student F, [n, d]: logits; n examples, d classes
 * @param teacher P, [n, d]
 * @param options mask [n]: the rows that count; their number is n. Without one L is 0
 * @returns scalar []
 * @throws ShapeError unless both are [n, d] of one dtype
 * @see arXiv 2408.04556
 * @example consistency(array([[3, 0]]), array([[0, 2]])) // => 1
 */
export const consistency = (student: Tensor, teacher: Tensor, { mask }: RowOptions = {}): Tensor => {
  checkSame('consistency', student, teacher)
  const rows = rowsOf('consistency', 'student', student, mask)
  const f = normalised(rows.x)
  const p = normalised(stopGradient(onlyCounted(teacher, rows)))
  const perClass = div(sum(square(sub(f, p))), student.shape[1] ?? 1)
  return div(perClass, maximum(rows.count, 1))
}
