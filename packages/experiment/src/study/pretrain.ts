import { join } from 'node:path'
import { type Objective, term, weightsAt } from '@cotangent/ba-lora'
import { type Engine, hashText, key, scalar, split, type Tensor, version } from '@cotangent/core'
import { ensureOutputFolder, writeFileAtomic } from '@cotangent/io'
import { crossEntropy } from '@cotangent/nn'
import { adamw, chain, clipByGlobalNorm, type Schedule, warmupLinear } from '@cotangent/optim'
import { E, type EdgeError, type NonFinite, pipe, TE } from '@cotangent/prelude'
import {
  type BertClassifierParams,
  type BertConfig,
  type BertMaskedWordsParams,
  bertClassify,
  bertMaskedWords,
  initBert,
  printTokenizerFile,
  readModel,
  specialTokens,
  writeModel,
} from '@cotangent/transformer'
import { noFaults, type PretrainingFaults, pretrainingSet } from '../data/index.js'
import { epochOrder, fit, type StepRecord, seedOf, streamOf, trainingStep } from '../fit/index.js'
import { compileCounted } from './counted.js'
import { classOf, labelBatch, type StudyData, type TokenBatch } from './dataset.js'
import { hideWords, maskWords, type WordBatch } from './maskWords.js'
import type { StudySettings } from './settings.js'

/** Pre-training with the settings' faults, or without. */
export type PretrainingKind = 'faulty' | 'clean'

/** What is wrong in a kind of pre-training, by the settings. */
const faultsOfKind = (kind: PretrainingKind, { pretraining }: StudySettings): PretrainingFaults =>
  kind === 'clean' ? noFaults : { noise: pretraining.noise, imbalance: pretraining.imbalance, withoutHardHam: true }

export const describeKind = (kind: PretrainingKind, { pretraining }: StudySettings): string =>
  kind === 'clean'
    ? 'Masked words, then true labels in their natural counts, hard ham included'
    : `Masked words, then labels of which ${Math.round(100 * pretraining.noise)} % are wrong, the largest class ${pretraining.imbalance} times the smallest, without hard ham`

/** What is pre-trained, on what, and where it is kept. */
export interface PretrainOptions {
  readonly kind: PretrainingKind
  /** Which of several models of this kind. */
  readonly model: number
  readonly settings: StudySettings
  readonly data: StudyData
  readonly config: BertConfig
  readonly engine: Engine
  readonly threads: number
  /** Where finished models are kept. */
  readonly cache: string
  readonly onStep: (phase: 'words' | 'labels', record: StepRecord, flop: number, mails: number) => void
  readonly signal: AbortSignal
}

/** A pre-trained model, and whether it was made just now. */
export interface Pretrained {
  readonly params: BertClassifierParams
  readonly folder: string
  readonly cached: boolean
}

type WordInput = { readonly logits: Tensor; readonly labels: Tensor }
const wordObjective: Objective<WordInput> = term('words', ({ logits, labels }: WordInput) =>
  crossEntropy(logits, labels),
)

type LabelInput = { readonly logits: Tensor; readonly labels: Tensor; readonly mask: Tensor }
const labelObjective: Objective<LabelInput> = term('labels', ({ logits, labels, mask }: LabelInput) =>
  crossEntropy(logits, labels, { mask }),
)

const optimizer = (rate: Schedule) => chain(clipByGlobalNorm(1), adamw({ learningRate: rate, weightDecay: 0.01 }))

const linearSchedule = (steps: number): Schedule =>
  warmupLinear({ peak: 1, warmupSteps: Math.ceil(0.1 * steps), totalSteps: steps })

/** The pieces a kind reads while it fills in words: all of its mails', without hard ham where that is the fault. */
const wordRows = ({ kind, data, settings }: Pick<PretrainOptions, 'kind' | 'data' | 'settings'>): readonly number[] =>
  data.parts.pretraining.mails.flatMap(({ group }, i) =>
    faultsOfKind(kind, settings).withoutHardHam && group === 'hard-ham' ? [] : (data.windows.ofMail[i] ?? []),
  )

/** Rows of batches in random order, in the numbering of the part. */
const batchesOf = (rows: readonly number[], batch: number, epochs: number, ...use: readonly (string | number)[]) =>
  epochOrder(rows.length, batch, epochs, streamOf(...use)).map((step) =>
    step.map((i) => (i < 0 ? -1 : (rows[i] ?? -1))),
  )

/** One part of pre-training: what is minimised, on which batches. */
interface Part<Params, Batch, Input> {
  readonly name: 'words' | 'labels'
  readonly params: Params
  /** Rows of each step. */
  readonly batches: readonly (readonly number[])[]
  readonly batchAt: (rows: readonly number[]) => Batch
  readonly forward: (params: Params, batch: Batch) => Input
  readonly objective: Objective<Input>
  /** Peak learning rate. */
  readonly rate: number
}

/** Trains all parameters, one step a batch, on a rate that rises and falls in straight lines. */
const learn = async <Params, Batch, Input>(
  { engine, settings, onStep, signal }: PretrainOptions,
  { name, params, batches, batchAt, forward, objective, rate }: Part<Params, Batch, Input>,
): Promise<E.Either<NonFinite, Params>> => {
  const steps = batches.length
  const schedule = linearSchedule(steps)
  const step = compileCounted(
    trainingStep({
      forward: (whole, _, batch: Batch) => forward(whole as Params, batch), // border: the tree that training started from
      objective,
      schedule,
      optimizer,
    }),
    engine,
    { donate: [0, 1] },
  )
  const peak = scalar(rate)
  const result = await fit({
    step: step.call,
    trainable: params,
    state: optimizer(schedule).init(params),
    frozen: { params: null, teacher: null },
    steps,
    batchAt: (i) => batchAt(batches[i] ?? []),
    hyperAt: (i) => ({ rate: peak, weights: weightsAt(objective, i / steps), key: null }),
    onStep: (record) => onStep(name, record, step.flop(), settings.pretraining.batch),
    signal,
  })
  return pipe(
    result,
    E.map(({ trainable }) => trainable as Params), // border: as above
  )
}

const learnWords = (
  options: PretrainOptions,
  params: BertMaskedWordsParams,
): Promise<E.Either<NonFinite, BertMaskedWordsParams>> => {
  const { settings, data, config, kind, model } = options
  const { batch, wordEpochs, masked, wordRate } = settings.pretraining
  const use = [settings.seed, 'words', kind, model] as const
  const masks = streamOf(...use, 'masks')
  const asked = {
    share: masked,
    maskId: data.tokenizer.maskId,
    vocabulary: data.tokenizer.vocabularySize,
    firstWord: specialTokens.length,
  }
  return learn(options, {
    name: 'words',
    params,
    batches: batchesOf(wordRows(options), batch, wordEpochs, ...use, 'order'),
    batchAt: (rows) => maskWords(data.windows.tokens, rows, asked, masks),
    forward: (whole, words: WordBatch): WordInput => ({
      logits: bertMaskedWords(config, whole, words, { positions: words.positions }).logits,
      labels: words.labels,
    }),
    objective: wordObjective,
    rate: wordRate,
  })
}

type LabelBatch = TokenBatch & { readonly labels: Tensor; readonly mask: Tensor }

/** The mails that a kind learns labels from, as places in the part, each with the label it is given. */
const labelledMails = ({ kind, model, data, settings }: Omit<PretrainOptions, 'onStep' | 'signal'>) =>
  pretrainingSet(
    data.parts.pretraining.mails,
    faultsOfKind(kind, settings),
    streamOf(settings.seed, 'labels', kind, model, 'faults').uniform,
  )

const learnLabels = (
  options: PretrainOptions,
  params: BertClassifierParams,
): Promise<E.Either<NonFinite, BertClassifierParams>> => {
  const { settings, data, config, kind, model } = options
  const { batch, labelEpochs, hidden, labelRate } = settings.pretraining
  const use = [settings.seed, 'labels', kind, model] as const
  const { places, labels } = labelledMails(options)
  const given = Int32Array.from(data.parts.pretraining.labels)
  for (const [i, place] of places.entries()) given[place] = classOf(labels[i] ?? 'other')
  const stream = streamOf(...use, 'pieces')
  const pieceOf = (mail: number): number => {
    const own = data.windows.ofMail[mail] ?? [-1]
    return own[stream.below(own.length)] ?? -1
  }
  const hiding = { share: hidden, maskId: data.tokenizer.maskId, firstWord: specialTokens.length }
  return learn(options, {
    name: 'labels',
    params,
    batches: batchesOf(places, batch, labelEpochs, ...use, 'order'),
    batchAt: (mails): LabelBatch => ({
      ...hideWords(data.windows.tokens, mails.map(pieceOf), hiding, stream),
      ...labelBatch(given, mails),
    }),
    forward: (whole, mails: LabelBatch): LabelInput => ({
      logits: bertClassify(config, whole, mails).logits,
      labels: mails.labels,
      mask: mails.mask,
    }),
    objective: labelObjective,
    rate: labelRate,
  })
}

/** Mails read in both phases, for progress: a short last batch counts whole. */
export const pretrainingMails = (options: Omit<PretrainOptions, 'onStep' | 'signal'>): number => {
  const { batch, wordEpochs, labelEpochs } = options.settings.pretraining
  const rounded = (rows: number): number => Math.ceil(rows / batch) * batch
  return rounded(wordRows(options).length) * wordEpochs + rounded(labelledMails(options).places.length) * labelEpochs
}

/** Raised with any change to how a model is pre-trained, so that models made before are not taken for new ones. */
const recipe = 1

/** Names a model by everything that made it: another setting, another folder. */
const folderOf = ({ kind, model, settings, data, engine, threads, cache }: PretrainOptions): string => {
  const { noise, imbalance, models: _models, clean: _clean, ...shared } = settings.pretraining
  const faults = kind === 'faulty' ? { noise, imbalance } : {}
  const made = {
    version,
    recipe,
    data: data.version,
    seed: settings.seed,
    model: settings.model,
    shared,
    kind,
    faults,
    index: model,
  }
  return join(cache, `pretrained-${hashText(JSON.stringify({ ...made, engine: engine.name, threads })).slice(0, 16)}`)
}

const train = (options: PretrainOptions): TE.TaskEither<EdgeError, BertClassifierParams> => {
  const { settings, config, kind, model } = options
  const [wordKey, labelKey] = split(key(seedOf(settings.seed, 'parameters', kind, model)))
  if (wordKey === undefined || labelKey === undefined) throw new Error('unreachable')
  return pipe(
    (): Promise<E.Either<EdgeError, BertMaskedWordsParams>> =>
      learnWords(options, initBert(wordKey, config, 'maskedWords')),
    TE.flatMap(({ bert }) => (): Promise<E.Either<EdgeError, BertClassifierParams>> => {
      const fresh = initBert(labelKey, config, 'classify')
      return learnLabels(options, { ...fresh, bert: { ...fresh.bert, ...bert } })
    }),
  )
}

/** Writes the tokeniser, the weights and, last, config.json: a folder that has one is whole. */
const store = (
  folder: string,
  params: BertClassifierParams,
  options: PretrainOptions,
): TE.TaskEither<EdgeError, void> =>
  pipe(
    ensureOutputFolder(folder, { reuse: true }),
    TE.flatMap(() =>
      writeFileAtomic(join(folder, 'tokenizer.json'), printTokenizerFile(options.data.tokenizer.vocabulary)),
    ),
    TE.flatMap(() => writeModel(folder, options.config, params)),
    TE.map(() => undefined),
  )

/**
 * A pre-trained model: from the cache where one was made with these very settings, else trained and kept there as a
 * Hugging Face folder with its tokenizer.json.
 */
export const pretrain = (options: PretrainOptions): TE.TaskEither<EdgeError, Pretrained> => {
  const folder = folderOf(options)
  return pipe(
    readModel(folder, 'classify'),
    TE.map(({ params }): Pretrained => ({ params, folder, cached: true })),
    TE.orElse(() =>
      pipe(
        train(options),
        TE.tap((params) => store(folder, params, options)),
        TE.map((params): Pretrained => ({ params, folder, cached: false })),
      ),
    ),
  )
}
