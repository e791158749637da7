/**
 * BA-LoRA: regularisers as composable objectives, and low-rank adapters (LoRA, PiSSA) in PEFT's layout.
 *
 * @packageDocumentation
 */
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
