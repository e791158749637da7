import { checkLabels, checkLengths } from './check.js'

/**
 * Counts of a classifier's answers, from which accuracy, F1 and Matthews' correlation follow.
 *
 * `matrix[t * classes + p]` is the (weighted) number of rows of true class t that were called p.
 */
export interface Confusion {
  readonly classes: number
  /** [classes, classes] in row-major order: truth, then prediction. */
  readonly matrix: Float64Array
  /** How often each class is the truth, [classes]. */
  readonly truth: Float64Array
  /** How often each class is predicted, [classes]. */
  readonly predicted: Float64Array
  /** Sum of all weights. */
  readonly total: number
}

/**
 * Counts truth against prediction.
 *
 * @param truth class of each row, [n]; integers from 0
 * @param predicted the classifier's class of each row, [n]
 * @param weights weight of each row, [n]; 1 for each if left out. The bootstrap passes how often a row was drawn
 * @throws RangeError if lengths differ or a class is not an integer from 0
 * @example confusion([0, 1, 1], [0, 1, 0]).matrix // => [1, 0, 1, 1]
 */
export const confusion = (
  truth: ArrayLike<number>,
  predicted: ArrayLike<number>,
  weights?: ArrayLike<number>,
): Confusion => {
  checkLengths('confusion', { truth, predicted, ...(weights ? { weights } : {}) })
  const classes = 1 + Math.max(checkLabels('truth', truth), checkLabels('predicted', predicted))
  const matrix = new Float64Array(classes * classes)
  const truths = new Float64Array(classes)
  const answers = new Float64Array(classes)
  let total = 0
  for (let i = 0; i < truth.length; i++) {
    const weight = weights ? (weights[i] ?? 0) : 1
    const t = truth[i] ?? 0
    const p = predicted[i] ?? 0
    matrix[t * classes + p] = (matrix[t * classes + p] ?? 0) + weight
    truths[t] = (truths[t] ?? 0) + weight
    answers[p] = (answers[p] ?? 0) + weight
    total += weight
  }
  return { classes, matrix, truth: truths, predicted: answers, total }
}

/** How often class k was both the truth and the answer. */
export const hits = ({ matrix, classes }: Confusion, k: number): number => matrix[k * classes + k] ?? 0
