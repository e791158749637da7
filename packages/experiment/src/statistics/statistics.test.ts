import { fc, test } from '@fast-check/vitest'
import { describe, expect } from 'vitest'
import { accuracy, macroF1 } from '../metrics/index.js'
import {
  bootstrapInterval,
  compareMethods,
  holm,
  interaction,
  meanInterval,
  pairedPermutation,
  randomStream,
  streamFromState,
  summarise,
  weightedAccuracy,
  weightedMacroF1,
} from './index.js'

fc.configureGlobal({ seed: 20260302 })

/** Multiples of 1/64, so that sums are exact in any order. */
const dyadic = fc.integer({ min: -640, max: 640 }).map((k) => k / 64)
const shares = fc.double({ min: 0, max: 1, noNaN: true })

/** Standard normal numbers by Box and Muller. */
const normals = (seed: number, n: number): number[] => {
  const stream = randomStream(seed)
  return Array.from(
    { length: n },
    () => Math.sqrt(-2 * Math.log(1 - stream.uniform())) * Math.cos(2 * Math.PI * stream.uniform()),
  )
}

describe('randomStream', () => {
  test('xoshiro128** gives the published words', () => {
    const { bits } = streamFromState([1, 2, 3, 4])
    expect(Array.from({ length: 10 }, bits)).toEqual([
      11520, 0, 5927040, 70819200, 2031721883, 1637235492, 1287239034, 3734860849, 3729100597, 4258142804,
    ])
  })

  test('near seeds are unrelated, and integers below n are even', () => {
    expect(randomStream(1).bits()).not.toBe(randomStream(2).bits())
    const counts = new Array<number>(6).fill(0)
    const stream = randomStream(3)
    for (let i = 0; i < 60_000; i++) {
      const face = stream.below(6)
      counts[face] = (counts[face] ?? 0) + 1
    }
    const chiSquare = counts.reduce((sum, count) => sum + (count - 10_000) ** 2 / 10_000, 0)
    // 99.9 % quantile of chi-square with 5 degrees of freedom
    expect(chiSquare).toBeLessThan(20.52)
  })
})

describe('summarise', () => {
  test('mean and sample standard deviation; too few values give NaN', () => {
    expect(summarise([2, 4, 4, 4, 5, 5, 7, 9])).toEqual({
      n: 8,
      mean: 5,
      std: expect.closeTo(Math.sqrt(32 / 7), 12),
      min: 2,
      max: 9,
    })
    expect(summarise([3]).std).toBeNaN()
    expect(summarise([]).mean).toBeNaN()
  })
})

describe('meanInterval', () => {
  test('by the table of t: 4.3027 for 2 and 2.3646 for 7 degrees of freedom', () => {
    expect(meanInterval([1, 2, 3])?.high).toBeCloseTo(2 + 4.302653 / Math.sqrt(3), 5)
    const values = [2, 4, 4, 4, 5, 5, 7, 9]
    expect(meanInterval(values)?.low).toBeCloseTo(5 - (2.364624 * Math.sqrt(32 / 7)) / Math.sqrt(8), 5)
    expect(meanInterval([1])).toBeNull()
  })
})

describe('bootstrapInterval', () => {
  const runsOf = (seed: number, runs: number, rows: number) => {
    const stream = randomStream(seed)
    const truth = Array.from({ length: rows }, () => stream.below(3))
    const predicted = Array.from({ length: runs }, () =>
      truth.map((label) => (stream.uniform() < 0.7 ? label : stream.below(3))),
    )
    return { truth, predicted }
  }

  test.prop([fc.nat({ max: 1000 }), fc.integer({ min: 2, max: 6 }), fc.integer({ min: 20, max: 60 })], { numRuns: 30 })(
    'contains the mean of the data, and narrows with the level',
    (seed, runs, rows) => {
      const { truth, predicted } = runsOf(seed, runs, rows)
      const statistic = weightedAccuracy(truth, predicted)
      const wide = bootstrapInterval({ runs, rows, statistic, seed, resamples: 400 })
      const narrow = bootstrapInterval({ runs, rows, statistic, seed, resamples: 400, level: 0.5 })
      const mean = summarise(predicted.map((answers) => accuracy(truth, answers))).mean
      expect(wide.low).toBeLessThanOrEqual(mean)
      expect(wide.high).toBeGreaterThanOrEqual(mean)
      expect(narrow.low).toBeGreaterThanOrEqual(wide.low)
      expect(narrow.high).toBeLessThanOrEqual(wide.high)
    },
  )

  test.prop([fc.nat({ max: 1000 })], { numRuns: 10 })('the same seed gives the same interval', (seed) => {
    const { truth, predicted } = runsOf(seed, 3, 30)
    const once = () =>
      bootstrapInterval({ runs: 3, rows: 30, statistic: weightedMacroF1(truth, predicted), seed, resamples: 100 })
    expect(once()).toEqual(once())
  })

  test('without spread between runs its width is that of the binomial', () => {
    // 400 rows, 300 right, in each of 4 equal runs: standard error of the mean is that of one run
    const truth = new Array<number>(400).fill(1)
    const answers = truth.map((_, i) => (i < 300 ? 1 : 0))
    const { low, high } = bootstrapInterval({
      runs: 4,
      rows: 400,
      statistic: weightedAccuracy(truth, [answers, answers, answers, answers]),
      seed: 5,
    })
    const halfWidth = 1.96 * Math.sqrt((0.75 * 0.25) / 400)
    expect((high - low) / 2 / halfWidth).toBeGreaterThan(0.9)
    expect((high - low) / 2 / halfWidth).toBeLessThan(1.1)
  })

  test('rows of one cluster are drawn together, so copies add no certainty', () => {
    const truth = new Array<number>(400).fill(1)
    const answers = truth.map((_, i) => Number(i % 100 < 75))
    const clusters = truth.map((_, i) => i % 100)
    const width = (options: { clusters?: number[] }) => {
      const { low, high } = bootstrapInterval({
        runs: 1,
        rows: 400,
        statistic: weightedAccuracy(truth, [answers]),
        seed: 6,
        ...options,
      })
      return high - low
    }
    // 100 independent rows instead of 400: twice as wide
    expect(width({ clusters }) / width({})).toBeGreaterThan(1.8)
    expect(width({ clusters }) / width({})).toBeLessThan(2.2)
  })

  test('only the rows asked for take part', () => {
    const interval = bootstrapInterval({
      runs: 1,
      rows: 4,
      statistic: weightedAccuracy([1, 1, 1, 1], [[1, 1, 0, 0]]),
      only: [0, 1],
      seed: 7,
      resamples: 50,
    })
    expect(interval).toEqual({ low: 1, high: 1, level: 0.95, resamples: 50 })
  })

  test('covers the truth at about its level: 95 % of 200 intervals for a mean of normals', () => {
    let covered = 0
    for (let trial = 0; trial < 200; trial++) {
      const values = normals(1000 + trial, 60)
      const { low, high } = bootstrapInterval({
        runs: 1,
        rows: 60,
        seed: trial,
        resamples: 300,
        statistic: (_, weights) => values.reduce((sum, value, i) => sum + value * (weights[i] ?? 0), 0) / 60,
      })
      if (low <= 0 && high >= 0) covered++
    }
    // binomial(200, 0.95): 180 to 198 holds 99.9 % of cases
    expect(covered).toBeGreaterThanOrEqual(180)
    expect(covered).toBeLessThanOrEqual(198)
  })

  test('nothing to draw from is refused', () => {
    expect(() => bootstrapInterval({ runs: 2, rows: 3, only: [], statistic: () => 0, seed: 0 })).toThrow(/rows 0/)
  })
})

describe('weighted statistics', () => {
  const rows = fc.array(fc.tuple(fc.nat({ max: 3 }), fc.nat({ max: 3 }), fc.nat({ max: 2 })), {
    minLength: 1,
    maxLength: 30,
  })
  test.prop([rows])('equal the metrics with the same weights', (data) => {
    const truth = data.map(([t]) => t)
    const predicted = data.map(([, p]) => p)
    const weights = Float64Array.from(data.map(([, , w]) => w))
    fc.pre(weights.some((w) => w > 0))
    expect(weightedMacroF1(truth, [predicted])(0, weights)).toBeCloseTo(macroF1(truth, predicted, weights), 12)
    expect(weightedAccuracy(truth, [predicted])(0, weights)).toBeCloseTo(accuracy(truth, predicted, weights), 12)
  })
})

describe('pairedPermutation', () => {
  test('cases by hand', () => {
    expect(pairedPermutation([1, 2, 3], { seed: 0 })).toMatchObject({ p: 0.25, smallestP: 0.25, exact: true })
    // sums of ±1 ±2 ∓4 at least 1 in magnitude: all 8
    expect(pairedPermutation([1, 2, -4], { seed: 0 }).p).toBe(1)
    expect(pairedPermutation([0, 0], { seed: 0 })).toMatchObject({ p: 1, smallestP: 1 })
    // a pair without a difference halves nothing
    expect(pairedPermutation([0, 1, 2], { seed: 0 })).toMatchObject({ p: 0.5, smallestP: 0.5 })
    expect(pairedPermutation(new Array<number>(8).fill(0.1), { seed: 0 }).p).toBe(2 / 256)
  })

  test.prop([fc.array(dyadic, { minLength: 1, maxLength: 9 }), fc.double({ min: 0.1, max: 10, noNaN: true })])(
    'at least the smallest p, the same for other signs of all, other order and another scale',
    (differences, scale) => {
      const { p, smallestP } = pairedPermutation(differences, { seed: 0 })
      expect(p).toBeGreaterThanOrEqual(smallestP)
      expect(p).toBeLessThanOrEqual(1)
      for (const other of [differences.map((d) => -d), [...differences].reverse()]) {
        expect(pairedPermutation(other, { seed: 0 }).p).toBe(p)
      }
      expect(
        pairedPermutation(
          differences.map((d) => d * scale),
          { seed: 0 },
        ).p,
      ).toBeCloseTo(p, 12)
    },
  )

  test('under the null its p is uniform: P(p <= a) is at most a, and near it', () => {
    const ps = Array.from({ length: 2000 }, (_, i) => pairedPermutation(normals(50_000 + i, 8), { seed: 0 }).p)
    for (const a of [0.05, 0.1, 0.25, 0.5, 0.75]) {
      const share = ps.filter((p) => p <= a).length / ps.length
      // four standard errors, and one step of 1/128
      expect(Math.abs(share - a)).toBeLessThan(4 * Math.sqrt((a * (1 - a)) / 2000) + 1 / 128)
    }
  })

  test('random patterns agree with all patterns', () => {
    const differences = normals(77, 12).map((d) => d + 0.4)
    const exact = pairedPermutation(differences, { seed: 1 })
    const sampled = pairedPermutation(differences, { seed: 1, exactUpTo: 4, samples: 20_000 })
    expect(sampled.exact).toBe(false)
    expect(Math.abs(sampled.p - exact.p)).toBeLessThan(4 * Math.sqrt((exact.p * (1 - exact.p)) / 20_000) + 1e-4)
    expect(pairedPermutation(normals(3, 40), { seed: 1, samples: 99 }).smallestP).toBe(0.01)
  })
})

describe('holm', () => {
  test('cases by hand', () => {
    expect(holm([0.01, 0.04, 0.03])).toEqual([0.03, 0.06, 0.06])
    expect(holm([0.5, 0.6])).toEqual([1, 1])
    expect(holm([])).toEqual([])
    expect(() => holm([0.5, Number.NaN])).toThrow(/ps\[1\] = NaN/)
  })

  test.prop([fc.array(shares, { minLength: 1, maxLength: 8 })])(
    'between p and Bonferroni, in the order of p, and rejects what the step-down procedure rejects',
    (ps) => {
      const adjusted = holm(ps)
      ps.forEach((p, i) => {
        expect(adjusted[i]).toBeGreaterThanOrEqual(p)
        expect(adjusted[i]).toBeLessThanOrEqual(Math.min(1, p * ps.length) + 1e-15)
        ps.forEach((q, j) => {
          if (p <= q) expect(adjusted[i]).toBeLessThanOrEqual(adjusted[j] ?? 0)
        })
      })
      // the procedure itself: walk up until the first p above alpha / (m - i)
      const alpha = 0.05
      const sorted = [...ps].sort((a, b) => a - b)
      const stop = sorted.findIndex((p, i) => p > alpha / (ps.length - i))
      const rejected = stop < 0 ? ps.length : stop
      expect(adjusted.filter((p) => p <= alpha).length).toBe(rejected)
    },
  )
})

describe('compareMethods', () => {
  test('pairs by seed, corrects as a family, counts wins', () => {
    const judged = { name: 'ba-lora', values: [5, 6, 7, 8, 9, 10, 11, 12] }
    const comparisons = compareMethods(
      judged,
      [
        { name: 'lora', values: judged.values.map((value) => value - 1) },
        { name: 'pissa', values: judged.values.map((value, i) => value + (i % 2 ? 1 : -1)) },
      ],
      { seed: 0 },
    )
    expect(comparisons.map(({ against, wins, ties }) => [against, wins, ties])).toEqual([
      ['lora', 8, 0],
      ['pissa', 4, 0],
    ])
    expect(comparisons[0]?.p).toBe(2 / 256)
    expect(comparisons[0]?.holmP).toBe(4 / 256)
    expect(comparisons[0]?.smallestHolmP).toBe(4 / 256)
    expect(comparisons[1]?.holmP).toBe(1)
  })

  test('a missing seed is refused by name', () => {
    expect(() => compareMethods({ name: 'a', values: [1, 2] }, [{ name: 'b', values: [1] }], { seed: 0 })).toThrow(
      /a \[2\], b \[1\]/,
    )
  })
})

describe('interaction', () => {
  test('is the difference of differences', () => {
    const result = interaction(
      {
        judgedFaulty: [
          [5, 6],
          [7, 8],
        ],
        otherFaulty: [
          [4, 4],
          [4, 4],
        ],
        judgedClean: [
          [5, 5],
          [5, 5],
        ],
        otherClean: [
          [5, 4],
          [5, 4],
        ],
      },
      { seed: 0 },
    )
    expect(result.gainFaulty).toBe(2.5)
    expect(result.gainClean).toBe(0.5)
    expect(result.perPretraining).toEqual([1, 3])
    expect(result.overSeeds).toMatchObject({ n: 2, p: 0.5, meanDifference: 2 })
    expect(result.overPretrainings).toMatchObject({ n: 2, p: 0.5 })
  })

  test('cells of different shape are refused', () => {
    expect(() =>
      interaction({ judgedFaulty: [[1]], otherFaulty: [[1]], judgedClean: [[1, 2]], otherClean: [[1]] }, { seed: 0 }),
    ).toThrow(/judgedClean \[1, 2\]/)
  })
})
