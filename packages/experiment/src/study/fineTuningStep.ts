import { adapt, lora, type NluInput, type Objective, pissa, trainable } from '@cotangent/ba-lora'
import { key, type Path, split, type Tensor } from '@cotangent/core'
import { partition } from '@cotangent/nn'
import { adamw, chain, clipByGlobalNorm, type Schedule } from '@cotangent/optim'
import { type BertClassifierParams, type BertConfig, bertClassify, initBert } from '@cotangent/transformer'
import { seedOf, trainingStep } from '../fit/index.js'
import type { TokenBatch } from './dataset.js'
import type { StudyMethod } from './methods.js'
import type { StudySettings } from './settings.js'

/** What a fine-tuning step reads. */
export interface FineTuningBatch extends TokenBatch {
  /** i32[batch] */
  readonly labels: Tensor
  /** 1 for rows that count, f32[batch] */
  readonly mask: Tensor
  /** The teacher's logits for these rows, from its cache, f32[batch, classes] */
  readonly teacher: Tensor
}

/** Weights that get adapters: query and value of every layer, as in the paper's runs. */
const isAdapted = (path: Path): boolean => /attention\.self\.(query|value)\.weight$/.test(path)
const isHead = (path: Path): boolean => path.startsWith('classifier.')

/** Names one use of randomness in one fine-tuning, for `seedOf` and `streamOf`. */
export const useOf = ({ seed }: StudySettings, use: string, fineTuningSeed: number): readonly (string | number)[] => [
  seed,
  'fine-tuning',
  use,
  fineTuningSeed,
]

/** Parameters with a method's adapters, and which of them it trains. */
const adapted = (
  { adapter }: Pick<StudyMethod, 'adapter'>,
  params: BertClassifierParams,
  settings: StudySettings,
  adapterKey: Tensor,
) => {
  if (adapter === 'full') return { params, trained: () => true }
  const { rank, alpha } = settings
  const init = (adapter === 'lora' ? lora : pissa)({ rank, alpha, key: adapterKey })
  const changed = adapt(params, isAdapted, init)
  return { params: changed.params, trained: trainable(changed.params, isHead) }
}

/**
 * Where a method starts from a pre-trained model.
 *
 * @param fineTuningSeed decides the adapters, and the head where it starts anew
 * @returns two trees of one structure: what is trained and the rest, each with `null` where the other has a leaf
 */
export const fineTuningStart = (
  method: Pick<StudyMethod, 'adapter'>,
  config: BertConfig,
  settings: StudySettings,
  params: BertClassifierParams,
  fineTuningSeed: number,
) => {
  const [headKey, adapterKey] = split(key(seedOf(...useOf(settings, 'keys', fineTuningSeed))))
  if (headKey === undefined || adapterKey === undefined) throw new Error('unreachable')
  const { classifier } = settings.fineTuning.head === 'fresh' ? initBert(headKey, config, 'classify') : params
  const begun = adapted(method, { ...params, classifier }, settings, adapterKey)
  return partition(begun.params, (path) => begun.trained(path))
}

/**
 * The study's fine-tuning step as a pure function, not compiled: clipped AdamW on an objective of the logits, whose
 * weights are an input.
 *
 * @param objective the terms that are minimised @param schedule shape of the learning rate over steps
 * @returns the step, the forward pass within it, and the optimiser whose state the step takes
 */
export const fineTuningStep = (
  objective: Objective<NluInput>,
  config: BertConfig,
  { fineTuning: { maxGradientNorm, weightDecay } }: StudySettings,
  schedule: Schedule,
) => {
  const forward = (params: unknown, _: unknown, batch: FineTuningBatch): NluInput => ({
    // border: `combine` gives back the tree that `partition` took apart
    student: bertClassify(config, params as BertClassifierParams, batch, { key: null }).logits,
    teacher: batch.teacher,
    labels: batch.labels,
    mask: batch.mask,
  })
  const optimizer = (rate: Schedule) =>
    chain(clipByGlobalNorm(maxGradientNorm), adamw({ learningRate: rate, weightDecay }))
  return { step: trainingStep({ forward, objective, schedule, optimizer }), forward, optimizer: optimizer(schedule) }
}
