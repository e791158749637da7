/**
 * BA-LoRA: regularisers as composable objectives, and low-rank adapters (LoRA, PiSSA) in PEFT's layout.
 *
 * @packageDocumentation
 */
export { mergeAdapters as merge } from '@cotangent/nn'
export { type Adapted, adapt, parameterCount, trainable } from './adapters/adapt.js'
export {
  type AdapterInit,
  type AdapterSettings,
  exactSide,
  lora,
  type PissaSettings,
  pissa,
} from './adapters/initialise.js'
export { baLora, regularisers } from './baLora.js'
export { type Evaluation, evaluate, weightsAt } from './evaluate.js'
export { evaluateInChunks, type Head, type NlgStates } from './evaluateInChunks.js'
export { type AdaptiveOptions, adaptiveFactor } from './losses/adaptiveFactor.js'
export { consistency } from './losses/consistency.js'
export { diversity } from './losses/diversity.js'
export { meanEntropy } from './losses/entropy.js'
export { type EntropyOptions, entropyDiversity } from './losses/entropyDiversity.js'
export { type KlOptions, klConsistency } from './losses/klConsistency.js'
export { gaussianSketch } from './losses/rangeFinder.js'
export type { RowOptions } from './losses/rows.js'
export { type SpectralNorm, type SpectralOptions, spectral } from './losses/spectral.js'
export { nextTokenObjective } from './nlg.js'
export { type NluInput, taskObjective } from './nlu.js'
export {
  contramap,
  getObjectiveMonoid,
  type Loss,
  masked,
  named,
  type Objective,
  type ObjectiveURI,
  objectiveContravariant,
  objectiveURI,
  onlyAfter,
  scheduled,
  type Term,
  term,
  weighted,
  weightedBy,
} from './objective.js'
export { type LoadAdapterOptions, type LoadedAdapter, loadAdapter } from './peft/loadAdapter.js'
export { adapterConfigName, adapterWeightsName, LoraConfig, residualName } from './peft/loraConfig.js'
export { dottedName, type NameOf } from './peft/names.js'
export { type SaveAdapterOptions, saveAdapter } from './peft/saveAdapter.js'
export { type LabelVariant, type NlgInput, type PositionRows, positionRows } from './positions.js'
export {
  type AdaptiveBounds,
  adaptiveWeight,
  constantSchedule,
  cosineSchedule,
  linearWarmupSchedule,
  quadraticWarmupSchedule,
  type Schedule,
  twoPhaseSchedule,
} from './schedules.js'
export {
  AdaptiveSettings,
  BaLoraSettings,
  type CompleteNlgSettings,
  completeNlgSettings,
  completeSettings,
  NlgSettings,
  ScheduleSettings,
  scheduleOf,
} from './settings.js'
export { type TrainingFacts, type TrainingWarning, warnings } from './warnings.js'
