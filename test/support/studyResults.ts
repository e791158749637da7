import {
  accuracy,
  binaryF1,
  effectiveRank,
  groupAccuracy,
  macroF1,
  matthews,
} from '../../packages/experiment/src/metrics/index.js'
import type { Curve, MethodResult, SeedRun, StudyResults } from '../../packages/experiment/src/report/index.js'
import { type RandomStream, randomStream } from '../../packages/experiment/src/statistics/index.js'

/** What to make up. */
export interface SyntheticOptions {
  readonly seeds?: number
  /** Pre-training seeds of each kind; with more than one, clean pre-training is there too. */
  readonly pretrainings?: number
  readonly mails?: number
  /** Text that stands in every place where a study shows text from data. */
  readonly hostile?: string
}

const classNames = ['exmh', 'fork', 'ilug', 'razor', 'rpm', 'satalk', 'zzzzteana', 'direct mail', 'spam']
const spam = classNames.length - 1

/** How good a made-up method is. */
interface Kind {
  readonly name: string
  readonly label: string
  readonly description: string
  readonly skill: number
  readonly hardSkill: number
  readonly spread: number
  readonly parameters: number
  readonly seconds: number
  readonly rank: number
  readonly terms: readonly string[]
}

const methods: readonly Kind[] = [
  {
    name: 'full',
    label: 'Full fine-tuning',
    description: 'Trains every weight.',
    skill: 0.715,
    hardSkill: 0.5,
    spread: 0.02,
    parameters: 958_089,
    seconds: 6.1,
    rank: 0.6,
    terms: ['task'],
  },
  {
    name: 'lora',
    label: 'LoRA',
    description: 'Trains low-rank additions to query and value, started at zero.',
    skill: 0.675,
    hardSkill: 0.44,
    spread: 0.015,
    parameters: 9_353,
    seconds: 4.2,
    rank: 0.45,
    terms: ['task'],
  },
  {
    name: 'pissa',
    label: 'PiSSA',
    description: 'Trains low-rank additions started from the top singular directions of the weights.',
    skill: 0.7,
    hardSkill: 0.47,
    spread: 0.015,
    parameters: 9_353,
    seconds: 4.3,
    rank: 0.5,
    terms: ['task'],
  },
  {
    name: 'ba-lora',
    label: 'BA-LoRA',
    description: 'PiSSA with consistency, diversity and SVD regularisers.',
    skill: 0.735,
    hardSkill: 0.58,
    spread: 0.012,
    parameters: 9_353,
    seconds: 4.9,
    rank: 0.75,
    terms: ['task', 'consistency', 'diversity', 'svd', 'total'],
  },
]

const teacher: Kind = {
  name: 'teacher',
  label: 'Teacher, untouched',
  description: 'The pre-trained model as it is.',
  skill: 0.5,
  hardSkill: 0.2,
  spread: 0,
  parameters: 0,
  seconds: 0,
  rank: 0.3,
  terms: [],
}

const bag: Kind = {
  name: 'bag-of-words',
  label: 'Bag of words',
  description: 'tf-idf and logistic regression on the fine-tuning texts, without pre-training.',
  skill: 0.66,
  hardSkill: 0.4,
  spread: 0.02,
  parameters: 71_028,
  seconds: 0.4,
  rank: 0.7,
  terms: [],
}

const normal = (stream: RandomStream): number =>
  Math.sqrt(-2 * Math.log(1 - stream.uniform())) * Math.cos(2 * Math.PI * stream.uniform())

/** Cut to some digits; `+ 0` turns -0, which JSON does not know, into 0. */
const rounded = (x: number, digits = 5): number => Number(x.toFixed(digits)) + 0

type Test = StudyResults['test']

/** Test mails: classes as uneven as real mail, every twentieth group hard, near-duplicates in clusters. */
const testMails = (stream: RandomStream, mails: number): Test => {
  const truth: number[] = []
  const group: number[] = []
  const cluster: number[] = []
  const weights = [8, 9, 7, 3, 4, 6, 5, 18, 40]
  const sum = weights.reduce((a, b) => a + b, 0)
  for (let i = 0; i < mails; i++) {
    let left = stream.uniform() * sum
    const label = weights.findIndex((weight) => {
      left -= weight
      return left < 0
    })
    truth.push(label)
    group.push(label === spam ? 1 : stream.uniform() < 0.08 ? 2 : 0)
    cluster.push(label === spam && i > 0 && stream.uniform() < 0.3 ? (cluster[i - 1] ?? i) : i)
  }
  return { truth, group, cluster }
}

const curveOf = (term: string, kind: Kind, stream: RandomStream): Curve => {
  const steps = Array.from({ length: 60 }, (_, i) => i * 2)
  const shapes: Readonly<Record<string, (t: number) => number>> = {
    task: (t) => 0.5 + 1.7 * Math.exp(-5 * t) + 0.2 * (0.8 - kind.skill),
    consistency: (t) => 0.05 + 0.14 * (1 - Math.exp(-4 * t)),
    diversity: (t) => 1.5 * Math.exp(-2 * t) + 0.4,
    svd: (t) => -0.62 - 0.2 * (1 - Math.exp(-3 * t)),
    total: (t) => 0.55 + 1.72 * Math.exp(-5 * t),
  }
  const shape = shapes[term] ?? ((t: number) => 1 - t)
  const size = Math.abs(shape(0.5)) * 0.06
  const unit = term === 'task' || term === 'total' ? 'nats' : ''
  return { term, unit, steps, values: steps.map((step) => rounded(shape(step / 118) + size * normal(stream))) }
}

const runOf = (
  kind: Kind,
  seed: number,
  pretraining: number | null,
  clean: boolean,
  test: Test,
  stream: RandomStream,
): SeedRun => {
  const lift = clean ? 0.05 - (kind.name === 'ba-lora' ? 0.03 : 0) : 0
  const skill = kind.skill + lift + kind.spread * normal(stream)
  const predicted = test.truth.map((label, i) => {
    const hard = test.group[i] === 2
    const right = stream.uniform() < (hard ? kind.hardSkill : label === spam ? skill + 0.15 : skill)
    return right ? label : hard && stream.uniform() < 0.7 ? spam : stream.below(classNames.length)
  })
  const spectrum = Array.from({ length: 9 }, (_, i) =>
    rounded(120 * (0.35 + 0.6 * kind.rank) ** i * (1 + 0.05 * normal(stream)), 3),
  ).sort((a, b) => b - a)
  const right = accuracy(test.truth, predicted)
  const isSpam = (labels: readonly number[]) => labels.map((label) => Number(label === spam))
  return {
    pretraining,
    seed,
    metrics: {
      macroF1: rounded(macroF1(test.truth, predicted), 6),
      hardHamAccuracy: rounded(groupAccuracy(test.truth, predicted, test.group, 3)[2]?.accuracy ?? 0, 6),
      accuracy: rounded(right, 6),
      mcc: rounded(matthews(test.truth, predicted), 6),
      ece: rounded(0.06 + 0.1 * (0.8 - skill) + 0.01 * stream.uniform(), 6),
      spamF1: rounded(binaryF1(isSpam(test.truth), isSpam(predicted)), 6),
      accuracyUnderNoise: [0, 0.05, 0.1, 0.2, 0.3].map((strength) => ({
        strength,
        accuracy: rounded(
          0.2 + (right - 0.2) * Math.exp(-(3.5 - 2 * kind.rank) * strength) + 0.004 * normal(stream),
          6,
        ),
      })),
      driftKl: kind.name === 'bag-of-words' ? null : rounded(kind.parameters === 0 ? 0 : 0.6 - 0.3 * kind.rank, 6),
      driftFlips: kind.name === 'bag-of-words' ? null : rounded(kind.parameters === 0 ? 0 : 0.4 - 0.2 * kind.rank, 6),
      effectiveRankOutputs: rounded(effectiveRank(spectrum), 6),
      effectiveRankHidden: kind.name === 'bag-of-words' ? null : rounded(20 + 20 * kind.rank + normal(stream), 6),
      trainableParameters: kind.parameters,
      seconds: rounded(kind.seconds * (1 + 0.03 * normal(stream) ** 2), 2),
    },
    predicted,
    curves: kind.terms.map((term) => curveOf(term, kind, stream)),
    outputSpectrum: spectrum,
  }
}

const hiddenOf = (kind: Kind, stream: RandomStream): MethodResult['hidden'] => {
  const group = Array.from({ length: 240 }, (_, i) => (i < 120 ? 0 : i < 200 ? 1 : 2))
  const centre = [
    [0, 0, 0, 0],
    [4 * kind.rank + 1, 2, 0, 0],
    [2 - kind.rank, 3 * kind.rank, 2, 1],
  ]
  return {
    pretraining: 0,
    seed: 1,
    group,
    features: group.map((g) =>
      Array.from({ length: 16 }, (_, j) =>
        rounded((centre[g]?.[j % 4] ?? 0) + (j % 3 ? 0.6 : 1.3) * normal(stream), 3),
      ),
    ),
  }
}

/**
 * Results that no study measured, shaped like those of a real one, for looking at reports and for tests.
 *
 * @example renderReport(syntheticResults({ seeds: 8 }))
 */
export const syntheticResults = (options: SyntheticOptions = {}): StudyResults => {
  const { seeds = 8, pretrainings = 1, mails = 1200, hostile } = options
  const stream = randomStream(7)
  const word = (text: string) => (hostile === undefined ? text : `${hostile}${text}`)
  const test = testMails(stream, mails)
  const models = (pretrainings > 1 ? (['faulty', 'clean'] as const) : (['faulty'] as const)).flatMap((kind) =>
    Array.from({ length: pretrainings }, (_, seed) => ({
      kind,
      seed: seed + 1,
      description: word(
        kind === 'faulty'
          ? '30 % of labels wrong, classes 10 : 1 unbalanced, no hard ham'
          : 'labels as they are, classes as they come',
      ),
    })),
  )
  const numbers = Array.from({ length: seeds }, (_, i) => i + 1)
  const result = (kind: Kind, runs: readonly SeedRun[], hidden: boolean): MethodResult => ({
    name: word(kind.name),
    label: word(kind.label),
    description: word(kind.description),
    chosen:
      kind.terms.length === 0 ? {} : { rate: 0.002, ...(kind.name === 'ba-lora' ? { 'lambda.consistency': 0.1 } : {}) },
    trials: [0.0005, 0.002, 0.008].slice(0, kind.terms.length === 0 ? 0 : 3).map((rate, i) => ({
      settings: { [word('rate')]: rate },
      score: rounded(kind.skill - ([0.03, 0, 0.05][i] ?? 0), 4),
    })),
    runs,
    hidden: hidden ? hiddenOf(kind, stream) : null,
  })
  const everywhere = (kind: Kind, over: readonly number[]) =>
    models.flatMap(({ kind: fault }, m) => over.map((seed) => runOf(kind, seed, m, fault === 'clean', test, stream)))
  return {
    format: 'cotangent-study',
    version: 1,
    title: word('Does BA-LoRA help after faulty pre-training?'),
    question: word(
      'An encoder is pre-trained on mail with wrong labels, unbalanced classes and no hard ham. Which way of fine-tuning on a small clean set repairs it best?',
    ),
    created: '2026-03-01T12:00:00Z',
    seed: 1,
    judged: word('ba-lora'),
    rival: word('pissa'),
    classes: classNames.map(word),
    groups: ['ham', 'spam', 'hard ham'].map(word),
    hiddenGroup: 2,
    noisyMails: 75,
    test,
    data: {
      source: word('SpamAssassin public corpus, 6,046 mails'),
      splits: [
        { name: word('pre-training'), mails: 3400, use: 'masked words and noisy labels' },
        { name: 'fine-tuning', mails: 600, use: 'a subset of 300 for each seed' },
        { name: 'validation', mails: 600, use: 'tuning' },
        { name: 'test', mails, use: 'everything in this report' },
      ],
    },
    pretrainings: models,
    methods: methods.map((kind) => result(kind, everywhere(kind, numbers), true)),
    controls: [
      result(teacher, everywhere(teacher, [1]), true),
      result(
        bag,
        numbers.map((seed) => runOf(bag, seed, null, false, test, stream)),
        false,
      ),
    ],
    settings: {
      [word('engine')]: word('onnx'),
      'encoder.layers': 2,
      'encoder.width': 128,
      'encoder.tokens': 64,
      'encoder.vocabulary': 4000,
      'pretraining.noise': 0.3,
      'pretraining.imbalance': 10,
      'adapter.rank': 8,
      'adapter.targets': 'query, value',
      batch: 16,
      steps: 120,
      'tuning.trials': 3,
      seeds: seeds,
    },
    environment: { node: 'v20.20.2', processor: word('2 cores'), onnxruntime: '1.30.0', threads: 2, bits: 'f32' },
    work: [
      { phase: word('pre-training, masked words'), flop: 3.1e12, seconds: 21.4 },
      { phase: 'pre-training, labels', flop: 0.9e12, seconds: 6.2 },
      { phase: 'tuning', flop: 2.4e12, seconds: 17.3 },
      { phase: 'fine-tuning', flop: 4.2e12, seconds: 33.8 },
      { phase: 'evaluation', flop: 1.6e12, seconds: 10.5 },
    ],
    warnings: hostile === undefined ? ['212 of 1,200 test mails are longer than 64 tokens and were cut.'] : [hostile],
  }
}
