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

/** Parameters with a method's adapters, and which of them it trains. */
const start = (method: StudyMethod, params: BertClassifierParams, settings: StudySettings, adapterKey: Tensor) => {
  if (method.adapter === 'full') return { params, trained: () => true }
  const { rank, alpha } = settings
  const init =
    method.adapter === 'lora' ? lora({ rank, alpha, key: adapterKey }) : pissa({ rank, alpha, key: adapterKey })
  const adapted = adapt(params, isAdapted, init)
  return { params: adapted.params, trained: trainable(adapted.params, isHead) }
}

/** Steps of one fine-tuning. */
export const fineTuningSteps = ({ fineTuning: { mails, batch, epochs } }: StudySettings): number =>
  Math.ceil(mails / batch) * epochs

/** The mails of one fine-tuning, as places in the pool: the same for every method and control. */
export const fineTuningRows = (
  { parts: { pool } }: StudyData,
  { seed, fineTuning: { mails, classes } }: StudySettings,
  fineTuningSeed: number,
): readonly number[] =>
  fineTuningSet(pool.mails, { size: mails, classes }, streamOf(seed, 'fine-tuning', 'subset', fineTuningSeed).uniform)

/** A method's training step, compiled once for all its runs. */
export const makeFineTuner = (
  method: StudyMethod,
  config: BertConfig,
  settings: StudySettings,
  engine: Engine,
): FineTuner => {
  const { fineTuning } = settings
  const steps = fineTuningSteps(settings)
  const schedule: Schedule = warmupCosine({ peak: 1, warmupSteps: Math.ceil(0.1 * steps), totalSteps: steps })
  const optimizer = (rate: Schedule) =>
    chain(
      clipByGlobalNorm(fineTuning.maxGradientNorm),
      adamw({ learningRate: rate, weightDecay: fineTuning.weightDecay }),
    )
  const step = compileCounted(
    trainingStep({
      forward: (params, _, batch: FineTuningBatch): NluInput => ({
        // border: `combine` gives back the tree that `partition` took apart
        student: bertClassify(config, params as BertClassifierParams, batch, { key: null }).logits,
        teacher: batch.teacher,
        labels: batch.labels,
        mask: batch.mask,
      }),
      objective: method.objective(1),
      schedule,
      optimizer,
    }),
    engine,
    { donate: [0, 1] },
  )
  return async (teacher, data, chosen, seed, { onStep, signal }) => {
    const began = performance.now()
    const { pool } = data.parts
    const own = (use: string): readonly (string | number)[] => [settings.seed, 'fine-tuning', use, seed]
    const chosenRows = fineTuningRows(data, settings, seed)
    const order = epochOrder(chosenRows.length, fineTuning.batch, fineTuning.epochs, streamOf(...own('order')))
    const [headKey, adapterKey] = split(key(seedOf(...own('keys'))))
    if (headKey === undefined || adapterKey === undefined) throw new Error('unreachable')
    const { classifier } = fineTuning.head === 'fresh' ? initBert(headKey, config, 'classify') : teacher.params
    const begun = start(method, { ...teacher.params, classifier }, settings, adapterKey)
    const [trained, frozen] = partition(begun.params, (path) => begun.trained(path))
    const objective = method.objective(chosen.lambda)
    const rate = scalar(chosen.rate)
    const result = await fit({
      step: step.call,
      trainable: trained,
      state: optimizer(schedule).init(trained),
      frozen: { params: frozen, teacher: null },
      steps,
      batchAt: (i): FineTuningBatch => {
        const rows = (order[i] ?? []).map((row) => (row < 0 ? -1 : (chosenRows[row] ?? -1)))
        return {
          ...tokenBatch(pool.tokens, rows),
          ...labelBatch(pool.labels, rows),
          teacher: rowsOf(teacher.poolLogits, data.classes.length, rows),
        }
      },
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
