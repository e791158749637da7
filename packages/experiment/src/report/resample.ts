import { bootstrapInterval, type Interval, type WeightedStatistic, type weightedMacroF1 } from '../statistics/index.js'
import type { SeedRun, StudyResults } from './results.js'

/** Makes a statistic of each run from truth and the runs' answers, as {@link weightedMacroF1} does. */
export type StatisticMaker = typeof weightedMacroF1

/** A statistic of each seed from a statistic of each run: its mean over the seed's pre-trainings. */
const bySeed = (
  runs: readonly (readonly SeedRun[])[],
  statistic: StatisticMaker,
  truth: readonly number[],
): WeightedStatistic => {
  const flat = statistic(
    truth,
    runs.flat().map(({ predicted }) => predicted),
  )
  let count = 0
  const positions = runs.map((group) => group.map(() => count++))
  return (seed, weights) => {
    const mine = positions[seed] ?? []
    let sum = 0
    for (const at of mine) sum += flat(at, weights)
    return sum / mine.length
  }
}

/** What to resample: a statistic on some of the test mails. */
export interface ResampleRule {
  readonly statistic: StatisticMaker
  /** Test mails that take part. */
  readonly only: readonly number[]
  readonly resamples: number
}

/**
 * Bootstrap interval of a method's mean over seeds, or of its difference from another method's on the same seeds.
 *
 * @param runs runs of each seed, [seeds][pre-trainings]
 * @param minus runs of the method to subtract, on the same seeds
 * @returns null where there are no seeds or no mails
 */
export const resampledInterval = (
  results: StudyResults,
  { statistic, only, resamples }: ResampleRule,
  runs: readonly (readonly SeedRun[])[],
  minus?: readonly (readonly SeedRun[])[],
): Interval | null => {
  if (runs.length === 0 || only.length === 0) return null
  const { truth, cluster } = results.test
  const first = bySeed(runs, statistic, truth)
  const second = minus ? bySeed(minus, statistic, truth) : () => 0
  return bootstrapInterval({
    runs: runs.length,
    rows: truth.length,
    clusters: cluster,
    only,
    statistic: (seed, weights) => first(seed, weights) - second(seed, weights),
    seed: results.seed,
    resamples,
  })
}

/** Positions of the test mails of one group. */
export const mailsOf = (results: StudyResults, group: number): readonly number[] =>
  results.test.group.flatMap((g, i) => (g === group ? [i] : []))
