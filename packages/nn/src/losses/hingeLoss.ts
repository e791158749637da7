import { greater, neg, relu, sub, type Tensor, where } from '@cotangent/core'
import { checkPair } from './checkPair.js'
import { type LossOptions, reduceTerms } from './reduction.js'

/** How far on its side a score must be. */
export interface HingeOptions extends LossOptions {
  /** 1 unless given. */
  readonly margin?: number
}

/**
 * Mean of max(0, margin − t·score), t = 1 where the label is above 0, else −1. Where a score is at its margin the
 * derivative is 0.
 *
 * @param scores [n, ...s]
 * @param labels of the same shape, any numeric dtype
 * @returns scalar []; 0 where no row counts. [n, ...s] with reduction none
 * @throws ShapeError unless the shapes are equal
 * @see optax.hinge_loss
 * @example hingeLoss(array([2, 0.5, 0.5]), array([1, 1, -1]), { reduction: 'none' }) // => [0, 0.5, 1.5]
 */
export const hingeLoss = (scores: Tensor, labels: Tensor, options: HingeOptions = {}): Tensor => {
  checkPair('hingeLoss', scores, labels)
  const right = where(greater(labels, 0), scores, neg(scores))
  return reduceTerms('hingeLoss', relu(sub(options.margin ?? 1, right)), options)
}
