import { div, eye, greater, matmul, maximum, square, sub, sum, type Tensor, transpose, where } from '@cotangent/core'
import { onlyCounted, type RowOptions, rowSum, rowsOf } from './rows.js'

/**
 * Diversity regulariser, classification form: off-diagonal energy of the batch covariance of the logits.
 *
 * L = (1/d) Σ_{i≠j} C_ij²,  C = (F - mean F)ᵀ (F - mean F) / (n - 1)
 *
 * It grows with the fourth power of the logits' scale and does not change when one row vector is added to all rows.
 *
 * @param student F, [n, d]: logits; n examples, d classes
 * @param options mask [n]: the rows that count; their number is n
 * @returns scalar []; 0 with gradient 0 where n < 2
 * @throws ShapeError unless student is [n, d]
 * @see arXiv 2408.04556
 * @example diversity(array([[1, 0], [0, 1]])) // => 0.25
 */
export const diversity = (student: Tensor, { mask }: RowOptions = {}): Tensor => {
  const rows = rowsOf('diversity', 'student', student, mask)
  const d = student.shape[1] ?? 1
  const several = greater(rows.count, 1)
  const mean = div(rowSum(rows.x, rows), maximum(rows.count, 1))
  const centred = onlyCounted(sub(rows.x, mean), rows)
  const covariance = div(matmul(transpose(centred), centred), where(several, sub(rows.count, 1), 1))
  const offDiagonal = where(greater(eye(d), 0), 0, covariance)
  return where(several, div(sum(square(offDiagonal)), d), 0)
}
