import { type Confusion, confusion, hits } from './confusion.js'

/** Precision, recall and F1 of one class, with the weight of its rows. */
export interface ClassScores {
  /** hits / predicted; 0 when the class is never predicted. */
  readonly precision: number
  /** hits / present; 0 when the class is never present. */
  readonly recall: number
  /** 2 hits / (present + predicted); 0 when the class is neither. */
  readonly f1: number
  /** How many rows truly have this class. */
  readonly support: number
}

const ratio = (over: number, under: number): number => (under === 0 ? 0 : over / under)

const classScores = (counts: Confusion, k: number): ClassScores => {
  const present = counts.truth[k] ?? 0
  const predicted = counts.predicted[k] ?? 0
  const hit = hits(counts, k)
  return {
    precision: ratio(hit, predicted),
    recall: ratio(hit, present),
    f1: ratio(2 * hit, present + predicted),
    support: present,
  }
}

/**
 * Share of rows whose class was answered right.
 *
 * @param truth [n] @param predicted [n] @param weights [n], optional
 * @returns a number in [0, 1]; NaN without rows
 * @example accuracy([0, 1, 1, 0], [0, 1, 0, 0]) // => 0.75
 */
export const accuracy = (
  truth: ArrayLike<number>,
  predicted: ArrayLike<number>,
  weights?: ArrayLike<number>,
): number => {
  const counts = confusion(truth, predicted, weights)
  let right = 0
  for (let k = 0; k < counts.classes; k++) right += hits(counts, k)
  return right / counts.total
}

/**
 * Precision, recall and F1 of each class.
 *
 * @param classes how many classes to report; rows of a class that is neither present nor predicted are 0
 * @example perClassScores([0, 1, 1], [0, 1, 0], 2)[1] // => { precision: 1, recall: 0.5, f1: 2 / 3, support: 2 }
 */
export const perClassScores = (
  truth: ArrayLike<number>,
  predicted: ArrayLike<number>,
  classes: number,
): readonly ClassScores[] => {
  const counts = confusion(truth, predicted)
  return Array.from({ length: classes }, (_, k) =>
    k < counts.classes ? classScores(counts, k) : { precision: 0, recall: 0, f1: 0, support: 0 },
  )
}

/**
 * Macro F1: the plain mean of the classes' F1, over the classes that occur in truth or prediction.
 *
 * F1_k = 2 hits_k / (present_k + predicted_k)
 *
 * @param truth [n] @param predicted [n] @param weights [n], optional
 * @returns a number in [0, 1]; NaN without rows
 * @example macroF1([0, 0, 1, 1], [0, 0, 1, 0]) // => (0.8 + 2/3) / 2
 */
export const macroF1 = (
  truth: ArrayLike<number>,
  predicted: ArrayLike<number>,
  weights?: ArrayLike<number>,
): number => {
  const counts = confusion(truth, predicted, weights)
  let sum = 0
  let occurring = 0
  for (let k = 0; k < counts.classes; k++) {
    if ((counts.truth[k] ?? 0) + (counts.predicted[k] ?? 0) > 0) {
      sum += classScores(counts, k).f1
      occurring++
    }
  }
  return sum / occurring
}

/**
 * F1 averaged with each class's share of the truth as its weight.
 *
 * @example weightedF1([0, 0, 0, 1], [0, 0, 0, 0]) // => 0.75 * 6/7
 */
export const weightedF1 = (truth: ArrayLike<number>, predicted: ArrayLike<number>): number => {
  const counts = confusion(truth, predicted)
  let sum = 0
  for (let k = 0; k < counts.classes; k++) {
    const { f1, support } = classScores(counts, k)
    sum += f1 * support
  }
  return sum / counts.total
}

/**
 * F1 of one class, the positive one; 0 when it is neither present nor predicted.
 *
 * @example binaryF1([1, 1, 0], [1, 0, 0]) // => 2/3
 */
export const binaryF1 = (truth: ArrayLike<number>, predicted: ArrayLike<number>, positive = 1): number => {
  const counts = confusion(truth, predicted)
  return positive < counts.classes ? classScores(counts, positive).f1 : 0
}
