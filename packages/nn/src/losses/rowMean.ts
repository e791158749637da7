import { cast, div, equal, mul, printAval, reshape, ShapeError, sum, type Tensor, where } from '@cotangent/core'

/** What every loss over rows may be told. */
export interface RowOptions {
  /**
   * What counts, bool, or weights of at least 0: rows [n], or more leading axes of the loss's terms. A short last batch is
   * filled up with rows of 0.
   */
  readonly mask?: Tensor
}

/** Σ wᵢ xᵢ / Σ wᵢ over all elements; 0 where none counts. Shapes: values [...s], weights [...s] -> []. */
export const weightedMean = (values: Tensor, weights: Tensor): Tensor => ratio(mul(values, weights), weights)

/** Σ xᵢ / Σ wᵢ; 0 where the weights are 0. */
export const ratio = (values: Tensor, weights: Tensor): Tensor => {
  const total = sum(weights)
  return div(sum(values), where(equal(total, 0), 1, total))
}

/** The mask as weights in the dtype of the terms. */
export const maskWeights = (op: string, mask: Tensor, terms: Tensor): Tensor => {
  const leading = mask.shape.every((length, axis) => length === terms.shape[axis])
  if (!leading || (mask.rank === 0 && terms.rank > 0)) {
    throw new ShapeError({
      op,
      expected: 'the mask needs one entry per row, or the shape of more leading axes of the terms.',
      received: `mask ${printAval(mask.aval)}, terms ${printAval(terms.aval)}`,
      todo: 'give a mask of shape [n]',
    })
  }
  return cast(mask, terms.dtype)
}

/** Weights of leading axes, with an axis of length 1 for each of the others: they broadcast to the terms. */
export const spreadWeights = (weights: Tensor, terms: Tensor): Tensor =>
  weights.rank === terms.rank
    ? weights
    : reshape(weights, [...weights.shape, ...terms.shape.slice(weights.rank).map(() => 1)])
