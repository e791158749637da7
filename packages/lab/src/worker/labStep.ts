import { type NluInput, type Objective, regularisers, taskObjective } from '@cotangent/ba-lora'
import { stack, type Tensor } from '@cotangent/core'
import { baLoraSettings, type FineTuningBatch, fineTuningStep, type StudySettings } from '@cotangent/experiment'
import { combine } from '@cotangent/nn'
import { warmupConstant } from '@cotangent/optim'
import type { BertConfig } from '@cotangent/transformer'
import { warmupSteps } from '../settings.js'

/** The task and all regularisers, for every method: a weight of 0 is as good as no term. */
export const labObjective = (settings: StudySettings): Objective<NluInput> => [
  ...taskObjective,
  ...regularisers(baLoraSettings(settings)),
]

/**
 * The study's fine-tuning step, with what a page shows of it.
 *
 * @returns the step, and the optimiser whose state it takes. `readings` [2 + terms]: the total, every term unweighted in
 *   the order of `labObjective`, the norm of the gradients before clipping; `logits` [batch, classes], before the update
 */
export const labStep = (config: BertConfig, settings: StudySettings) => {
  const objective = labObjective(settings)
  const schedule = warmupConstant({ peak: 1, warmupSteps })
  const { step, forward, optimizer } = fineTuningStep(objective, config, settings, schedule)
  type State = ReturnType<typeof optimizer.init>
  type Rest = Parameters<typeof step>
  const shown = (trainable: unknown, state: State, frozen: Rest[2], batch: FineTuningBatch, hyper: Rest[4]) => {
    const { evaluation, gradientNorm, ...next } = step(trainable, state, frozen, batch, hyper)
    const terms = objective.flatMap(({ name }): readonly Tensor[] => {
      const value = evaluation.terms[name]
      return value === undefined ? [] : [value]
    })
    return {
      ...next,
      readings: stack([evaluation.total, ...terms, gradientNorm]),
      // the same equations as in the step: they are computed once
      logits: forward(combine(trainable, frozen.params), frozen.teacher, batch).student,
    }
  }
  return { step: shown, optimizer }
}
