import { fc, test } from '@fast-check/vitest'
import { describe, expect } from 'vitest'
import { accuracy, argmax } from '../metrics/index.js'
import { randomStream } from '../statistics/index.js'
import {
  fitBagOfWords,
  fitLogisticRegression,
  fitTfidf,
  logisticLoss,
  logisticProbabilities,
  minimise,
  type SparseRow,
  tfidfRow,
  wordsOf,
} from './index.js'

fc.configureGlobal({ seed: 20260304 })

describe('minimise', () => {
  test.prop([fc.array(fc.double({ min: 0.1, max: 50, noNaN: true }), { minLength: 1, maxLength: 8 })])(
    'finds the minimum of a quadratic with given curvatures',
    (curvatures) => {
      const { x, converged } = minimise(
        (at, gradient) => {
          let value = 0
          curvatures.forEach((c, i) => {
            const away = (at[i] ?? 0) - i
            gradient[i] = c * away
            value += 0.5 * c * away * away
          })
          return value
        },
        new Float64Array(curvatures.length).fill(5),
        { tolerance: 1e-9 },
      )
      expect(converged).toBe(true)
      x.forEach((value, i) => {
        expect(value).toBeCloseTo(i, 7)
      })
    },
  )

  test('walks the bend of a steep convex valley: log cosh', () => {
    const { x } = minimise(
      (at, gradient) => {
        const [a = 0, b = 0] = at
        gradient[0] = Math.tanh(a + 10 * b - 1)
        gradient[1] = 10 * Math.tanh(a + 10 * b - 1) + Math.tanh(b)
        return Math.log(Math.cosh(a + 10 * b - 1)) + Math.log(Math.cosh(b))
      },
      Float64Array.of(3, 1),
      { tolerance: 1e-8 },
    )
    expect(x[0]).toBeCloseTo(1, 6)
    expect(x[1]).toBeCloseTo(0, 6)
  })
})

describe('tf-idf', () => {
  test('words, weights and length by hand', () => {
    expect(wordsOf("Don't PAY €5, Müller!")).toEqual(['don', 't', 'pay', '5', 'müller'])
    expect(wordsOf('...')).toEqual([])
    const tfidf = fitTfidf(['a a b', 'a c'])
    expect([...tfidf.vocabulary]).toEqual([
      ['a', 0],
      ['b', 1],
      ['c', 2],
    ])
    const rare = Math.log(3 / 2) + 1
    expect(tfidf.idf[0]).toBe(1)
    expect(tfidf.idf[1]).toBeCloseTo(rare, 14)
    const { columns, values } = tfidfRow(tfidf, 'a a b unknown')
    const norm = Math.hypot(1 + Math.LN2, rare)
    expect([...columns]).toEqual([0, 1])
    expect(values[0]).toBeCloseTo((1 + Math.LN2) / norm, 14)
    expect(values[1]).toBeCloseTo(rare / norm, 14)
  })

  test('a word that is a property of objects is a word like others', () => {
    const tfidf = fitTfidf(['constructor __proto__', 'tostring'])
    expect(tfidfRow(tfidf, 'constructor').values).toEqual(Float64Array.of(1))
  })

  test('rare words can be left out; a text of unknown words is an empty row', () => {
    const tfidf = fitTfidf(['a b', 'a c'], 2)
    expect([...tfidf.vocabulary.keys()]).toEqual(['a'])
    expect(tfidfRow(tfidf, 'b c').columns.length).toBe(0)
  })
})

const randomProblem = (seed: number) => {
  const stream = randomStream(seed)
  const features = 6
  const rows = Array.from({ length: 25 }, (): SparseRow => {
    const columns = Uint32Array.from({ length: features }, (_, j) => j).filter(() => stream.uniform() < 0.5)
    return { columns, values: Float64Array.from(columns, () => 2 * stream.uniform() - 1) }
  })
  return { rows, labels: rows.map(() => stream.below(3)), features, classes: 3, l2: 0.01 }
}

describe('logistic regression', () => {
  test.prop([fc.nat({ max: 10_000 })], { numRuns: 20 })('its gradient is the central difference', (seed) => {
    const { rows, labels, ...options } = randomProblem(seed)
    const loss = logisticLoss(rows, labels, options)
    const stream = randomStream(seed + 1)
    const at = Float64Array.from({ length: 21 }, () => stream.uniform() - 0.5)
    const gradient = new Float64Array(21)
    loss(at, gradient)
    const scratch = new Float64Array(21)
    at.forEach((_, j) => {
      const along = (by: number) =>
        loss(
          at.map((value, i) => (i === j ? value + by : value)),
          scratch,
        )
      expect(gradient[j]).toBeCloseTo((along(1e-5) - along(-1e-5)) / 2e-5, 7)
    })
  })

  test('reaches the minimum that plain gradient descent creeps to', () => {
    const { rows, labels, ...options } = randomProblem(5)
    const fitted = fitLogisticRegression(rows, labels, { ...options, tolerance: 1e-7 })
    expect(fitted.converged).toBe(true)
    const loss = logisticLoss(rows, labels, options)
    const x = new Float64Array(21)
    const gradient = new Float64Array(21)
    for (let step = 0; step < 20_000; step++) {
      loss(x, gradient)
      gradient.forEach((g, i) => {
        x[i] = (x[i] ?? 0) - 0.5 * g
      })
    }
    expect(fitted.loss).toBeCloseTo(loss(x, gradient), 8)
    // intercepts are free up to a common shift, so compare what the model says
    for (const row of rows) {
      const ours = logisticProbabilities(fitted, row)
      const theirs = logisticProbabilities({ ...fitted, weights: x }, row)
      ours.forEach((p, k) => {
        expect(p).toBeCloseTo(theirs[k] ?? 0, 5)
      })
    }
  })

  test('without words it learns the classes’ shares', () => {
    const empty: SparseRow = { columns: new Uint32Array(), values: new Float64Array() }
    const fitted = fitLogisticRegression([empty, empty, empty, empty], [0, 0, 0, 1], {
      classes: 2,
      features: 0,
      l2: 1,
      tolerance: 1e-10,
    })
    expect(logisticProbabilities(fitted, empty)[0]).toBeCloseTo(0.75, 8)
  })

  test('a label that is not a class is refused', () => {
    const { rows, labels, ...options } = randomProblem(1)
    expect(() => fitLogisticRegression(rows, [...labels.slice(1), 3], options)).toThrow(/labels\[24\] = 3/)
  })
})

describe('bag of words', () => {
  // three topics with words of their own, and words that all share
  const topics = ['alpha beta gamma delta', 'red green blue white', 'one two three four'].map((text) => text.split(' '))
  const shared = 'the of and to in is it for on with'.split(' ')
  const mails = (seed: number, n: number) => {
    const stream = randomStream(seed)
    const labels = Array.from({ length: n }, () => stream.below(3))
    const texts = labels.map((label) =>
      Array.from({ length: 12 }, () => {
        const words = stream.uniform() < 0.4 ? (topics[label] ?? shared) : shared
        return words[stream.below(words.length)]
      }).join(' '),
    )
    return { texts, labels }
  }

  test('learns topics from words, and does so in the same bits each time', () => {
    const train = mails(1, 150)
    const held = mails(2, 200)
    const fit = () => fitBagOfWords(train.texts, train.labels, { classes: 3 })
    const bag = fit()
    const probabilities = bag.probabilities(held.texts)
    expect(accuracy(held.labels, probabilities.map(argmax))).toBeGreaterThan(0.95)
    expect(bag.converged).toBe(true)
    expect(bag.parameters).toBe((bag.words + 1) * 3)
    expect(fit().probabilities(held.texts)).toEqual(probabilities)
    for (const row of probabilities) expect(row.reduce((a, b) => a + b, 0)).toBeCloseTo(1, 12)
  })

  test('an empty text and unknown words still get probabilities', () => {
    const bag = fitBagOfWords(['a b', 'c d'], [0, 1], { classes: 3 })
    for (const row of bag.probabilities(['', 'zzz'])) {
      expect(row.every((p) => p >= 0 && p <= 1)).toBe(true)
    }
  })
})
