import { quantileSorted } from 'simple-statistics'
import { randomStream } from './randomStream.js'

/** A bootstrap interval of a mean over runs. */
export interface Interval {
  readonly low: number
  readonly high: number
  /** Share of resampled means between the ends, for example 0.95. */
  readonly level: number
  /** Resamples in which the statistic was defined, and so was counted. */
  readonly resamples: number
}

/** What is resampled: runs (seeds), and the rows (mails) that each run answered. */
export interface BootstrapOptions {
  /** How many runs there are. */
  readonly runs: number
  /** How many rows each run answered; the same rows in every run. */
  readonly rows: number
  /**
   * The statistic of one run, rows counting as often as they were drawn.
   * `weights` is [rows] and is used again for the next resample.
   */
  readonly statistic: (run: number, weights: Float64Array) => number
  /** Number of each row's cluster, [rows]: rows of one cluster (near-duplicates) are drawn together. */
  readonly clusters?: ArrayLike<number>
  /** Rows that take part, as indices; all of them if left out. */
  readonly only?: readonly number[]
  readonly resamples?: number
  readonly level?: number
  readonly seed: number
}

/** Rows that are drawn together: one list for each cluster, in order of appearance. */
const unitsOf = ({ rows, clusters, only }: BootstrapOptions): readonly (readonly number[])[] => {
  const units = new Map<number, number[]>()
  for (const row of only ?? Array.from({ length: rows }, (_, i) => i)) {
    const cluster = clusters ? (clusters[row] ?? row) : row
    const unit = units.get(cluster)
    if (unit) unit.push(row)
    else units.set(cluster, [row])
  }
  return [...units.values()]
}

/**
 * Two-level percentile bootstrap of the mean over runs: each resample draws runs, then rows, both with replacement.
 *
 * Every run answers the same rows, so one draw of rows serves all runs of a resample (the two levels are crossed). To
 * draw rows anew for each run would average the luck of the test set away and give intervals that are too short.
 * For the difference of two methods let the statistic be the difference on the same run and the same rows.
 *
 * @returns an interval whose ends are NaN when the statistic was never defined
 * @throws RangeError if there is nothing to draw from, or the level is not between 0 and 1
 * @see Efron and Tibshirani, An Introduction to the Bootstrap, 1993, chapters 8 and 13
 * @example
 * const statistic = weightedAccuracy([0, 1, 1], [[0, 1, 0], [0, 1, 1]])
 * bootstrapInterval({ runs: 2, rows: 3, seed: 1, statistic }).high // => 1
 */
export const bootstrapInterval = (options: BootstrapOptions): Interval => {
  const { runs, rows, statistic, resamples = 2000, level = 0.95, seed } = options
  const units = unitsOf(options)
  if (runs < 1 || units.length < 1 || !(level > 0 && level < 1)) {
    throw new RangeError(
      'bootstrapInterval: there must be a run and a row to draw, and a level between 0 and 1.\n' +
        `  received  runs ${runs}, rows ${units.length}, level ${level}\n` +
        '  to do     leave out a group that has no rows',
    )
  }
  const stream = randomStream(seed)
  const weights = new Float64Array(rows)
  const drawn = new Uint32Array(runs)
  const means: number[] = []
  for (let resample = 0; resample < resamples; resample++) {
    drawn.fill(0)
    weights.fill(0)
    for (let i = 0; i < runs; i++) {
      const run = stream.below(runs)
      drawn[run] = (drawn[run] ?? 0) + 1
    }
    for (let i = 0; i < units.length; i++) {
      for (const row of units[stream.below(units.length)] ?? []) weights[row] = (weights[row] ?? 0) + 1
    }
    let sum = 0
    for (let run = 0; run < runs; run++) {
      const times = drawn[run] ?? 0
      if (times > 0) sum += times * statistic(run, weights)
    }
    if (Number.isFinite(sum)) means.push(sum / runs)
  }
  means.sort((x, y) => x - y)
  const at = (q: number) => (means.length > 0 ? quantileSorted(means, q) : Number.NaN)
  return { low: at((1 - level) / 2), high: at((1 + level) / 2), level, resamples: means.length }
}
