import { div, exp, logSoftmax, mul, stopGradient, sub, type Tensor } from '@cotangent/core'
import { checkTemperature, expectation, meanOfRows } from './entropy.js'
import { onlyCounted, type RowOptions, rowsOf } from './rows.js'
import { checkSame } from './samePair.js'

/** What distillation may be told. */
export interface KlOptions extends RowOptions {
  /** T: both distributions are softened by it; 1 unless given. */
  readonly temperature?: number
}

/**
 * Consistency regulariser, language-model form: how far the student's distribution is from the teacher's.
 *
 * L = T²/n Σ_i KL(p_i ‖ q_i),  p = softmax(P/T),  q = softmax(F/T),  KL(p ‖ q) = Σ_j p_j (log p_j - log q_j)
 *
 * At least 0, but for rounding, and in nats. Its gradient is T (q - p) / n: of the same size at every temperature, which
 * is what T² is for. A number added to a row of either does not matter. The teacher gets no gradient.
 *
 * @param student F, [n, d]: logits; n positions, d words
 * @param teacher P, [n, d]
 * @param options temperature T > 0; mask [n]: the rows that count; their number is n. Without one L is 0
 * @returns scalar []
 * @throws ShapeError unless both are [n, d] of one dtype; ArgumentError unless T > 0
 * @see arXiv 2408.04556
 * @example klConsistency(array([[0, 0]]), array([[Math.log(3), 0]])) // => Math.log(2) - 0.75 * Math.log(4 / 3) - 0.25 * Math.log(4)
 */
export const klConsistency = (student: Tensor, teacher: Tensor, { temperature = 1, mask }: KlOptions = {}): Tensor => {
  checkSame('klConsistency', student, teacher)
  checkTemperature('klConsistency', temperature)
  const rows = rowsOf('klConsistency', 'student', student, mask)
  const logQ = logSoftmax(div(rows.x, temperature))
  const logP = logSoftmax(div(stopGradient(onlyCounted(teacher, rows)), temperature))
  const divergence = expectation(exp(logP), sub(logP, logQ))
  return mul(meanOfRows(divergence, rows), temperature ** 2)
}
