import { fitLogisticRegression, logisticProbabilities } from './logisticRegression.js'
import { fitTfidf, tfidfRow } from './tfidf.js'

/** How the classifier is fitted. */
export interface BagOfWordsOptions {
  readonly classes: number
  /** Inverse strength of the penalty, as scikit-learn's C: the penalty is (1 / (c n)) · Σ w² / 2. Above 0. */
  readonly c?: number
  /** Words in fewer training texts are left out. */
  readonly minTexts?: number
  readonly maxIterations?: number
}

/** A fitted bag-of-words classifier. */
export interface BagOfWords {
  /** Probabilities of the classes for each text, [texts][classes]. */
  readonly probabilities: (texts: readonly string[]) => readonly Float64Array[]
  /** Words in the vocabulary. */
  readonly words: number
  /** Trained numbers: (words + 1) · classes. */
  readonly parameters: number
  readonly iterations: number
  readonly converged: boolean
}

/**
 * The control that every fine-tuned encoder should be held against: tf-idf and a multinomial logistic regression.
 *
 * It has no randomness: the same texts give the same bits.
 *
 * @param texts training texts, [n] @param labels their classes, [n]; from 0 to classes - 1
 * @throws RangeError if there are no texts or a label is not a class
 * @example
 * const bag = fitBagOfWords(['cheap pills', 'meeting at ten'], [1, 0], { classes: 2 })
 * const [p0 = 0, p1 = 0] = bag.probabilities(['cheap meeting pills'])[0] ?? []
 * p1 > p0 // => true
 */
export const fitBagOfWords = (
  texts: readonly string[],
  labels: ArrayLike<number>,
  { classes, c = 10, minTexts = 1, maxIterations = 300 }: BagOfWordsOptions,
): BagOfWords => {
  const tfidf = fitTfidf(texts, minTexts)
  const rows = texts.map((text) => tfidfRow(tfidf, text))
  const model = fitLogisticRegression(rows, labels, {
    classes,
    features: tfidf.idf.length,
    l2: 1 / (c * Math.max(1, texts.length)),
    maxIterations,
    tolerance: 1e-5,
  })
  return {
    probabilities: (asked) => asked.map((text) => logisticProbabilities(model, tfidfRow(tfidf, text))),
    words: tfidf.idf.length,
    parameters: model.weights.length,
    iterations: model.iterations,
    converged: model.converged,
  }
}
