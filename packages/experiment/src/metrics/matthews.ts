import { confusion, hits } from './confusion.js'

/**
 * Matthews' correlation of truth and prediction, for any number of classes (Gorodkin's R_K).
 *
 * MCC = (c·s - Σ_k p_k t_k) / √((s² - Σ p_k²)(s² - Σ t_k²))
 *
 * with s rows, c of them right, t_k and p_k how often class k is the truth and the answer.
 *
 * @param truth [n] @param predicted [n]
 * @returns a number in [-1, 1]; 0 when truth or prediction is constant
 * @see Gorodkin, Comparing two K-category assignments by a K-category correlation coefficient, 2004
 * @example matthews([0, 1, 0, 1], [0, 1, 0, 1]) // => 1
 */
export const matthews = (truth: ArrayLike<number>, predicted: ArrayLike<number>): number => {
  const counts = confusion(truth, predicted)
  const s = counts.total
  let c = 0
  let pt = 0
  let pp = 0
  let tt = 0
  for (let k = 0; k < counts.classes; k++) {
    const t = counts.truth[k] ?? 0
    const p = counts.predicted[k] ?? 0
    c += hits(counts, k)
    pt += p * t
    pp += p * p
    tt += t * t
  }
  const under = (s * s - pp) * (s * s - tt)
  return under === 0 ? 0 : (c * s - pt) / Math.sqrt(under)
}
