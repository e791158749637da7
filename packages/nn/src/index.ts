/**
 * Neural network layers as pure functions of parameters, weight forms and losses.
 *
 * @packageDocumentation
 */
export { type ActivationName, activations } from './activations.js'
export { type AttentionOptions, attention, causalMask, maskBias } from './attention.js'
export { type BatchNormOptions, type BatchNormResult, type BatchStatistics, batchNorm } from './batchNorm.js'
export { cosineSimilarity } from './cosineSimilarity.js'
export { dropout } from './dropout.js'
export { type EmbeddingParams, embedding } from './embedding.js'
export { type GroupNormParams, groupNorm } from './groupNorm.js'
export { instanceNorm } from './instanceNorm.js'
export { type LayerNormParams, layerNorm } from './layerNorm.js'
export { type LinearParams, linear } from './linear.js'
export { type BinaryCrossEntropyOptions, binaryCrossEntropyWithLogits } from './losses/binaryCrossEntropyWithLogits.js'
export { type CosineEmbeddingOptions, cosineEmbeddingLoss } from './losses/cosineEmbeddingLoss.js'
export { type CrossEntropyOptions, crossEntropy } from './losses/crossEntropy.js'
export { type HingeOptions, hingeLoss } from './losses/hingeLoss.js'
export { type HuberOptions, huberLoss, type SmoothL1Options, smoothL1Loss } from './losses/huberLoss.js'
export { type KlDivergenceOptions, klDivergence } from './losses/klDivergence.js'
export { meanAbsoluteError } from './losses/meanAbsoluteError.js'
export { meanSquaredError } from './losses/meanSquaredError.js'
export { nextTokenLabels, nextTokenLoss } from './losses/nextTokenLoss.js'
export type { LossOptions, Reduction } from './losses/reduction.js'
export type { RowOptions } from './losses/rowMean.js'
export { type NormalizeOptions, normalize } from './normalize.js'
export { combine, type Part, partition } from './partition.js'
export { type RmsNormParams, rmsNorm } from './rmsNorm.js'
export {
  type RopeScaling,
  type RopeSettings,
  type RopeTable,
  rope,
  ropeFrequencies,
  ropeTable,
} from './rope.js'
export {
  type AdapterDropout,
  applyWeight,
  type Dense,
  denseWeight,
  hasAdapters,
  isLowRank,
  type LowRank,
  mergeAdapters,
  type Weight,
  withoutAdapters,
} from './weight.js'
