import { mul, sub, type Tensor } from '@cotangent/core'
import { checkPair } from './checkPair.js'
import { type LossOptions, reduceTerms } from './reduction.js'

/**
 * Mean of (prediction − target)², over all entries of the rows that count.
 *
 * @param prediction [n, ...s]
 * @param target [n, ...s]
 * @returns scalar []; 0 where no row counts. [n, ...s] with reduction none
 * @throws ShapeError unless the shapes are equal
 * @see torch.nn.functional.mse_loss; optax.l2_loss is half of it
 * @example meanSquaredError(array([1, 3]), array([1, 1])) // => 2
 */
export const meanSquaredError = (prediction: Tensor, target: Tensor, options: LossOptions = {}): Tensor => {
  checkPair('meanSquaredError', prediction, target)
  const error = sub(prediction, target)
  return reduceTerms('meanSquaredError', mul(error, error), options)
}
