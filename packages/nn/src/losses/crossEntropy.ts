/* Axes: n (rows: examples or positions), d (classes or vocabulary), s (positions of an example). */
import {
  ArgumentError,
  add,
  cast,
  DTypeError,
  div,
  equal,
  expandDims,
  iota,
  isFloating,
  logSoftmax,
  mean,
  moveAxis,
  mul,
  neg,
  notEqual,
  printAval,
  ShapeError,
  sameShape,
  sum,
  type Tensor,
  where,
} from '@cotangent/core'
import { checkReduction, type LossOptions, reduced, reduceTerms } from './reduction.js'
import { maskWeights, ratio, spreadWeights } from './rowMean.js'

/** Which rows count and how much, and what the target is. */
export interface CrossEntropyOptions extends LossOptions {
  /** Rows with this label do not count; -100 unless given, as in transformers. */
  readonly ignoreIndex?: number
  /** ε: the target is 1 − ε on the label plus ε/d on every class; 0 unless given. */
  readonly labelSmoothing?: number
  /** w, [d]: how much each class counts; 1 unless given. */
  readonly classWeights?: Tensor
}

/**
 * Mean cross-entropy between softmax(logits) and the labels, over the rows that count, in nats.
 *
 * L = mean_i [ (1 − ε)·(−log p_i[label_i]) + ε·mean_j(−log p_i[j]) ],  p = softmax(logits)
 *
 * With class weights each −log p_i[j] is multiplied by w_j, and the mean is Σ_i L_i / Σ_i w[label_i]. Labels may be
 * probabilities q in place of numbers: then L_i = −Σ_j w_j q_ij log p_ij, smoothed alike, and the mean divides by rows.
 *
 * Finite for logits of any finite size. Where no row counts it is 0, with gradient 0. A label that is neither in
 * 0 … d − 1 nor the ignored one is not found here: check labels when reading data.
 *
 * @param logits [n, d] or [n, d, ...s], or [d] of one example
 * @param labels i32, logits' shape without d; or probabilities, of logits' shape
 * @returns scalar []; with reduction none, logits' shape without d
 * @throws ShapeError, DTypeError; ArgumentError unless 0 ≤ ε ≤ 1
 * @see torch.nn.functional.cross_entropy; optax.softmax_cross_entropy
 * @example crossEntropy(array([[0, 0]]), array([1], 'i32')) // => Math.log(2)
 */
export const crossEntropy = (logits: Tensor, labels: Tensor, options: CrossEntropyOptions = {}): Tensor => {
  checkTargets(logits, labels)
  checkOptions(logits, options)
  const logp = logSoftmax(classesLast(logits))
  return isFloating(labels.dtype)
    ? reduceTerms('crossEntropy', ofProbabilities(logp, classesLast(labels), options), options)
    : ofLabels(logp, labels, options)
}

/** [n, d, ...s] -> [n, ...s, d] */
const classesLast = (x: Tensor): Tensor => (x.rank > 2 ? moveAxis(x, 1, -1) : x)

const classesOf = (logp: Tensor): number => logp.shape.at(-1) ?? 0

const ofLabels = (logp: Tensor, labels: Tensor, options: CrossEntropyOptions): Tensor => {
  const { ignoreIndex = -100, labelSmoothing = 0, classWeights, mask, reduction = 'mean' } = options
  const chosen = equal(expandDims(labels, labels.rank), iota(classesOf(logp)))
  const pick = (values: Tensor): Tensor => sum(where(chosen, values, 0), -1) // no product: 0 · −∞ does not come up
  const weighted = classWeights === undefined ? logp : mul(logp, classWeights)
  const likelihood = pick(weighted)
  const smoothed =
    labelSmoothing === 0
      ? likelihood
      : add(mul(likelihood, 1 - labelSmoothing), mul(mean(weighted, -1), labelSmoothing))
  const kept = notEqual(labels, ignoreIndex)
  const known = where(kept, neg(smoothed), 0) // no product: what is ignored may be infinite
  const ones = cast(kept, logp.dtype)
  const counted = mask === undefined ? ones : mul(ones, spreadWeights(maskWeights('crossEntropy', mask, known), known))
  const terms = mask === undefined ? known : mul(known, counted)
  if (reduction !== 'mean') return reduced(terms, reduction)
  return ratio(terms, classWeights === undefined ? counted : mul(counted, pick(classWeights)))
}

const ofProbabilities = (logp: Tensor, q: Tensor, options: CrossEntropyOptions): Tensor => {
  const { labelSmoothing = 0, classWeights } = options
  const target =
    labelSmoothing === 0 ? q : add(mul(q, 1 - labelSmoothing), div(labelSmoothing, Math.max(1, classesOf(logp))))
  const terms = mul(target, logp)
  return neg(sum(classWeights === undefined ? terms : mul(terms, classWeights), -1))
}

const checkTargets = (logits: Tensor, labels: Tensor): void => {
  const received = `logits ${printAval(logits.aval)}, labels ${printAval(labels.aval)}`
  const rows = logits.shape.toSpliced(Math.min(1, logits.rank - 1), 1)
  const probabilities = isFloating(labels.dtype) && sameShape(labels.shape, logits.shape)
  if (logits.rank === 0 || !(probabilities || sameShape(labels.shape, rows))) {
    throw new ShapeError({
      op: 'crossEntropy',
      expected: 'logits must be [n, d, ...s] and labels [n, ...s], or probabilities [n, d, ...s].',
      received,
      todo: 'classes are axis 1: reshape(logits, [-1, d]), reshape(labels, [-1]) make rows of positions',
    })
  }
  if (!probabilities && labels.dtype !== 'i32') {
    throw new DTypeError({
      op: 'crossEntropy',
      expected: 'labels must have dtype i32.',
      received,
      todo: "cast(labels, 'i32')",
    })
  }
}

const checkOptions = (
  logits: Tensor,
  { labelSmoothing = 0, classWeights, reduction = 'mean' }: CrossEntropyOptions,
): void => {
  checkReduction('crossEntropy', reduction)
  if (!(labelSmoothing >= 0 && labelSmoothing <= 1)) {
    throw new ArgumentError({
      op: 'crossEntropy',
      expected: 'the label smoothing must be from 0 to 1.',
      received: `labelSmoothing ${labelSmoothing}`,
      todo: 'give the share of the target that is spread over all classes, such as 0.1',
    })
  }
  const classes = logits.shape[Math.min(1, logits.rank - 1)]
  if (classWeights !== undefined && (classWeights.rank !== 1 || classWeights.shape[0] !== classes)) {
    throw new ShapeError({
      op: 'crossEntropy',
      expected: 'there must be one weight per class.',
      received: `classWeights ${printAval(classWeights.aval)}, logits ${printAval(logits.aval)}`,
      todo: 'give class weights of shape [d]',
    })
  }
}
