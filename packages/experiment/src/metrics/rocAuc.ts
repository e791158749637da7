import { checkLengths } from './check.js'
import { ranks } from './ranks.js'

/**
 * Area under the ROC curve: the chance that a positive row scores above a negative one, ties counting half.
 *
 * AUC = (Σ ranks of positives - p (p + 1) / 2) / (p q),  p positives, q negatives
 *
 * @param truth 1 for positive, 0 for negative, [n]
 * @param score larger means more likely positive, [n]
 * @returns a number in [0, 1]; NaN when only one class is present
 * @example rocAuc([0, 1, 1], [0.1, 0.9, 0.4]) // => 1
 */
export const rocAuc = (truth: ArrayLike<number>, score: ArrayLike<number>): number => {
  checkLengths('rocAuc', { truth, score })
  const rank = ranks(score)
  let positives = 0
  let sum = 0
  for (let i = 0; i < truth.length; i++) {
    if (truth[i] === 1) {
      positives++
      sum += rank[i] ?? 0
    }
  }
  const negatives = truth.length - positives
  return (sum - (positives * (positives + 1)) / 2) / (positives * negatives)
}
