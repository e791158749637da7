/* From the terms of a loss to its value. Axes: n (rows), s (what a row holds). */
import { ArgumentError, mean, mul, reshape, sum, type Tensor } from '@cotangent/core'
import { maskWeights, type RowOptions, spreadWeights, weightedMean } from './rowMean.js'

/** What becomes of the terms of a loss: their mean over what counts, their sum, or nothing. */
export type Reduction = 'mean' | 'sum' | 'none'

/** What most losses may be told. */
export interface LossOptions extends RowOptions {
  /** `'mean'` unless given. With `'none'` terms that do not count are 0. */
  readonly reduction?: Reduction
}

/** Terms [n, ...s] that count, as one number or as they are. */
export const reduceTerms = (op: string, terms: Tensor, { mask, reduction = 'mean' }: LossOptions): Tensor => {
  checkReduction(op, reduction)
  if (mask === undefined) return reduction === 'mean' ? mean(terms) : reduced(terms, reduction)
  const weights = maskWeights(op, mask, terms)
  if (reduction !== 'mean') return reduced(mul(terms, spreadWeights(weights, terms)), reduction)
  // the weights of a row count once, however much the row holds
  const rows = weights.rank === terms.rank ? terms : mean(reshape(terms, [...weights.shape, -1]), -1)
  return weightedMean(rows, weights)
}

/** Terms that are weighted already. */
export const reduced = (terms: Tensor, reduction: 'sum' | 'none'): Tensor => (reduction === 'sum' ? sum(terms) : terms)

/** @throws ArgumentError for another reduction */
export const checkReduction = (op: string, reduction: Reduction): void => {
  if (['mean', 'sum', 'none'].includes(reduction)) return
  throw new ArgumentError({
    op,
    expected: 'the reduction must be mean, sum or none.',
    received: `reduction ${String(reduction)}`,
    todo: "leave it out for 'mean'",
  })
}
