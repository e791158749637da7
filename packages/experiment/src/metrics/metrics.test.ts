import { readFileSync } from 'node:fs'
import { fc, test } from '@fast-check/vitest'
import { describe, expect } from 'vitest'
import {
  accuracy,
  argmax,
  binaryF1,
  calibrationBins,
  drift,
  effectiveRank,
  expectedCalibrationError,
  groupAccuracy,
  macroF1,
  matthews,
  pearson,
  perClassScores,
  perplexity,
  rocAuc,
  softmax,
  spearman,
  weightedF1,
} from './index.js'

fc.configureGlobal({ seed: 20260301 })

/** Values by scikit-learn, SciPy and torchmetrics; numbers that are not finite are written as strings. */
const reference = <Row>(name: string): readonly Row[] =>
  JSON.parse(readFileSync(new URL(`../../../../test/fixtures/metrics/${name}.json`, import.meta.url), 'utf8'))

const labelPairs = fc
  .integer({ min: 1, max: 40 })
  .chain((n) =>
    fc.tuple(
      fc.array(fc.nat({ max: 4 }), { minLength: n, maxLength: n }),
      fc.array(fc.nat({ max: 4 }), { minLength: n, maxLength: n }),
    ),
  )

const logitRows = (d: number) => fc.array(fc.double({ min: -8, max: 8, noNaN: true }), { minLength: d, maxLength: d })

describe('classification', () => {
  interface Row {
    name: string
    truth: number[]
    predicted: number[]
    accuracy: number
    f1_binary: number | null
    f1_macro: number
    f1_micro: number
    f1_weighted: number
    matthews: number
  }
  test.each(reference<Row>('classification'))('agrees with scikit-learn: $name', (row) => {
    expect(accuracy(row.truth, row.predicted)).toBeCloseTo(row.accuracy, 12)
    // with one answer a row, micro F1 is accuracy
    expect(accuracy(row.truth, row.predicted)).toBeCloseTo(row.f1_micro, 12)
    expect(macroF1(row.truth, row.predicted)).toBeCloseTo(row.f1_macro, 12)
    expect(weightedF1(row.truth, row.predicted)).toBeCloseTo(row.f1_weighted, 12)
    expect(matthews(row.truth, row.predicted)).toBeCloseTo(row.matthews, 12)
    if (row.f1_binary !== null) expect(binaryF1(row.truth, row.predicted)).toBeCloseTo(row.f1_binary, 12)
  })

  test.prop([labelPairs])('weights count as repeated rows', ([truth, predicted]) => {
    const weights = truth.map((_, i) => (i % 3) + 1)
    const repeat = (rows: readonly number[]) => rows.flatMap((row, i) => Array<number>(weights[i] ?? 1).fill(row))
    expect(macroF1(truth, predicted, weights)).toBeCloseTo(macroF1(repeat(truth), repeat(predicted)), 12)
    expect(accuracy(truth, predicted, weights)).toBeCloseTo(accuracy(repeat(truth), repeat(predicted)), 12)
  })

  test.prop([labelPairs])('macro F1 is the mean of the F1 of occurring classes, each 2PR / (P + R)', ([t, p]) => {
    const occurring = perClassScores(t, p, 5).filter((_, k) => t.includes(k) || p.includes(k))
    const f1 = occurring.map(({ precision, recall }) =>
      precision + recall === 0 ? 0 : (2 * precision * recall) / (precision + recall),
    )
    expect(macroF1(t, p)).toBeCloseTo(f1.reduce((a, b) => a + b, 0) / f1.length, 12)
  })

  test.prop([labelPairs])('matthews is unchanged by renaming classes and by swapping the arguments', ([t, p]) => {
    const rename = (k: number) => (k * 3 + 1) % 5
    expect(matthews(t.map(rename), p.map(rename))).toBeCloseTo(matthews(t, p), 12)
    expect(matthews(p, t)).toBeCloseTo(matthews(t, p), 12)
  })

  test('accuracy of groups, and an empty group is NaN', () => {
    expect(groupAccuracy([0, 1, 1, 2], [0, 1, 0, 2], [0, 1, 1, 0], 3)).toEqual([
      { accuracy: 1, count: 2 },
      { accuracy: 0.5, count: 2 },
      { accuracy: Number.NaN, count: 0 },
    ])
  })

  test('different lengths and bad classes are refused with the values', () => {
    expect(() => accuracy([0, 1], [0])).toThrow(/truth \[2\], predicted \[1\]/)
    expect(() => macroF1([0, -1], [0, 0])).toThrow(/truth\[1\] = -1/)
    expect(() => groupAccuracy([0], [0], [3], 2)).toThrow(/group\[0\] = 3/)
  })
})

describe('calibration', () => {
  interface Row {
    name: string
    logits: number[][]
    labels: number[]
    bins: number
    ece: number
  }
  // torchmetrics bins in float32, so its values are good to 1e-6
  test.each(reference<Row>('calibration'))('agrees with torchmetrics: $name', (row) => {
    expect(Math.abs(expectedCalibrationError(row.logits.map(softmax), row.labels, row.bins) - row.ece)).toBeLessThan(
      1e-6,
    )
  })

  test('an edge belongs to the bin below it, for every edge', () => {
    for (let i = 1; i <= 15; i++) {
      const c = i / 15
      const filled = calibrationBins([[c, -1]], [0], 15).findIndex(({ count }) => count === 1)
      expect(filled).toBe(i - 1)
    }
  })

  test.prop([fc.array(logitRows(3), { minLength: 1, maxLength: 30 })])(
    'one bin: |accuracy - mean confidence|',
    (rows) => {
      const probabilities = rows.map(softmax)
      const labels = rows.map((_, i) => i % 3)
      const right = probabilities.filter((row, i) => argmax(row) === labels[i]).length / rows.length
      const confidence = probabilities.reduce((sum, row) => sum + Math.max(...row), 0) / rows.length
      expect(expectedCalibrationError(probabilities, labels, 1)).toBeCloseTo(Math.abs(right - confidence), 10)
    },
  )
})

describe('correlation and ranking', () => {
  interface Correlated {
    name: string
    x: number[]
    y: number[]
    pearson: number | string
    spearman: number | string
  }
  test.each(reference<Correlated>('correlation'))('agrees with SciPy: $name', (row) => {
    // large_offset loses digits to the offset of 1000 in both implementations
    const digits = row.name === 'large_offset' ? 8 : 12
    const compare = (ours: number, theirs: number | string) =>
      typeof theirs === 'string' ? expect(String(ours)).toBe(theirs) : expect(ours).toBeCloseTo(theirs, digits)
    compare(pearson(row.x, row.y), row.pearson)
    compare(spearman(row.x, row.y), row.spearman)
  })

  interface Scored {
    name: string
    truth: number[]
    score: number[]
    roc_auc: number | string
  }
  test.each(reference<Scored>('roc_auc'))('agrees with scikit-learn: $name', ({ truth, score, roc_auc }) => {
    if (typeof roc_auc === 'string') expect(String(rocAuc(truth, score))).toBe(roc_auc)
    else expect(rocAuc(truth, score)).toBeCloseTo(roc_auc, 12)
  })

  test.prop([fc.array(fc.tuple(fc.boolean(), fc.nat({ max: 6 })), { minLength: 2, maxLength: 25 })])(
    'ROC AUC is the share of ordered pairs, ties half',
    (rows) => {
      const scores = (wanted: boolean) => rows.filter(([positive]) => positive === wanted).map(([, score]) => score)
      const pairs = scores(true).flatMap((p) => scores(false).map((q) => (p > q ? 1 : p === q ? 0.5 : 0)))
      const truth = rows.map(([positive]) => Number(positive))
      const ours = rocAuc(
        truth,
        rows.map(([, score]) => score),
      )
      if (pairs.length === 0) expect(ours).toBeNaN()
      else expect(ours).toBeCloseTo(pairs.reduce<number>((a, b) => a + b, 0) / pairs.length, 12)
    },
  )
})

describe('perplexity', () => {
  interface Row {
    name: string
    logits: number[][][]
    labels: number[][]
    mean_nll: number
    perplexity: number
  }
  test.each(reference<Row>('perplexity'))('agrees with PyTorch: $name', (row) => {
    const ours = perplexity(row.logits.flat(), row.labels.flat())
    expect(ours.meanNll).toBeCloseTo(row.mean_nll, 10)
    expect(ours.perplexity / row.perplexity).toBeCloseTo(1, 10)
  })

  test('a label outside the vocabulary is refused', () => {
    expect(() => perplexity([[0, 0]], [2])).toThrow(/labels\[0\] = 2, logits\[0\] \[2\]/)
  })
})

describe('drift', () => {
  test('a case by hand: p = (1/2, 1/2), q = (1/4, 3/4)', () => {
    const { kl, flips } = drift([[0, 0]], [[Math.log(1), Math.log(3)]])
    expect(kl).toBeCloseTo(0.5 * Math.log(2) + 0.5 * Math.log(2 / 3), 14)
    expect(flips).toBe(1)
  })

  test.prop([logitRows(4), logitRows(4), fc.double({ min: -50, max: 50, noNaN: true })])(
    'not negative, 0 for the same, unchanged by a shift of a row',
    (p, q, shift) => {
      expect(drift([p], [p])).toEqual({ kl: 0, flips: 0 })
      const { kl } = drift([p], [q])
      expect(kl).toBeGreaterThanOrEqual(-1e-12)
      expect(drift([p], [q.map((z) => z + shift)]).kl).toBeCloseTo(kl, 8)
    },
  )

  test('finite where a probability underflows', () => {
    expect(drift([[1000, 0]], [[1000, 0]]).kl).toBe(0)
    expect(drift([[1000, 0]], [[0, 1000]]).kl).toBeCloseTo(1000, 6)
  })
})

describe('effective rank', () => {
  const spectra = fc.array(fc.double({ min: 0.01, max: 100, noNaN: true }), { minLength: 1, maxLength: 20 })
  test('k equal values have rank k; zeros do not count', () => {
    expect(effectiveRank([2, 2, 2, 2])).toBeCloseTo(4, 12)
    expect(effectiveRank([7, 0, 0])).toBe(1)
    expect(effectiveRank([1e-200, 1e-200])).toBeCloseTo(2, 12)
    expect(effectiveRank([0, 0])).toBeNaN()
  })
  test.prop([spectra, fc.double({ min: 1e-3, max: 1e3, noNaN: true })])(
    'between 1 and k, unchanged by scale',
    (s, c) => {
      const rank = effectiveRank(s)
      expect(rank).toBeGreaterThanOrEqual(1 - 1e-12)
      expect(rank).toBeLessThanOrEqual(s.length + 1e-9)
      expect(effectiveRank(s.map((value) => value * c))).toBeCloseTo(rank, 8)
    },
  )
  test('a negative value is refused', () => {
    expect(() => effectiveRank([1, -1])).toThrow(/singularValues\[1\] = -1/)
  })
})
