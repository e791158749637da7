import { escapeForTerminal } from '@cotangent/prelude'
import {
  type Comparison,
  compareMethods,
  type Interaction,
  type Interval,
  interaction,
  type SpokenMetric,
  summarise,
  type Verdict,
  verdict,
  weightedAccuracy,
  weightedMacroF1,
} from '../statistics/index.js'
import { type RunColumn, runColumns } from './columns.js'
import { mailsOf, type ResampleRule, resampledInterval } from './resample.js'
import type { MethodResult, SeedRun, StudyResults } from './results.js'

/** Mean over seeds of one metric, with its spread and, where mails were resampled, its interval. */
export interface Estimate {
  readonly values: readonly number[]
  readonly n: number
  readonly mean: number
  readonly std: number
  readonly interval: Interval | null
}

/** One method after one kind of pre-training. */
export interface MethodRow {
  readonly method: MethodResult
  readonly role: 'method' | 'control'
  readonly judged: boolean
  /** Ascending. */
  readonly seeds: readonly number[]
  /** Runs of each seed, one for each pre-training, [seeds]. */
  readonly runs: readonly (readonly SeedRun[])[]
  /** By the key of the column. */
  readonly estimates: ReadonlyMap<string, Estimate>
}

/** One metric's tests of the judged method against each other method. */
export interface TestFamily {
  readonly metric: RunColumn
  readonly comparisons: readonly { readonly row: MethodRow; readonly interval: Interval; readonly test: Comparison }[]
}

/** Everything after one kind of pre-training. */
export interface Condition {
  readonly kind: 'faulty' | 'clean'
  /** How many pre-trained models of this kind there are. */
  readonly pretrainings: number
  readonly rows: readonly MethodRow[]
  /** The primary metric first; empty where no method is judged. */
  readonly families: readonly TestFamily[]
}

/** What follows from the results by statistics. */
export interface Analysis {
  /** Faulty pre-training first; the verdict is about the first. */
  readonly conditions: readonly [Condition, ...Condition[]]
  readonly interaction: Interaction | null
  readonly verdict: Verdict
}

const primary = runColumns.macroF1
const secondary = runColumns.hardHamAccuracy

/** Runs by seed, ascending, those after the wanted kind of pre-training or after none. */
const runsBySeed = (
  { runs }: MethodResult,
  kind: 'faulty' | 'clean',
  { pretrainings }: StudyResults,
): ReadonlyMap<number, readonly SeedRun[]> => {
  const wanted = runs.filter((run) => run.pretraining === null || pretrainings[run.pretraining]?.kind === kind)
  const seeds = [...new Set(wanted.map(({ seed }) => seed))].sort((a, b) => a - b)
  return new Map(seeds.map((seed) => [seed, wanted.filter((run) => run.seed === seed)]))
}

const meanOf = (values: readonly number[]): number => summarise(values).mean

/** A column's value for one seed: the mean over its pre-trainings; NaN where it was not measured. */
const seedValue = (runs: readonly SeedRun[], { read }: RunColumn): number =>
  meanOf(runs.flatMap(({ metrics }) => read(metrics) ?? []))

/** How a metric's interval is made; null where it cannot be had from answers alone. */
const ruleOf = (column: RunColumn, results: StudyResults, resamples: number): ResampleRule | null => {
  const all = results.test.truth.map((_, i) => i)
  if (column.key === 'macroF1') return { only: all, statistic: weightedMacroF1, resamples }
  if (column.key === 'accuracy') return { only: all, statistic: weightedAccuracy, resamples }
  if (column.key !== 'hardHamAccuracy' || results.hiddenGroup === null) return null
  return { only: mailsOf(results, results.hiddenGroup), statistic: weightedAccuracy, resamples }
}

const methodRow = (
  method: MethodResult,
  role: MethodRow['role'],
  kind: Condition['kind'],
  results: StudyResults,
  resamples: number,
): MethodRow => {
  const grouped = runsBySeed(method, kind, results)
  const runs = [...grouped.values()]
  const estimates = Object.values(runColumns).map((column): readonly [string, Estimate] => {
    const values = runs.map((group) => seedValue(group, column)).filter((value) => !Number.isNaN(value))
    const { n, mean, std } = summarise(values)
    const rule = ruleOf(column, results, resamples)
    const interval = rule ? resampledInterval(results, rule, runs) : null
    return [column.key, { values, n, mean, std, interval }]
  })
  return {
    method,
    role,
    judged: role === 'method' && method.name === results.judged,
    seeds: [...grouped.keys()],
    runs,
    estimates: new Map(estimates),
  }
}

/** The runs of one row on some seeds, in their order. */
const runsOn = (row: MethodRow, seeds: readonly number[]): readonly (readonly SeedRun[])[] =>
  seeds.map((seed) => row.runs[row.seeds.indexOf(seed)] ?? [])

const sharedSeeds = (rows: readonly MethodRow[]): readonly number[] =>
  (rows[0]?.seeds ?? []).filter((seed) => rows.every(({ seeds }) => seeds.includes(seed)))

const families = (rows: readonly MethodRow[], results: StudyResults, resamples: number): readonly TestFamily[] => {
  const methods = rows.filter(({ role }) => role === 'method')
  const judged = methods.find((row) => row.judged)
  const seeds = sharedSeeds(methods)
  if (!judged || seeds.length === 0) return []
  const others = methods.filter((row) => row !== judged)
  const metrics = results.hiddenGroup === null ? [primary] : [primary, secondary]
  return metrics.flatMap((metric) => {
    const values = (row: MethodRow) => runsOn(row, seeds).map((runs) => seedValue(runs, metric))
    // a group without mails has no accuracy to compare
    if (methods.some((row) => values(row).some(Number.isNaN))) return []
    const tests = compareMethods(
      { name: judged.method.name, values: values(judged) },
      others.map((row) => ({ name: row.method.name, values: values(row) })),
      { seed: results.seed },
    )
    const rule = ruleOf(metric, results, resamples)
    const comparisons = others.flatMap((row, i) => {
      const test = tests[i]
      const interval = rule ? resampledInterval(results, rule, runsOn(judged, seeds), runsOn(row, seeds)) : null
      return test && interval ? [{ row, interval, test }] : []
    })
    return [{ metric, comparisons }]
  })
}

const condition = (kind: Condition['kind'], results: StudyResults, resamples: number): Condition => {
  const rows = [
    ...results.methods.map((method) => methodRow(method, 'method', kind, results, resamples)),
    ...results.controls.map((method) => methodRow(method, 'control', kind, results, resamples)),
  ].filter(({ runs }) => runs.length > 0)
  const pretrainings = results.pretrainings.filter((pretraining) => pretraining.kind === kind).length
  return { kind, pretrainings, rows, families: families(rows, results, resamples) }
}

/** The primary metric as [pre-trainings][seeds] after one kind of pre-training; empty where a run is missing. */
const cells = (name: string, kind: Condition['kind'], results: StudyResults): readonly (readonly number[])[] => {
  const method = results.methods.find((candidate) => candidate.name === name)
  const models = results.pretrainings.flatMap((pretraining, i) => (pretraining.kind === kind ? [i] : []))
  const seeds = [...new Set((method?.runs ?? []).map(({ seed }) => seed))].sort((a, b) => a - b)
  return models.map((model) =>
    seeds.flatMap((seed) => {
      const run = method?.runs.find((candidate) => candidate.pretraining === model && candidate.seed === seed)
      return run ? [run.metrics.macroF1] : []
    }),
  )
}

const interactionOf = (results: StudyResults): Interaction | null => {
  const { judged, rival } = results
  if (judged === null || rival === null || judged === rival) return null
  const values = {
    judgedFaulty: cells(judged, 'faulty', results),
    otherFaulty: cells(rival, 'faulty', results),
    judgedClean: cells(judged, 'clean', results),
    otherClean: cells(rival, 'clean', results),
  }
  const shapes = Object.values(values).map((rows) => rows.map((row) => row.length).join())
  const complete = shapes.every((shape) => shape === shapes[0] && /^[1-9]/.test(shape))
  return complete ? interaction(values, { seed: results.seed }) : null
}

/** A label as the verdict says it: short, and safe to print on a terminal. */
const spokenLabel = (label: string): string => escapeForTerminal(label, 60)

const spoken = (family: TestFamily, judged: MethodRow): SpokenMetric => ({
  label: family.metric.spoken,
  comparisons: family.comparisons.map(({ row, interval, test }) => ({
    label: spokenLabel(row.method.label),
    judgedMean: judged.estimates.get(family.metric.key)?.mean ?? Number.NaN,
    otherMean: row.estimates.get(family.metric.key)?.mean ?? Number.NaN,
    interval,
    test,
  })),
})

const verdictOf = (main: Condition, results: StudyResults, found: Interaction | null): Verdict => {
  const judged = main.rows.find((row) => row.judged)
  const [first, ...rest] = main.families
  const rival = results.methods.find(({ name }) => name === results.rival)
  return verdict({
    judged: spokenLabel(judged?.method.label ?? results.judged ?? 'The method in question'),
    primary: first && judged ? spoken(first, judged) : { label: primary.spoken, comparisons: [] },
    secondary: judged ? rest.map((family) => spoken(family, judged)) : [],
    controls: main.rows
      .filter(({ role }) => role === 'control')
      .map((row) => ({
        label: spokenLabel(row.method.label),
        mean: row.estimates.get(primary.key)?.mean ?? Number.NaN,
      })),
    seeds: first?.comparisons[0]?.test.n ?? judged?.seeds.length ?? 0,
    pretrainings: main.pretrainings,
    ...(found && rival ? { interaction: { other: spokenLabel(rival.label), result: found } } : {}),
  })
}

/**
 * The statistics of a study: means, intervals, paired tests, interaction and verdict.
 *
 * Where there are several pre-trained models of a kind, a seed's value is its mean over them, so that seeds stay the
 * unit that is paired and resampled.
 *
 * @param results a study's results
 * @param options `resamples` of each bootstrap; 2,000 if left out
 * @example analyse(results).verdict.headline
 */
export const analyse = (results: StudyResults, options: { readonly resamples?: number } = {}): Analysis => {
  const resamples = options.resamples ?? 2000
  const kinds = (['faulty', 'clean'] as const).filter((kind) =>
    results.pretrainings.some((pretraining) => pretraining.kind === kind),
  )
  const [first = 'faulty', ...others] = kinds
  const main = condition(first, results, resamples)
  const found = interactionOf(results)
  return {
    conditions: [main, ...others.map((kind) => condition(kind, results, resamples))],
    interaction: found,
    verdict: verdictOf(main, results, found),
  }
}
