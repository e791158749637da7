import { closed, nonNegativeNumber, oneOf, positiveInteger, positiveNumber, probability, t } from '@cotangent/prelude'
import {
  constantSchedule,
  cosineSchedule,
  linearWarmupSchedule,
  quadraticWarmupSchedule,
  type Schedule,
  twoPhaseSchedule,
} from './schedules.js'

const scheduleKinds = [
  closed({ kind: t.literal('constant') }),
  closed({ kind: t.literal('cosine') }, { lowest: probability }),
  closed({ kind: t.literal('two_phase'), warmup: probability, ramp: probability }),
  closed({ kind: t.literal('linear_warmup'), warmup: probability }),
  closed({ kind: t.literal('quadratic_warmup'), warmup: probability }),
] as const

/** A schedule as a configuration file says it; ratios are shares of the run. */
export const ScheduleSettings = t.union([...scheduleKinds])
export type ScheduleSettings = t.TypeOf<typeof ScheduleSettings>

/**
 * λ1 by how sure the teacher is of the batch: `highest` at no entropy, `lowest` at full entropy, as multiples of λ1
 * (1 and a tenth of `highest` unless given).
 */
export const AdaptiveSettings = closed(
  { kind: t.literal('adaptive') },
  { lowest: nonNegativeNumber, highest: nonNegativeNumber },
)
export type AdaptiveSettings = t.TypeOf<typeof AdaptiveSettings>

/**
 * The schedule that settings describe.
 *
 * @example scheduleOf({ kind: 'linear_warmup', warmup: 0.5 })(0.25) // => 0.5
 */
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

const lambdas = {
  lambda1: nonNegativeNumber,
  lambda2: nonNegativeNumber,
  lambda3: nonNegativeNumber,
  k: positiveInteger,
}

/**
 * The regularisers of BA-LoRA for classification: `lambda1` weighs consistency, `lambda2` diversity, `lambda3` the
 * spectral term. What is left out is as in the paper: λ1 falls by a cosine, λ2 and λ3 come in two phases.
 *
 * @example BaLoraSettings.is({ lambda1: 0.1, lambda2: 0.01, lambda3: 0.01, k: 5 }) // => true
 */
export const BaLoraSettings = closed(lambdas, {
  form: t.literal('nlu'),
  norm: oneOf('nuclear', 'frobenius'),
  schedule1: ScheduleSettings,
  schedule2: ScheduleSettings,
  schedule3: ScheduleSettings,
})
export type BaLoraSettings = t.TypeOf<typeof BaLoraSettings>

/** Settings with every field filled in. */
export const completeSettings = (settings: BaLoraSettings): Required<BaLoraSettings> => ({
  ...settings,
  form: 'nlu',
  norm: settings.norm ?? 'nuclear',
  schedule1: settings.schedule1 ?? cosine,
  schedule2: settings.schedule2 ?? twoPhase,
  schedule3: settings.schedule3 ?? twoPhase,
})

/**
 * The same for language models, `form: nlg`. What is left out is as in the paper's run on LLaMA-2-7B, but for `variant`:
 * temperature 2, topK 20 ('all' for the plain entropy), the Frobenius norm; `svd` exact up to a vocabulary of 4,096
 * and in a random subspace beyond.
 *
 * @example NlgSettings.is({ form: 'nlg', lambda1: 0.025, lambda2: 0.005, lambda3: 0.005, k: 10, topK: 'all' }) // => true
 */
export const NlgSettings = closed(
  { form: t.literal('nlg'), ...lambdas },
  {
    temperature: positiveNumber,
    topK: t.union([positiveInteger, t.literal('all')]),
    norm: oneOf('nuclear', 'frobenius'),
    svd: oneOf('exact', 'randomised'),
    variant: oneOf('aligned', 'paper'),
    schedule1: t.union([...scheduleKinds, AdaptiveSettings]),
    schedule2: ScheduleSettings,
    schedule3: ScheduleSettings,
  },
)
export type NlgSettings = t.TypeOf<typeof NlgSettings>

/** Above this size of the vocabulary the paper takes a randomised SVD. */
export const exactVocabulary = 4096

/** Settings with every field filled in; `svd` needs the size of the vocabulary for that and may stay open. */
export type CompleteNlgSettings = Required<Omit<NlgSettings, 'svd'>> & Pick<NlgSettings, 'svd'>

/** Settings with every field filled in, but for `svd`. */
export const completeNlgSettings = (settings: NlgSettings): CompleteNlgSettings => ({
  ...settings,
  temperature: settings.temperature ?? 2,
  topK: settings.topK ?? 20,
  norm: settings.norm ?? 'frobenius',
  variant: settings.variant ?? 'aligned',
  schedule1: settings.schedule1 ?? cosine,
  schedule2: settings.schedule2 ?? twoPhase,
  schedule3: settings.schedule3 ?? twoPhase,
})

/** How the singular values of logits over a vocabulary are found. */
export const svdFor = ({ svd }: Pick<NlgSettings, 'svd'>, vocabulary: number): 'exact' | 'randomised' =>
  svd ?? (vocabulary > exactVocabulary ? 'randomised' : 'exact')
