import { greater, printAval, relu, ShapeError, sameShape, sub, type Tensor, where } from '@cotangent/core'
import { cosineSimilarity } from '../cosineSimilarity.js'
import { type LossOptions, reduceTerms } from './reduction.js'

/** How alike what does not belong together may be. */
export interface CosineEmbeddingOptions extends LossOptions {
  /** From −1 to 1; 0 unless given. */
  readonly margin?: number
}

/**
 * Mean over pairs of 1 − cos(x, y) where they belong together, and of max(0, cos(x, y) − margin) where they do not.
 *
 * @param x [n, ...s, d]
 * @param y of the same shape
 * @param labels [n, ...s], any numeric dtype: above 0 for pairs that belong together, else −1 or 0
 * @returns scalar []; 0 where no pair counts. [n, ...s] with reduction none
 * @throws ShapeError
 * @see torch.nn.functional.cosine_embedding_loss
 * @example cosineEmbeddingLoss(array([[1, 0]]), array([[0, 2]]), array([1])) // => 1
 */
export const cosineEmbeddingLoss = (
  x: Tensor,
  y: Tensor,
  labels: Tensor,
  options: CosineEmbeddingOptions = {},
): Tensor => {
  const alike = cosineSimilarity(x, y)
  if (!sameShape(labels.shape, alike.shape)) {
    throw new ShapeError({
      op: 'cosineEmbeddingLoss',
      expected: 'there must be one label for each pair.',
      received: `x ${printAval(x.aval)}, labels ${printAval(labels.aval)}`,
      todo: 'give labels the shape of x without its last axis',
    })
  }
  const terms = where(greater(labels, 0), sub(1, alike), relu(sub(alike, options.margin ?? 0)))
  return reduceTerms('cosineEmbeddingLoss', terms, options)
}
