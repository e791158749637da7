import { mul, softplus, sub, type Tensor } from '@cotangent/core'
import { checkPair, entryMean } from './meanSquaredError.js'
import type { RowOptions } from './rowMean.js'

/**
 * Mean binary cross-entropy between σ(logits) and targets, over all entries of the rows that count, in nats.
 *
 * L = mean(softplus(x) − x·t) = mean(−t log σ(x) − (1 − t) log(1 − σ(x)))
 *
 * @param logits x, [n, ...s]
 * @param targets t, of the same shape, in [0, 1]
 * @returns scalar []; 0 where no row counts
 * @throws ShapeError unless the shapes are equal
 * @example binaryCrossEntropyWithLogits(array([[0]]), array([[1]])) // => Math.log(2)
 */
export const binaryCrossEntropyWithLogits = (logits: Tensor, targets: Tensor, { mask }: RowOptions = {}): Tensor => {
  checkPair('binaryCrossEntropyWithLogits', logits, targets)
  return entryMean('binaryCrossEntropyWithLogits', sub(softplus(logits), mul(logits, targets)), mask)
}
