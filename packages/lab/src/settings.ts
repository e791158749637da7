import {
  baLoraSettings,
  defaultSettings,
  type StudyMethod,
  type StudySettings,
  withSettings,
} from '@cotangent/experiment'

/** The study in a size that a page trains while one looks on. */
export const labSettings: StudySettings = withSettings(defaultSettings, {
  model: { width: 64, length: 32, vocabulary: 2000 },
  pretraining: { windows: 1, labelEpochs: 4 },
  // 32 mails of each class: whole batches, 18 an epoch
  fineTuning: { mails: 288 },
})

/** Steps over which the learning rate rises; then it stays, since nobody says when training ends. */
export const warmupSteps = 10

/** Weights of the regularisers, by their names in the objective. */
export interface Weights {
  readonly consistency: number
  readonly diversity: number
  readonly spectral: number
}

/** The regularisers that have a slider. */
export const weightNames = ['consistency', 'diversity', 'spectral'] as const satisfies readonly (keyof Weights)[]

/** Where the sliders stand when a method is chosen: at the paper's weights, or at 0 for a method without regularisers. */
export const startWeights = ({ regularised }: Pick<StudyMethod, 'regularised'>, settings: StudySettings): Weights => {
  const { lambda1, lambda2, lambda3 } = baLoraSettings(settings)
  return regularised
    ? { consistency: lambda1, diversity: lambda2, spectral: lambda3 }
    : { consistency: 0, diversity: 0, spectral: 0 }
}

/** The learning rate of a method: in the middle, by factors, of those that the study's tuning tries. */
export const rateOf = ({ adapter }: Pick<StudyMethod, 'adapter'>, { tuning }: StudySettings): number => {
  const [low, high] = adapter === 'full' ? tuning.fullRates : tuning.adapterRates
  return Math.sqrt(low * high)
}

/** What a step shows, in the order of the program's readings: the weighted sum, the terms unweighted, the gradients' norm. */
export const termNames = ['total', 'task', 'consistency', 'diversity', 'spectral', 'gradient'] as const
export type TermName = (typeof termNames)[number]
