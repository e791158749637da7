import type { Interval } from './bootstrap.js'
import type { Comparison } from './compare.js'
import type { Interaction } from './interaction.js'

/** A comparison with what is needed to say it: the other method's label, both means, the difference's interval. */
export interface SpokenComparison {
  readonly label: string
  readonly judgedMean: number
  readonly otherMean: number
  /** Bootstrap interval of judged minus other; null when it was not made. */
  readonly interval: Interval | null
  readonly test: Comparison
}

/** One metric with its family of comparisons. */
export interface SpokenMetric {
  /** As in running text, for example "macro F1". */
  readonly label: string
  readonly comparisons: readonly SpokenComparison[]
}

/** What a verdict is about. */
export interface VerdictInput {
  /** Label of the judged method. */
  readonly judged: string
  /** The metric that was named beforehand. */
  readonly primary: SpokenMetric
  readonly secondary?: readonly SpokenMetric[]
  /** What is not fine-tuning, with its mean of the primary metric. */
  readonly controls?: readonly { readonly label: string; readonly mean: number }[]
  /** Fine-tuning seeds. */
  readonly seeds: number
  /** Seeds of pre-training: with one, the verdict holds for one pre-trained model. */
  readonly pretrainings: number
  readonly interaction?: { readonly other: string; readonly result: Interaction }
  /** Threshold for p after Holm; 0.05 if left out. */
  readonly alpha?: number
}

/** The outcome in words, made from the numbers alone. */
export interface Verdict {
  readonly outcome:
    | 'better'
    | 'partly better'
    | 'mixed'
    | 'worse'
    | 'no difference found'
    | 'undecidable'
    | 'not compared'
  readonly headline: string
  readonly sentences: readonly string[]
}

const percent = (share: number): string => (100 * share).toFixed(1)
const points = (share: number): string => `${percent(Math.abs(share))} points`
const signed = (share: number): string => `${share < 0 ? '−' : '+'}${percent(Math.abs(share))}`

/** p with two significant digits; never shown as 0. */
export const formatP = (p: number): string => (p < 0.0001 ? '< 0.0001' : p >= 0.9995 ? '1' : p.toPrecision(2))

const saidP = (p: number): string => (formatP(p).startsWith('<') ? `p ${formatP(p)}` : `p = ${formatP(p)}`)

const list = (items: readonly string[]): string =>
  items.length < 2 ? items.join('') : `${items.slice(0, -1).join(', ')} and ${items.at(-1)}`

const capitalised = (text: string): string => text.slice(0, 1).toUpperCase() + text.slice(1)

/** Smallest n with comparisons · 2^(1-n) <= alpha: seeds after which significance is within reach. */
const seedsNeeded = (comparisons: number, alpha: number): number => Math.ceil(1 + Math.log2(comparisons / alpha))

const split = ({ comparisons }: SpokenMetric, alpha: number) => {
  const significant = comparisons.filter(({ test }) => test.holmP <= alpha)
  return {
    better: significant.filter(({ test }) => test.meanDifference > 0),
    worse: significant.filter(({ test }) => test.meanDifference < 0),
    open: comparisons.filter(({ test }) => test.holmP > alpha),
    outOfReach: comparisons.every(({ test }) => test.smallestHolmP > alpha),
  }
}

const labels = (comparisons: readonly SpokenComparison[]): string => list(comparisons.map(({ label }) => label))

const headlineOf = (input: VerdictInput, alpha: number): Pick<Verdict, 'outcome' | 'headline'> => {
  const { judged, primary, seeds } = input
  const { better, worse, open, outOfReach } = split(primary, alpha)
  const on = `on ${primary.label}`
  if (primary.comparisons.length === 0) {
    return { outcome: 'not compared', headline: `${judged} was compared with no other method.` }
  }
  if (outOfReach) {
    return {
      outcome: 'undecidable',
      headline: `Undecided: with ${seeds} ${seeds === 1 ? 'seed' : 'seeds'} no difference between ${judged} and the others could have become significant ${on}.`,
    }
  }
  const rest = open.length > 0 ? ` Against ${labels(open)} no difference was found.` : ''
  if (better.length > 0 && worse.length > 0) {
    return {
      outcome: 'mixed',
      headline: `${judged} is better than ${labels(better)} and worse than ${labels(worse)} ${on}.${rest}`,
    }
  }
  if (better.length > 0) {
    const everyone = open.length === 0 && better.length > 1 ? ': better than every method it was compared with' : ''
    const outcome = open.length === 0 ? 'better' : 'partly better'
    return { outcome, headline: `${judged} is better than ${labels(better)} ${on}${everyone}.${rest}` }
  }
  if (worse.length > 0) return { outcome: 'worse', headline: `${judged} is worse than ${labels(worse)} ${on}.${rest}` }
  return {
    outcome: 'no difference found',
    headline: `No difference between ${judged} and ${labels(open)} was found ${on}.`,
  }
}

const comparisonSentence = (
  { label, judgedMean, otherMean, interval, test }: SpokenComparison,
  judged: string,
  metric: string,
): string => {
  const { meanDifference, n, wins, ties, holmP, p } = test
  const direction =
    meanDifference === 0
      ? `as high as ${label}`
      : `${points(meanDifference)} ${meanDifference > 0 ? 'above' : 'below'} ${label}`
  const range = interval
    ? `; ${Math.round(100 * interval.level)} % interval of the difference ${signed(interval.low)} to ${signed(interval.high)}`
    : ''
  const tied = ties > 0 ? `, equal on ${ties}` : ''
  return (
    `${metric} of ${judged} is ${direction} (${percent(judgedMean)} against ${percent(otherMean)}${range}); ` +
    `higher on ${wins} of ${n} seeds${tied}; ${saidP(p)}, after Holm ${formatP(holmP)}.`
  )
}

const reachSentence = ({ primary, seeds }: VerdictInput, alpha: number): readonly string[] => {
  const attainable = primary.comparisons.map(({ test }) => test.smallestHolmP)
  if (attainable.length === 0) return []
  const smallest = Math.min(...attainable)
  const out = smallest > alpha
  return [
    `With ${seeds} ${seeds === 1 ? 'seed' : 'seeds'} and ${attainable.length} ` +
      `${attainable.length === 1 ? 'comparison' : 'comparisons'} the smallest p that can be reached after Holm is ` +
      `${formatP(smallest)}${out ? `, above the threshold of ${alpha}: run at least ${seedsNeeded(attainable.length, alpha)} seeds to decide` : ` (threshold ${alpha})`}.`,
  ]
}

const secondarySentence = (metric: SpokenMetric, judged: string, alpha: number): readonly string[] => {
  if (metric.comparisons.length === 0) return []
  const { better, worse, open } = split(metric, alpha)
  const parts = [
    ...(better.length > 0 ? [`better than ${labels(better)}`] : []),
    ...(worse.length > 0 ? [`worse than ${labels(worse)}`] : []),
    ...(open.length > 0 ? [`not shown to differ from ${labels(open)}`] : []),
  ]
  const numbers = metric.comparisons.map(
    ({ label, test }) => `${signed(test.meanDifference)} points against ${label}, p after Holm ${formatP(test.holmP)}`,
  )
  return [`${capitalised(metric.label)}: ${judged} is ${list(parts)} (${numbers.join('; ')}).`]
}

const controlSentences = ({ controls = [], primary, judged }: VerdictInput): readonly string[] => {
  const mean = primary.comparisons[0]?.judgedMean
  if (mean === undefined) return []
  return controls.map(({ label, mean: control }) =>
    control > mean
      ? `${label} reaches ${percent(control)} on ${primary.label}, ${points(control - mean)} more than ${judged}: on this task fine-tuning this model does not pay.`
      : `${label} reaches ${percent(control)} on ${primary.label}, ${points(mean - control)} less than ${judged}.`,
  )
}

const interactionSentences = ({ interaction, judged }: VerdictInput, alpha: number): readonly string[] => {
  if (!interaction) return []
  const { other, result } = interaction
  const { gainFaulty, gainClean, perPretraining, overSeeds, overPretrainings } = result
  const difference = gainFaulty - gainClean
  const along = perPretraining.filter((value) => value !== 0 && value > 0 === difference > 0).length
  const finding =
    overSeeds.p <= alpha
      ? `the gain ${difference > 0 ? 'is larger' : 'is smaller'} after faulty pre-training`
      : 'no dependence of the gain on the fault of the pre-training was found'
  const models = perPretraining.length
  return [
    `Against ${other}, ${judged} gains ${signed(gainFaulty)} points after faulty and ${signed(gainClean)} points after clean pre-training: ` +
      `${finding} (difference ${signed(difference)} points, ${saidP(overSeeds.p)} over ${overSeeds.n} seeds, smallest attainable ${formatP(overSeeds.smallestP)}).`,
    models === 1
      ? 'That rests on one pair of pre-trained models.'
      : `The difference has this sign in ${along} of ${models} pairs of pre-trained models; over pre-trainings alone ${saidP(overPretrainings.p)}, and none below ${formatP(overPretrainings.smallestP)} exists for ${models}.`,
  ]
}

/**
 * The verdict in words: what was found, how sure it is, and what it does not say.
 *
 * It follows from the numbers by fixed rules: "better" and "worse" need p after Holm at most alpha on the primary metric;
 * anything else is "no difference was found", and "undecided" where no p that small exists for so few seeds.
 *
 * @example verdict({ judged: 'BA-LoRA', primary, seeds: 8, pretrainings: 1 }).headline
 */
export const verdict = (input: VerdictInput): Verdict => {
  const { judged, primary, secondary = [], pretrainings, alpha = 0.05 } = input
  const { outcome, headline } = headlineOf(input, alpha)
  const open = split(primary, alpha).open.length > 0
  return {
    outcome,
    headline,
    sentences: [
      ...primary.comparisons.map((comparison) => comparisonSentence(comparison, judged, capitalised(primary.label))),
      ...reachSentence(input, alpha),
      ...(open
        ? ['No difference found does not mean that there is none: see the intervals for what remains possible.']
        : []),
      ...secondary.flatMap((metric) => secondarySentence(metric, judged, alpha)),
      ...controlSentences(input),
      ...interactionSentences(input, alpha),
      pretrainings > 1
        ? `This was measured on ${pretrainings} seeds of pre-training.`
        : 'This holds for one pre-trained model: seeds vary the fine-tuning alone, so it says nothing of other pre-trainings.',
    ],
  }
}
