/* Axes: n (rows: examples or positions), d (classes or vocabulary). */
import {
  add,
  cast,
  DTypeError,
  equal,
  expandDims,
  iota,
  logSoftmax,
  mean,
  mul,
  neg,
  notEqual,
  printAval,
  ShapeError,
  sum,
  type Tensor,
  where,
} from '@cotangent/core'
import { maskWeights, type RowOptions, weightedMean } from './rowMean.js'

/** Which rows count, and what the target is. */
export interface CrossEntropyOptions extends RowOptions {
  /** Rows with this label do not count; -100 unless given, as in transformers. */
  readonly ignoreIndex?: number
  /** ε: the target is 1 − ε on the label plus ε/d on every class; 0 unless given. */
  readonly labelSmoothing?: number
}

/**
 * Mean cross-entropy between softmax(logits) and the labels, over the rows that count, in nats.
 *
 * L = mean_i [ (1 − ε)·(−log p_i[label_i]) + ε·mean_j(−log p_i[j]) ],  p = softmax(logits)
 *
 * Finite for logits of any finite size. Where no row counts it is 0, with gradient 0. A label that is neither in
 * 0 … d − 1 nor the ignored one is not found here: check labels when reading data.
 *
 * @param logits [n, d]
 * @param labels [n] i32
 * @returns scalar []
 * @throws ShapeError, DTypeError
 * @example crossEntropy(array([[0, 0]]), array([1], 'i32')) // => Math.log(2)
 */
export const crossEntropy = (logits: Tensor, labels: Tensor, options: CrossEntropyOptions = {}): Tensor => {
  checkRows(logits, labels)
  const { ignoreIndex = -100, labelSmoothing = 0, mask } = options
  const logp = logSoftmax(logits)
  const chosen = equal(expandDims(labels, 1), iota(logits.shape[1] ?? 0))
  const likelihood = sum(where(chosen, logp, 0), 1) // a choice, not a product: 0 · −∞ does not come up
  const smoothed =
    labelSmoothing === 0 ? likelihood : add(mul(likelihood, 1 - labelSmoothing), mul(mean(logp, 1), labelSmoothing))
  const kept = cast(notEqual(labels, ignoreIndex), logits.dtype)
  const weights = mask === undefined ? kept : mul(kept, maskWeights('crossEntropy', mask, logits))
  return weightedMean(neg(smoothed), weights)
}

const checkRows = (logits: Tensor, labels: Tensor): void => {
  const received = `logits ${printAval(logits.aval)}, labels ${printAval(labels.aval)}`
  if (logits.rank !== 2 || labels.rank !== 1 || logits.shape[0] !== labels.shape[0]) {
    throw new ShapeError({
      op: 'crossEntropy',
      expected: 'logits must be [n, d] and labels [n].',
      received,
      todo: 'reshape positions to rows: reshape(logits, [-1, d]), reshape(labels, [-1])',
    })
  }
  if (labels.dtype !== 'i32') {
    throw new DTypeError({
      op: 'crossEntropy',
      expected: 'labels must have dtype i32.',
      received,
      todo: "cast(labels, 'i32')",
    })
  }
}
