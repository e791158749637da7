import { closed, nonNegativeNumber, oneOf, positiveInteger, probability, t } from '@cotangent/prelude'
import {
  constantSchedule,
  cosineSchedule,
  linearWarmupSchedule,
  quadraticWarmupSchedule,
  type Schedule,
  twoPhaseSchedule,
} from './schedules.js'

/** A schedule as a configuration file says it; ratios are shares of the run. */
export const ScheduleSettings = t.union([
  closed({ kind: t.literal('constant') }),
  closed({ kind: t.literal('cosine') }, { lowest: probability }),
  closed({ kind: t.literal('two_phase'), warmup: probability, ramp: probability }),
  closed({ kind: t.literal('linear_warmup'), warmup: probability }),
  closed({ kind: t.literal('quadratic_warmup'), warmup: probability }),
])
export type ScheduleSettings = t.TypeOf<typeof ScheduleSettings>

/** The schedule that settings describe. */
export const scheduleOf = (settings: ScheduleSettings): Schedule => {
  switch (settings.kind) {
    case 'constant':
      return constantSchedule(1)
    case 'cosine':
      return cosineSchedule(settings.lowest)
    case 'two_phase':
      return twoPhaseSchedule(settings.warmup, settings.ramp)
    case 'linear_warmup':
      return linearWarmupSchedule(settings.warmup)
    case 'quadratic_warmup':
      return quadraticWarmupSchedule(settings.warmup)
  }
}

const cosine: ScheduleSettings = { kind: 'cosine' }
const twoPhase: ScheduleSettings = { kind: 'two_phase', warmup: 0.2, ramp: 0.05 }

/**
 * The regularisers of BA-LoRA: `lambda1` weighs consistency, `lambda2` diversity, `lambda3` the spectral term. What is
 * left out is as in the paper: λ1 falls by a cosine, λ2 and λ3 come in two phases.
 *
 * @example BaLoraSettings.is({ lambda1: 0.1, lambda2: 0.01, lambda3: 0.01, k: 5 }) // => true
 */
export const BaLoraSettings = closed(
  { lambda1: nonNegativeNumber, lambda2: nonNegativeNumber, lambda3: nonNegativeNumber, k: positiveInteger },
  {
    norm: oneOf('nuclear', 'frobenius'),
    schedule1: ScheduleSettings,
    schedule2: ScheduleSettings,
    schedule3: ScheduleSettings,
  },
)
export type BaLoraSettings = t.TypeOf<typeof BaLoraSettings>

/** Settings with every field filled in. */
export const completeSettings = (settings: BaLoraSettings): Required<BaLoraSettings> => ({
  ...settings,
  norm: settings.norm ?? 'nuclear',
  schedule1: settings.schedule1 ?? cosine,
  schedule2: settings.schedule2 ?? twoPhase,
  schedule3: settings.schedule3 ?? twoPhase,
})
