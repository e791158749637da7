export { type BagOfWords, type BagOfWordsOptions, fitBagOfWords } from './bagOfWords.js'
export {
  fitLogisticRegression,
  type LogisticOptions,
  type LogisticRegression,
  logisticLoss,
  logisticProbabilities,
} from './logisticRegression.js'
export { type MinimiseOptions, type Minimum, minimise, type Smooth } from './minimise.js'
export { fitTfidf, type SparseRow, type Tfidf, tfidfRow, wordsOf } from './tfidf.js'
