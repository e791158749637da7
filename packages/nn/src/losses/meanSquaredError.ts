import { mean, mul, printAval, reshape, ShapeError, sameShape, sub, type Tensor } from '@cotangent/core'
import { maskWeights, type RowOptions, weightedMean } from './rowMean.js'

/**
 * Mean of (prediction − target)², over all entries of the rows that count.
 *
 * @param prediction [n, ...s]
 * @param target [n, ...s]
 * @returns scalar []; 0 where no row counts
 * @throws ShapeError unless the shapes are equal
 * @example meanSquaredError(array([1, 3]), array([1, 1])) // => 2
 */
export const meanSquaredError = (prediction: Tensor, target: Tensor, { mask }: RowOptions = {}): Tensor => {
  checkPair('meanSquaredError', prediction, target)
  const error = sub(prediction, target)
  return entryMean('meanSquaredError', mul(error, error), mask)
}

/** Two tensors of one shape: nothing is broadcast in a loss. */
export const checkPair = (op: string, prediction: Tensor, target: Tensor): void => {
  if (prediction.rank === 0 || !sameShape(prediction.shape, target.shape)) {
    throw new ShapeError({
      op,
      expected: 'prediction and target must have one shape, rows first.',
      received: `prediction ${printAval(prediction.aval)}, target ${printAval(target.aval)}`,
      todo: 'reshape one of them; losses broadcast nothing',
    })
  }
}

/** Mean of all entries of the rows that count: values [n, ...s]. */
export const entryMean = (op: string, values: Tensor, mask: Tensor | undefined): Tensor => {
  if (mask === undefined) return mean(values)
  const rows = mean(reshape(values, [values.shape[0] ?? 0, -1]), 1)
  return weightedMean(rows, maskWeights(op, mask, values))
}
