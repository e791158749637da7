import {
  finite,
  integer,
  nonNegativeInteger,
  nonNegativeNumber,
  oneOf,
  open,
  readonlyList,
  t,
} from '@cotangent/prelude'

/** A number that may be undefined, such as an accuracy on no rows: `null`, since JSON has no NaN. */
export type MaybeNumber = number | null

/** Accuracy on texts in which each character was changed with some probability. */
export interface NoisePoint {
  /** Probability of a change, for each character, in [0, 1]. */
  readonly strength: number
  /** In [0, 1]. */
  readonly accuracy: number
}

/** What was measured on the test split after one run; shares are in [0, 1]. */
export interface RunMetrics {
  /** The metric named beforehand. */
  readonly macroF1: number
  /** Accuracy on the hidden group; the second metric. */
  readonly hardHamAccuracy: MaybeNumber
  readonly accuracy: number
  /** Matthews' correlation, in [-1, 1]. */
  readonly mcc: number
  /** Expected calibration error. */
  readonly ece: MaybeNumber
  /** F1 of spam against everything else. */
  readonly spamF1: MaybeNumber
  readonly accuracyUnderNoise: readonly NoisePoint[]
  /** Mean KL(teacher || student), in nats. */
  readonly driftKl: MaybeNumber
  /** Share of test mails whose answer differs from the teacher's. */
  readonly driftFlips: MaybeNumber
  readonly effectiveRankOutputs: MaybeNumber
  readonly effectiveRankHidden: MaybeNumber
  readonly trainableParameters: number
  readonly seconds: number
}

/** One named term of the loss over the steps of one run; `total` by convention names their weighted sum. */
export interface Curve {
  readonly term: string
  /** Unit of the values, such as `nats`; empty for none. */
  readonly unit: string
  /** [points], ascending. */
  readonly steps: readonly number[]
  /** [points]; the unweighted value of the term. */
  readonly values: readonly number[]
}

/** One training, measured. */
export interface SeedRun {
  /** Position in `pretrainings`; null for what uses no pre-trained model. */
  readonly pretraining: number | null
  readonly seed: number
  readonly metrics: RunMetrics
  /** Class answered for each test mail, [mails]. */
  readonly predicted: readonly number[]
  readonly curves: readonly Curve[]
  /** Singular values of the test logits, centred or not as the settings say, descending. */
  readonly outputSpectrum: readonly number[]
}

/** A value of a setting, as a configuration file holds it. */
export type SettingValue = string | number | boolean | null

/** Named settings; nested ones are written with dots, `pretraining.noise`. */
export type Settings = Readonly<Record<string, SettingValue>>

/** One trial of tuning on the validation split. */
export interface Trial {
  readonly settings: Settings
  /** Mean of the primary metric over the tuning seeds. */
  readonly score: MaybeNumber
}

/** Last hidden features of a sample of test mails, for the map. */
export interface HiddenSample {
  readonly pretraining: number | null
  readonly seed: number
  /** Group of each mail, [mails]. */
  readonly group: readonly number[]
  /** [mails][width] */
  readonly features: readonly (readonly number[])[]
}

/** A method with all its runs; a control (the teacher untouched, a bag of words) has the same form. */
export interface MethodResult {
  /** As in options and files, such as `ba-lora`. */
  readonly name: string
  /** As in text, such as `BA-LoRA`. */
  readonly label: string
  /** One sentence: what it does. */
  readonly description: string
  /** What tuning chose. */
  readonly chosen: Settings
  readonly trials: readonly Trial[]
  readonly runs: readonly SeedRun[]
  readonly hidden: HiddenSample | null
}

/** A pre-trained model that methods start from. */
export interface Pretraining {
  readonly kind: 'faulty' | 'clean'
  readonly seed: number
  /** One sentence: what was done to it. */
  readonly description: string
}

/** A part of the data. */
export interface Split {
  readonly name: string
  readonly mails: number
  /** What it is used for. */
  readonly use: string
}

/** Work of one phase, counted from shapes, and its time. */
export interface Work {
  readonly phase: string
  readonly flop: number
  readonly seconds: number
}

/** Everything a study found: what results.json holds, and what the report and the table are made from. */
export interface StudyResults {
  readonly format: 'cotangent-study'
  readonly version: 1
  readonly title: string
  /** The question that the study answers, as one sentence. */
  readonly question: string
  /** When it ended, ISO 8601; null where bytes are to be compared. */
  readonly created: string | null
  /** Seed of everything random, the resampling of the statistics included. */
  readonly seed: number
  /** Name of the method that is tested against each other method; null for none. */
  readonly judged: string | null
  /** Name of the method in whose respect the gain is compared after faulty and clean pre-training. */
  readonly rival: string | null
  /** Names of the classes. */
  readonly classes: readonly string[]
  /** Names of the groups of mails, such as ham, spam, hard ham. */
  readonly groups: readonly string[]
  /** Position in `groups` of the group that pre-training never saw; null for none. */
  readonly hiddenGroup: number | null
  /** Test mails that were read with character noise, for each strength. */
  readonly noisyMails: number
  /** The test mails: class, group and cluster of near-duplicates of each, [mails]. */
  readonly test: {
    readonly truth: readonly number[]
    readonly group: readonly number[]
    readonly cluster: readonly number[]
  }
  readonly data: { readonly source: string; readonly splits: readonly Split[] }
  readonly pretrainings: readonly Pretraining[]
  readonly methods: readonly MethodResult[]
  readonly controls: readonly MethodResult[]
  readonly settings: Settings
  readonly environment: Settings
  readonly work: readonly Work[]
  readonly warnings: readonly string[]
}

const maybeNumber: t.Type<MaybeNumber> = t.union([finite, t.null])
const maybeCount: t.Type<number | null> = t.union([nonNegativeInteger, t.null])
const settingValue: t.Type<SettingValue> = t.union([t.string, finite, t.boolean, t.null])
const settings: t.Type<Settings> = t.record(t.string, settingValue)

const runMetrics: t.Type<RunMetrics> = open({
  macroF1: finite,
  hardHamAccuracy: maybeNumber,
  accuracy: finite,
  mcc: finite,
  ece: maybeNumber,
  spamF1: maybeNumber,
  accuracyUnderNoise: readonlyList(open({ strength: finite, accuracy: finite })),
  driftKl: maybeNumber,
  driftFlips: maybeNumber,
  effectiveRankOutputs: maybeNumber,
  effectiveRankHidden: maybeNumber,
  trainableParameters: nonNegativeInteger,
  seconds: nonNegativeNumber,
})

const seedRun: t.Type<SeedRun> = open({
  pretraining: maybeCount,
  seed: integer,
  metrics: runMetrics,
  predicted: readonlyList(nonNegativeInteger),
  curves: readonlyList(
    open({ term: t.string, unit: t.string, steps: readonlyList(finite), values: readonlyList(finite) }),
  ),
  outputSpectrum: readonlyList(nonNegativeNumber),
})

const hiddenSample: t.Type<HiddenSample> = open({
  pretraining: maybeCount,
  seed: integer,
  group: readonlyList(nonNegativeInteger),
  features: readonlyList(readonlyList(finite)),
})

const methodResult: t.Type<MethodResult> = open({
  name: t.string,
  label: t.string,
  description: t.string,
  chosen: settings,
  trials: readonlyList(open({ settings, score: maybeNumber })),
  runs: readonlyList(seedRun),
  hidden: t.union([hiddenSample, t.null]),
})

/** Codec of {@link StudyResults}: types alone; `readResults` also checks that the parts fit each other. */
export const studyResults: t.Type<StudyResults> = open({
  format: t.literal('cotangent-study'),
  version: t.literal(1),
  title: t.string,
  question: t.string,
  created: t.union([t.string, t.null]),
  seed: integer,
  judged: t.union([t.string, t.null]),
  rival: t.union([t.string, t.null]),
  classes: readonlyList(t.string),
  groups: readonlyList(t.string),
  hiddenGroup: maybeCount,
  noisyMails: nonNegativeInteger,
  test: open({
    truth: readonlyList(nonNegativeInteger),
    group: readonlyList(nonNegativeInteger),
    cluster: readonlyList(nonNegativeInteger),
  }),
  data: open({
    source: t.string,
    splits: readonlyList(open({ name: t.string, mails: nonNegativeInteger, use: t.string })),
  }),
  pretrainings: readonlyList(open({ kind: oneOf('faulty', 'clean'), seed: integer, description: t.string })),
  methods: readonlyList(methodResult),
  controls: readonlyList(methodResult),
  settings,
  environment: settings,
  work: readonlyList(open({ phase: t.string, flop: nonNegativeNumber, seconds: nonNegativeNumber })),
  warnings: readonlyList(t.string),
})
