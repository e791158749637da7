/**
 * Optimisers as chains of gradient transformations, and schedules of the learning rate.
 *
 * @packageDocumentation
 */
export { addDecayedWeights, type Selection } from './addDecayedWeights.js'
export { applyUpdates } from './applyUpdates.js'
export { chain } from './chain.js'
export { clipByGlobalNorm, globalNorm } from './clip.js'
export { type MomentumState, momentum } from './momentum.js'
export { adam, adamw, type OptimiserSettings, sgd } from './optimisers.js'
export { type AdamSettings, type AdamState, scaleByAdam } from './scaleByAdam.js'
export { type CountState, scaleByLearningRate } from './scaleByLearningRate.js'
export {
  constant,
  type DecaySettings,
  type Schedule,
  type WarmupSettings,
  warmupConstant,
  warmupCosine,
  warmupCosineRestarts,
  warmupInverseRoot,
  warmupLinear,
  warmupPolynomial,
  warmupStableDecay,
} from './schedules.js'
export { type GradientTransformation, stateless } from './transformation.js'
