import { ArgumentError, neg, type Tensor, topK } from '@cotangent/core'
import { entropyOfRows, meanOfRows } from './entropy.js'
import { type RowOptions, rowsOf } from './rows.js'

/** What the entropy is taken of. */
export interface EntropyOptions extends RowOptions {
  /** K: only each row's K largest logits, renormalised; all unless given. */
  readonly topK?: number
}

/**
 * Diversity regulariser, language-model form: minus the mean entropy of the student's distributions.
 *
 * L = 1/n Σ_i Σ_j q_ij log q_ij,  q_i = softmax of F_i, or of its K largest entries alone
 *
 * In [-log d, 0], or [-log K, 0], in nats. Only the K largest get a gradient; of several equal ones at the K-th place the
 * first. K = 1 is constantly 0, K >= d all of F.
 *
 * @param student F, [n, d]: logits; n positions, d words
 * @param options topK; mask [n]: the rows that count; their number is n
 * @returns scalar []; 0 where no row counts
 * @throws ShapeError unless student is [n, d]; ArgumentError unless K is a whole number above 0
 * @see arXiv 2408.04556
 * @example entropyDiversity(array([[7, 7, -9, 1]]), { topK: 2 }) // => -Math.log(2)
 */
export const entropyDiversity = (student: Tensor, { topK: k, mask }: EntropyOptions = {}): Tensor => {
  if (k !== undefined && !(Number.isInteger(k) && k > 0)) {
    throw new ArgumentError({
      op: 'entropyDiversity',
      expected: 'topK must be a whole number above 0.',
      received: `topK ${k}`,
      todo: 'leave it out for the entropy over all words',
    })
  }
  const rows = rowsOf('entropyDiversity', 'student', student, mask)
  const width = student.shape[1] ?? 1
  const [logits] = k === undefined || k >= width ? [rows.x] : topK(rows.x, k)
  return neg(meanOfRows(entropyOfRows(logits), rows))
}
