import { adapt, lora, type NluInput, parameterCount, pissa, trainable, weightsAt } from '@cotangent/ba-lora'
import { type Engine, key, type Path, scalar, split, type Tensor } from '@cotangent/core'
import { combine, mergeAdapters, partition } from '@cotangent/nn'
import { adamw, chain, clipByGlobalNorm, type Schedule, warmupCosine } from '@cotangent/optim'
import { E, type NonFinite } from '@cotangent/prelude'
import { type BertClassifierParams, type BertConfig, bertClassify, initBert } from '@cotangent/transformer'
import { fineTuningSet } from '../data/index.js'
import { epochOrder, fit, type StepRecord, seedOf, streamOf, trainingStep } from '../fit/index.js'
import { compileCounted } from './counted.js'
import { labelBatch, rowsOf, type StudyData, type TokenBatch, tokenBatch } from './dataset.js'
import type { StudyMethod } from './methods.js'
import type { StudySettings } from './settings.js'
import type { Chosen } from './tune.js'

/** What a fine-tuning step reads. */
export interface FineTuningBatch extends TokenBatch {
  /** i32[batch] */
  readonly labels: Tensor
  /** 1 for rows that count, f32[batch] */
  readonly mask: Tensor
  /** The teacher's logits for these rows, from its cache, f32[batch, classes] */
  readonly teacher: Tensor
}

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

/** Weights that get adapters: query and value of every layer, as in the paper's runs. */
const isAdapted = (path: Path): boolean => /attention\.self\.(query|value)\.weight$/.test(path)
const isHead = (path: Path): boolean => path.startsWith('classifier.')

/** Names one use of randomness in one fine-tuning, for `seedOf` and `streamOf`. */
const useOf = ({ seed }: StudySettings, use: string, fineTuningSeed: number): readonly (string | number)[] => [
  seed,
  'fine-tuning',
  use,
  fineTuningSeed,
]

/** Parameters with a method's adapters, and which of them it trains. */
const adapted = (method: StudyMethod, params: BertClassifierParams, settings: StudySettings, adapterKey: Tensor) => {
  if (method.adapter === 'full') return { params, trained: () => true }
  const { rank, alpha } = settings
  const init = (method.adapter === 'lora' ? lora : pissa)({ rank, alpha, key: adapterKey })
  const changed = adapt(params, isAdapted, init)
  return { params: changed.params, trained: trainable(changed.params, isHead) }
}

/** Where a method starts from the teacher: what it trains, and the rest. */
const startOf = (
  method: StudyMethod,
  config: BertConfig,
  settings: StudySettings,
  { params }: Teacher,
  fineTuningSeed: number,
) => {
  const [headKey, adapterKey] = split(key(seedOf(...useOf(settings, 'keys', fineTuningSeed))))
  if (headKey === undefined || adapterKey === undefined) throw new Error('unreachable')
  const { classifier } = settings.fineTuning.head === 'fresh' ? initBert(headKey, config, 'classify') : params
  const begun = adapted(method, { ...params, classifier }, settings, adapterKey)
  return partition(begun.params, (path) => begun.trained(path))
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

/** How all methods are optimised: warm-up over a tenth of the steps, then a cosine; the peak rate is tuned. */
const optimisation = (settings: StudySettings) => {
  const { maxGradientNorm, weightDecay } = settings.fineTuning
  const steps = fineTuningSteps(settings)
  const schedule = warmupCosine({ peak: 1, warmupSteps: Math.ceil(0.1 * steps), totalSteps: steps })
  const optimizer = (rate: Schedule) =>
    chain(clipByGlobalNorm(maxGradientNorm), adamw({ learningRate: rate, weightDecay }))
  return { steps, schedule, optimizer }
}

/** A method's training step, compiled once for all its runs. */
export const makeFineTuner = (
  method: StudyMethod,
  config: BertConfig,
  settings: StudySettings,
  engine: Engine,
): FineTuner => {
  const { steps, schedule, optimizer } = optimisation(settings)
  const step = compileCounted(
    trainingStep({
      forward: (params, _, batch: FineTuningBatch): NluInput => ({
        // border: `combine` gives back the tree that `partition` took apart
        student: bertClassify(config, params as BertClassifierParams, batch, { key: null }).logits,
        teacher: batch.teacher,
        labels: batch.labels,
        mask: batch.mask,
      }),
      objective: method.objective(1), // its weights are an input of each step
      schedule,
      optimizer,
    }),
    engine,
    { donate: [0, 1] },
  )
  return async (teacher, data, chosen, seed, { onStep, signal }) => {
    const began = performance.now()
    const [trained, frozen] = startOf(method, config, settings, teacher, seed)
    const objective = method.objective(chosen.lambda)
    const rate = scalar(chosen.rate)
    const result = await fit({
      step: step.call,
      trainable: trained,
      state: optimizer(schedule).init(trained),
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
