/* Axes: n (rows), d (classes). Letters: q prediction, p target, both distributions over the last axis. */
import { exp, greater, log, mul, sub, sum, type Tensor, where } from '@cotangent/core'
import { checkPair } from './checkPair.js'
import { type LossOptions, reduceTerms } from './reduction.js'

/** How the target is given. */
export interface KlDivergenceOptions extends LossOptions {
  /** The target holds log p in place of p; false unless given. */
  readonly logTarget?: boolean
}

/**
 * Kullback-Leibler divergence of the prediction from the target, row by row, in nats; mean over the rows that count.
 *
 * KL(p ‖ q) = Σ_j p_j (log p_j − log q_j)
 *
 * Classes with p = 0 add nothing, and have no derivative, whatever q is there; infinite where q = 0 and p is not.
 * Temperature and its square are the caller's.
 *
 * @param logPrediction log q, [n, ...s, d]: `logSoftmax(logits)`
 * @param target p, of the same shape, or log p
 * @returns scalar []; 0 where no row counts. [n, ...s] with reduction none
 * @throws ShapeError unless the shapes are equal
 * @see torch.nn.functional.kl_div, of which this mean is `batchmean` for [n, d]
 * @example klDivergence(logSoftmax(array([[0, 0]])), array([[1, 0]])) // => Math.log(2)
 */
export const klDivergence = (logPrediction: Tensor, target: Tensor, options: KlDivergenceOptions = {}): Tensor => {
  checkPair('klDivergence', logPrediction, target)
  const logged = options.logTarget === true
  const some = greater(target, logged ? Number.NEGATIVE_INFINITY : 0)
  // 0 · −∞ does not come up, backwards neither
  const [given, logQ] = [where(some, target, logged ? 0 : 1), where(some, logPrediction, 0)]
  const [p, logP] = logged ? [exp(given), given] : [given, log(given)]
  return reduceTerms('klDivergence', sum(where(some, mul(p, sub(logP, logQ)), 0), -1), options)
}
