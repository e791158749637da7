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
export { baLora, type NluInput, regularisers, taskObjective } from './baLora.js'
export { consistency } from './losses/consistency.js'
export { diversity } from './losses/diversity.js'
export type { RowOptions } from './losses/rows.js'
export { type SpectralNorm, type SpectralOptions, spectral } from './losses/spectral.js'
export {
  contramap,
  type Evaluation,
  evaluate,
  getObjectiveMonoid,
  type Loss,
  masked,
  named,
  type Objective,
  type ObjectiveURI,
  objectiveContravariant,
  objectiveURI,
  scheduled,
  type Term,
  term,
  weighted,
  weightsAt,
} from './objective.js'
export { type LoadAdapterOptions, type LoadedAdapter, loadAdapter } from './peft/loadAdapter.js'
export { adapterConfigName, adapterWeightsName, LoraConfig, residualName } from './peft/loraConfig.js'
export { dottedName, type NameOf } from './peft/names.js'
export { type SaveAdapterOptions, saveAdapter } from './peft/saveAdapter.js'
export {
  adaptiveWeight,
  constantSchedule,
  cosineSchedule,
  linearWarmupSchedule,
  quadraticWarmupSchedule,
  type Schedule,
  twoPhaseSchedule,
} from './schedules.js'
export { BaLoraSettings, completeSettings, ScheduleSettings, scheduleOf } from './settings.js'
export { type TrainingFacts, type TrainingWarning, warnings } from './warnings.js'
