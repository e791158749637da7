/* Entropies of softmax rows. Letters: x logits [n, d], q = softmax(x / T), H entropy in nats. */
import {
  ArgumentError,
  div,
  exp,
  greater,
  logSoftmax,
  maximum,
  mul,
  neg,
  reshape,
  sum,
  type Tensor,
  where,
} from '@cotangent/core'
import { type RowOptions, type Rows, rowsOf } from './rows.js'

/** Σ_j p_j x_j by rows, [n, d] -> [n]. Where p is 0 so is the product, whatever stands beside it (log 0 too). */
export const expectation = (p: Tensor, x: Tensor): Tensor => sum(mul(p, where(greater(p, 0), x, 0)), 1)

/** Mean over the rows that count: [n] -> []; 0 where none does. */
export const meanOfRows = (values: Tensor, { weights, count }: Rows): Tensor => {
  const counted = weights === null ? values : mul(values, reshape(weights, values.shape))
  return div(sum(counted), maximum(count, 1))
}

/** H of each row: [n, d] -> [n]. */
export const entropyOfRows = (x: Tensor): Tensor => {
  const logQ = logSoftmax(x)
  return neg(expectation(exp(logQ), logQ))
}

/** @throws ArgumentError unless T is a number above 0 */
export const checkTemperature = (op: string, temperature: number): void => {
  if (temperature > 0 && temperature < Number.POSITIVE_INFINITY) return
  throw new ArgumentError({
    op,
    expected: 'the temperature must be a number above 0.',
    received: `temperature ${temperature}`,
    todo: '1 leaves the logits as they are',
  })
}

/**
 * Mean entropy of softmax(x / T) over the rows that count: how unsure a model is.
 *
 * H = - 1/n Σ_i Σ_j q_ij log q_ij,  q = softmax(x / T),  in [0, log d]
 *
 * @param logits x, [n, d]
 * @param options temperature T > 0, 1 unless given; mask [n]: the rows that count; their number is n
 * @returns scalar [], in nats; 0 where no row counts
 * @throws ShapeError unless logits are [n, d]; ArgumentError unless T > 0
 * @example meanEntropy(array([[5, 5, 5, 5]])) // => Math.log(4)
 */
export const meanEntropy = (
  logits: Tensor,
  { temperature = 1, mask }: RowOptions & { readonly temperature?: number } = {},
): Tensor => {
  checkTemperature('meanEntropy', temperature)
  const rows = rowsOf('meanEntropy', 'logits', logits, mask)
  return meanOfRows(entropyOfRows(div(rows.x, temperature)), rows)
}
