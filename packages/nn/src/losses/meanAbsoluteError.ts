import { abs, sub, type Tensor } from '@cotangent/core'
import { checkPair } from './checkPair.js'
import { type LossOptions, reduceTerms } from './reduction.js'

/**
 * Mean of |prediction − target|, over all entries of the rows that count. Where both are equal the derivative is 0.
 *
 * @param prediction [n, ...s]
 * @param target [n, ...s]
 * @returns scalar []; 0 where no row counts. [n, ...s] with reduction none
 * @throws ShapeError unless the shapes are equal
 * @see torch.nn.functional.l1_loss
 * @example meanAbsoluteError(array([1, 3]), array([1, 1])) // => 1
 */
export const meanAbsoluteError = (prediction: Tensor, target: Tensor, options: LossOptions = {}): Tensor => {
  checkPair('meanAbsoluteError', prediction, target)
  return reduceTerms('meanAbsoluteError', abs(sub(prediction, target)), options)
}
