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
  bertConfig,
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

export type PretrainingKind = 'faulty' | 'clean'

/**
 * The encoder's configuration. No dropout: the runs are short, and the model small. Weights start with deviation
 * 1/√width: BERT's 0.02 suits widths near 2,500 in this respect, and a narrow model would hardly pass signals on.
 */
export const studyConfig = ({ model }: StudySettings, classes: readonly string[], vocabulary: number): BertConfig =>
  bertConfig({
    vocab_size: vocabulary,
    hidden_size: model.width,
    num_hidden_layers: model.layers,
    num_attention_heads: model.heads,
    intermediate_size: 4 * model.width,
    max_position_embeddings: model.length,
    initializer_range: Number((1 / Math.sqrt(model.width)).toPrecision(3)),
    type_vocab_size: 2,
    hidden_dropout_prob: 0,
    attention_probs_dropout_prob: 0,
    id2label: Object.fromEntries(classes.map((label, i) => [String(i), label])),
  })

/** What is wrong in a kind of pre-training, by the settings. */
export const faultsOfKind = (kind: PretrainingKind, { pretraining }: StudySettings): PretrainingFaults =>
  kind === 'clean' ? noFaults : { noise: pretraining.noise, imbalance: pretraining.imbalance, withoutHardHam: true }

export const describeKind = (kind: PretrainingKind, { pretraining }: StudySettings): string =>
  kind === 'clean'
    ? 'Masked words, then true labels in their natural counts, hard ham included'
    : `Masked words, then labels of which ${Math.round(100 * pretraining.noise)} % are wrong, the largest class ${pretraining.imbalance} times the smallest, without hard ham`

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

const learnWords = async (
  options: PretrainOptions,
  params: BertMaskedWordsParams,
): Promise<E.Either<NonFinite, BertMaskedWordsParams>> => {
  const { settings, data, config, engine, kind, model, onStep, signal } = options
  const { pretraining } = settings
  const use = [settings.seed, 'words', kind, model] as const
  const batches = batchesOf(wordRows(options), pretraining.batch, pretraining.wordEpochs, ...use, 'order')
  const steps = batches.length
  const masks = streamOf(...use, 'masks')
  const schedule = linearSchedule(steps)
  const step = compileCounted(
    trainingStep({
      forward: (whole, _, batch: WordBatch): WordInput => ({
        // border: the tree that training started from
        logits: bertMaskedWords(config, whole as BertMaskedWordsParams, batch, { positions: batch.positions }).logits,
        labels: batch.labels,
      }),
      objective: wordObjective,
      schedule,
      optimizer,
    }),
    engine,
    { donate: [0, 1] },
  )
  const rate = scalar(pretraining.wordRate)
  const result = await fit({
    step: step.call,
    trainable: params,
    state: optimizer(schedule).init(params),
    frozen: { params: null, teacher: null },
    steps,
    batchAt: (i) =>
      maskWords(
        data.windows.tokens,
        batches[i] ?? [],
        {
          share: pretraining.masked,
          maskId: data.tokenizer.maskId,
          vocabulary: data.tokenizer.vocabularySize,
          firstWord: specialTokens.length,
        },
        masks,
      ),
    hyperAt: (i) => ({ rate, weights: weightsAt(wordObjective, i / steps), key: null }),
    onStep: (record) => onStep('words', record, step.flop(), pretraining.batch),
    signal,
  })
  return pipe(
    result,
    E.map(({ trainable }) => trainable as BertMaskedWordsParams), // border: as above
  )
}

type LabelBatch = TokenBatch & { readonly labels: Tensor; readonly mask: Tensor }

const learnLabels = async (
  options: PretrainOptions,
  params: BertClassifierParams,
): Promise<E.Either<NonFinite, BertClassifierParams>> => {
  const { settings, data, config, engine, kind, model, onStep, signal } = options
  const { pretraining } = settings
  const part = data.parts.pretraining
  const use = [settings.seed, 'labels', kind, model] as const
  const { places, labels } = pretrainingSet(
    part.mails,
    faultsOfKind(kind, settings),
    streamOf(...use, 'faults').uniform,
  )
  const given = Int32Array.from(part.labels)
  for (const [i, place] of places.entries()) given[place] = classOf(labels[i] ?? 'other')
  const batches = batchesOf(places, pretraining.batch, pretraining.labelEpochs, ...use, 'order')
  const steps = batches.length
  const pieceOf = streamOf(...use, 'pieces')
  const schedule = linearSchedule(steps)
  const step = compileCounted(
    trainingStep({
      forward: (whole, _, batch: LabelBatch): LabelInput => ({
        // border: the tree that training started from
        logits: bertClassify(config, whole as BertClassifierParams, batch).logits,
        labels: batch.labels,
        mask: batch.mask,
      }),
      objective: labelObjective,
      schedule,
      optimizer,
    }),
    engine,
    { donate: [0, 1] },
  )
  const rate = scalar(pretraining.labelRate)
  const result = await fit({
    step: step.call,
    trainable: params,
    state: optimizer(schedule).init(params),
    frozen: { params: null, teacher: null },
    steps,
    batchAt: (i): LabelBatch => {
      const mails = batches[i] ?? []
      const pieces = mails.map((mail) => {
        const own = data.windows.ofMail[mail] ?? [-1]
        return own[pieceOf.below(own.length)] ?? -1
      })
      const hidden = { share: pretraining.hidden, maskId: data.tokenizer.maskId, firstWord: specialTokens.length }
      return { ...hideWords(data.windows.tokens, pieces, hidden, pieceOf), ...labelBatch(given, mails) }
    },
    hyperAt: (i) => ({ rate, weights: weightsAt(labelObjective, i / steps), key: null }),
    onStep: (record) => onStep('labels', record, step.flop(), pretraining.batch),
    signal,
  })
  return pipe(
    result,
    E.map(({ trainable }) => trainable as BertClassifierParams), // border: as above
  )
}

/** Mails read in both phases, for progress: a short last batch counts whole. */
export const pretrainingMails = (options: Omit<PretrainOptions, 'onStep' | 'signal'>): number => {
  const { settings, data, kind, model } = options
  const { batch, wordEpochs, labelEpochs } = settings.pretraining
  const rounded = (rows: number): number => Math.ceil(rows / batch) * batch
  const words = wordRows(options).length
  const use = [settings.seed, 'labels', kind, model, 'faults'] as const
  const { places } = pretrainingSet(
    data.parts.pretraining.mails,
    faultsOfKind(kind, settings),
    streamOf(...use).uniform,
  )
  return rounded(words) * wordEpochs + rounded(places.length) * labelEpochs
}

/** Names a model by everything that made it: another setting, another folder. */
const folderOf = ({ kind, model, settings, data, engine, threads, cache }: PretrainOptions): string => {
  const { noise, imbalance, models: _models, clean: _clean, ...shared } = settings.pretraining
  const faults = kind === 'faulty' ? { noise, imbalance } : {}
  const made = {
    version,
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

/** Writes the model and its tokeniser; the tokeniser last, so that a folder with one is whole. */
const store = (
  folder: string,
  params: BertClassifierParams,
  options: PretrainOptions,
): TE.TaskEither<EdgeError, void> =>
  pipe(
    ensureOutputFolder(folder, { reuse: true }),
    TE.flatMap(() => writeModel(folder, options.config, params)),
    TE.flatMap(() =>
      writeFileAtomic(join(folder, 'tokenizer.json'), printTokenizerFile(options.data.tokenizer.vocabulary)),
    ),
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
