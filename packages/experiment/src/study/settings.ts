import {
  between,
  closed,
  integerBetween,
  nonEmptyString,
  nonNegativeNumber,
  oneOf,
  positiveInteger,
  positiveNumber,
  probability,
  readonlyList,
  refined,
  t,
} from '@cotangent/prelude'

const seed = integerBetween(0, 2 ** 32 - 1)

/** Everything that decides what a study computes. What is left out of a file keeps its default. */
export interface StudySettings {
  /** Decides every random number of the study. */
  readonly seed: number
  /** Fine-tuning seeds: subset, order, head and adapter key. */
  readonly seeds: number
  /** Methods to compare, in the order of the table. */
  readonly methods: readonly string[]
  /** Rank of the adapters, and their alpha; the scale is alpha / rank. */
  readonly rank: number
  readonly alpha: number
  readonly model: ModelSettings
  readonly pretraining: PretrainingSettings
  readonly fineTuning: FineTuningSettings
  readonly tuning: TuningSettings
  readonly evaluation: EvaluationSettings
}

export interface ModelSettings {
  readonly layers: number
  readonly width: number
  readonly heads: number
  /** Tokens a mail is cut to. */
  readonly length: number
  readonly vocabulary: number
}

export interface PretrainingSettings {
  /** Share of labels made wrong. */
  readonly noise: number
  /** Size of the largest class over that of the smallest. */
  readonly imbalance: number
  /** Pre-trained models of each kind. */
  readonly models: number
  /** Whether clean pre-training is run too, to compare with. */
  readonly clean: boolean
  readonly batch: number
  /** Pieces of a mail that are read, one behind the other, each of the model's length. */
  readonly windows: number
  /** Passes over all pieces to fill in masked words, and over the mails (a random piece of each) to learn the labels. */
  readonly wordEpochs: number
  readonly labelEpochs: number
  /** Share of tokens that are masked. */
  readonly masked: number
  /** Share of tokens that are hidden while labels are learnt, so that no single word decides. */
  readonly hidden: number
  readonly wordRate: number
  readonly labelRate: number
}

export interface FineTuningSettings {
  /** Whether the classifier starts as pre-training left it, or anew. */
  readonly head: 'pretrained' | 'fresh'
  /** Mails in a fine-tuning set, and whether all classes are equally frequent in it or as they are in the pool. */
  readonly mails: number
  readonly classes: 'balanced' | 'natural'
  readonly batch: number
  readonly epochs: number
  readonly weightDecay: number
  readonly maxGradientNorm: number
  /** The number of singular values that the SVD term favours. */
  readonly k: number
}

export interface TuningSettings {
  /** Settings tried for each method. */
  readonly trials: number
  /** Seeds each is tried with; none of them is a seed of the comparison. */
  readonly seeds: number
  /** Bounds of the learning rates tried, for all parameters and for adapters. */
  readonly fullRates: readonly [number, number]
  readonly adapterRates: readonly [number, number]
  /** Bounds of the factor on the paper's λ. */
  readonly lambdaFactors: readonly [number, number]
}

export interface EvaluationSettings {
  /** Test mails that are read with character noise, for each strength; 0 for all. */
  readonly noisyMails: number
  /** Probabilities of a changed character. */
  readonly noiseStrengths: readonly number[]
  /** Test mails in the map of hidden features. */
  readonly mapMails: number
}

const bounds: t.Type<readonly [number, number]> = refined(
  t.readonly(t.tuple([positiveNumber, positiveNumber])),
  ([low, high]) => low <= high,
  'two numbers above 0, the smaller one first',
)

/** The settings as a file may hold them: any part, the rest as the preset has it. */
export const studySettingsFile = closed(
  {},
  {
    seed,
    seeds: integerBetween(1, 1000),
    methods: readonlyList(nonEmptyString),
    rank: positiveInteger,
    alpha: positiveNumber,
    model: closed(
      {},
      {
        layers: integerBetween(1, 48),
        width: positiveInteger,
        heads: positiveInteger,
        length: integerBetween(4, 512),
        vocabulary: integerBetween(300, 100_000),
      },
    ),
    pretraining: closed(
      {},
      {
        noise: probability,
        imbalance: between(1, 1000),
        models: integerBetween(1, 100),
        clean: t.boolean,
        batch: positiveInteger,
        windows: integerBetween(1, 16),
        wordEpochs: integerBetween(0, 1000),
        labelEpochs: integerBetween(1, 1000),
        masked: between(0.01, 0.9),
        hidden: between(0, 0.9),
        wordRate: positiveNumber,
        labelRate: positiveNumber,
      },
    ),
    fineTuning: closed(
      {},
      {
        head: oneOf('pretrained', 'fresh'),
        mails: integerBetween(9, 1200),
        classes: oneOf('balanced', 'natural'),
        batch: integerBetween(2, 1024),
        epochs: integerBetween(1, 1000),
        weightDecay: nonNegativeNumber,
        maxGradientNorm: positiveNumber,
        k: positiveInteger,
      },
    ),
    tuning: closed(
      {},
      {
        trials: integerBetween(1, 1000),
        seeds: integerBetween(1, 100),
        fullRates: bounds,
        adapterRates: bounds,
        lambdaFactors: bounds,
      },
    ),
    evaluation: closed(
      {},
      {
        noisyMails: integerBetween(0, 10_000),
        noiseStrengths: readonlyList(probability),
        mapMails: integerBetween(0, 10_000),
      },
    ),
  },
)

/** Any part of the settings. */
export type StudySettingsFile = t.TypeOf<typeof studySettingsFile>

/** What `cotangent study` does without options. */
export const defaultSettings: StudySettings = {
  seed: 0,
  seeds: 8,
  methods: ['full', 'lora', 'pissa', 'ba-lora'],
  rank: 8,
  alpha: 8,
  model: { layers: 2, width: 128, heads: 4, length: 64, vocabulary: 4000 },
  pretraining: {
    noise: 0.2,
    imbalance: 10,
    models: 1,
    clean: false,
    batch: 16,
    windows: 3,
    wordEpochs: 1,
    labelEpochs: 8,
    masked: 0.15,
    hidden: 0.3,
    wordRate: 2e-3,
    labelRate: 1e-3,
  },
  fineTuning: {
    head: 'pretrained',
    mails: 270,
    classes: 'balanced',
    batch: 16,
    epochs: 3,
    weightDecay: 0.01,
    maxGradientNorm: 1,
    k: 3,
  },
  tuning: {
    trials: 4,
    seeds: 1,
    fullRates: [2e-4, 2e-3],
    adapterRates: [1e-3, 1e-2],
    lambdaFactors: [0.1, 3],
  },
  evaluation: { noisyMails: 64, noiseStrengths: [0.05, 0.1, 0.2], mapMails: 240 },
}

type Change<T> = {
  readonly [K in keyof T]?: T[K] extends readonly unknown[] ? T[K] : T[K] extends object ? Change<T[K]> : T[K]
}

/** Settings with parts of them replaced; lists are replaced whole. */
export const withSettings = (base: StudySettings, change: Change<StudySettings>): StudySettings => ({
  ...base,
  ...change,
  model: { ...base.model, ...change.model },
  pretraining: { ...base.pretraining, ...change.pretraining },
  fineTuning: { ...base.fineTuning, ...change.fineTuning },
  tuning: { ...base.tuning, ...change.tuning },
  evaluation: { ...base.evaluation, ...change.evaluation },
})

/** A look at the whole road in about a minute: few seeds, one trial; its figures decide nothing. */
export const quickSettings = withSettings(defaultSettings, {
  seeds: 2,
  pretraining: { windows: 1, labelEpochs: 1 },
  fineTuning: { mails: 90, epochs: 2 },
  tuning: { trials: 1 },
  evaluation: { noisyMails: 64, noiseStrengths: [0.1], mapMails: 150 },
})

/** Three pre-trained models of each kind, faulty and clean, so that the interaction can be judged. */
export const fullSettings = withSettings(defaultSettings, { pretraining: { models: 3, clean: true } })

/** Settings by the name of their preset. */
export const presets = { default: defaultSettings, quick: quickSettings, full: fullSettings } as const
