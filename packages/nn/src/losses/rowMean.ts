import { cast, div, equal, mul, printAval, ShapeError, sum, type Tensor, where } from '@cotangent/core'

/** What every loss over rows may be told. */
export interface RowOptions {
  /** Which rows count, [n]: bool, or weights of at least 0. A short last batch is filled up with rows of 0. */
  readonly mask?: Tensor
}

/** Σ wᵢ xᵢ / Σ wᵢ over rows; 0 where no row counts. Shapes: values [n], weights [n] -> []. */
export const weightedMean = (values: Tensor, weights: Tensor): Tensor => {
  const total = sum(weights)
  return div(sum(mul(values, weights)), where(equal(total, 0), 1, total))
}

/** The mask as weights [n] in the dtype of the rows. */
export const maskWeights = (op: string, mask: Tensor, rows: Tensor): Tensor => {
  if (mask.rank !== 1 || mask.shape[0] !== rows.shape[0]) {
    throw new ShapeError({
      op,
      expected: 'the mask needs one entry per row.',
      received: `mask ${printAval(mask.aval)}, rows ${printAval(rows.aval)}`,
      todo: 'give a mask of shape [n]',
    })
  }
  return cast(mask, rows.dtype)
}
