import { parameterCount, weightsAt } from '@cotangent/ba-lora'
import { type Engine, scalar } from '@cotangent/core'
import { combine, mergeAdapters } from '@cotangent/nn'
import { type Schedule, warmupCosine } from '@cotangent/optim'
import { E, type NonFinite } from '@cotangent/prelude'
import type { BertClassifierParams, BertConfig } from '@cotangent/transformer'
import { fineTuningSet } from '../data/index.js'
import { epochOrder, fit, type StepRecord, streamOf } from '../fit/index.js'
import { compileCounted } from './counted.js'
import { labelBatch, rowsOf, type StudyData, tokenBatch } from './dataset.js'
import { type FineTuningBatch, fineTuningStart, fineTuningStep, useOf } from './fineTuningStep.js'
import type { StudyMethod } from './methods.js'
import type { StudySettings } from './settings.js'
import type { Chosen } from './tune.js'

/** A pre-trained model as fine-tuning starts from it, with its answers to the pool. */
export interface Teacher {
  readonly params: BertClassifierParams
  /** [pool, classes], row by row. */
  readonly poolLogits: Float32Array
}

export interface FineTuned {
  /** Dense again: adapters are merged. */
  readonly params: BertClassifierParams
  readonly trainable: number
  readonly records: readonly StepRecord[]
  readonly seconds: number
}

/** Steps of one fine-tuning. */
export const fineTuningSteps = ({ fineTuning: { mails, batch, epochs } }: StudySettings): number =>
  Math.ceil(mails / batch) * epochs

/** The mails of one fine-tuning, as places in the pool: the same for every method and control. */
export const fineTuningRows = (
  { parts: { pool } }: StudyData,
  settings: StudySettings,
  fineTuningSeed: number,
): readonly number[] => {
  const { mails, classes } = settings.fineTuning
  const { uniform } = streamOf(...useOf(settings, 'subset', fineTuningSeed))
  return fineTuningSet(pool.mails, { size: mails, classes }, uniform)
}

/** The batch of each step, with the teacher's logits for its mails. */
const batchesOf = (data: StudyData, settings: StudySettings, { poolLogits }: Teacher, fineTuningSeed: number) => {
  const { pool } = data.parts
  const { batch, epochs } = settings.fineTuning
  const chosen = fineTuningRows(data, settings, fineTuningSeed)
  const order = epochOrder(chosen.length, batch, epochs, streamOf(...useOf(settings, 'order', fineTuningSeed)))
  return (step: number): FineTuningBatch => {
    const rows = (order[step] ?? []).map((row) => (row < 0 ? -1 : (chosen[row] ?? -1)))
    return {
      ...tokenBatch(pool.tokens, rows),
      ...labelBatch(pool.labels, rows),
      teacher: rowsOf(poolLogits, data.classes.length, rows),
    }
  }
}

/** The learning rate over the steps, of all methods: warm-up over a tenth, then a cosine; the peak is tuned. */
const scheduleOver = (steps: number): Schedule =>
  warmupCosine({ peak: 1, warmupSteps: Math.ceil(0.1 * steps), totalSteps: steps })

/** A method's training step, compiled once for all its runs. */
export const makeFineTuner = (
  method: StudyMethod,
  config: BertConfig,
  settings: StudySettings,
  engine: Engine,
): FineTuner => {
  const steps = fineTuningSteps(settings)
  // the weights of the objective are an input of each step
  const { step: pure, optimizer } = fineTuningStep(method.objective(1), config, settings, scheduleOver(steps))
  const step = compileCounted(pure, engine, { donate: [0, 1] })
  return async (teacher, data, chosen, seed, { onStep, signal }) => {
    const began = performance.now()
    const [trained, frozen] = fineTuningStart(method, config, settings, teacher.params, seed)
    const objective = method.objective(chosen.lambda)
    const rate = scalar(chosen.rate)
    const result = await fit({
      step: step.call,
      trainable: trained,
      state: optimizer.init(trained),
      frozen: { params: frozen, teacher: null },
      steps,
      batchAt: batchesOf(data, settings, teacher, seed),
      hyperAt: (i) => ({ rate, weights: weightsAt(objective, i / steps), key: null }),
      onStep: (record) => onStep?.(record, step.flop()),
      ...(signal === undefined ? {} : { signal }),
    })
    if (E.isLeft(result)) return result
    return E.right({
      // border: the tree that `partition` took apart, its adapters merged
      params: mergeAdapters(combine(result.right.trainable, frozen)) as BertClassifierParams,
      trainable: parameterCount(result.right.trainable),
      records: result.right.records,
      seconds: (performance.now() - began) / 1000,
    })
  }
}

export interface FineTuneOptions {
  readonly onStep?: (record: StepRecord, flop: number) => void
  readonly signal?: AbortSignal
}

export type FineTuner = (
  teacher: Teacher,
  data: StudyData,
  chosen: Chosen,
  seed: number,
  options: FineTuneOptions,
) => Promise<E.Either<NonFinite, FineTuned>>
