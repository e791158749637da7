/*
 * The laws of the regularisers for language models, on random logits. Letters: F student, P teacher, [n, d]; T the
 * temperature, K how many of the largest logits the entropy is taken of; u = 2^-24, the rounding of f32.
 */
import {
  adaptiveFactor,
  entropyDiversity,
  gaussianSketch,
  klConsistency,
  meanEntropy,
  spectral,
} from '@cotangent/ba-lora'
import { array, div, grad, type HostTensor, key, mul, softmax, sub, type Tensor, topK, zeros } from '@cotangent/core'
import * as testing from '@cotangent/testing'
import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'

const runs = testing.lawRuns(40)
const u = 2 ** -24

interface Example {
  readonly f: HostTensor
  readonly p: HostTensor
  readonly rows: readonly number[]
  readonly columns: readonly number[]
  /** T, and a K from 1 to d + 2. */
  readonly temperature: number
  readonly k: number
  readonly seed: number
}

const order = (n: number): fc.Arbitrary<number[]> =>
  fc.shuffledSubarray(
    Array.from({ length: n }, (_, i) => i),
    { minLength: n },
  )

const sides = fc.tuple(fc.constantFrom(1, 2, 3, 5, 9), fc.constantFrom(2, 3, 4, 7, 17))

const examples: fc.Arbitrary<Example> = sides.chain(([n, d]) =>
  fc.record({
    f: testing.tensorOf([n, d]),
    p: testing.tensorOf([n, d]),
    rows: order(n),
    columns: order(d),
    temperature: fc.constantFrom(0.5, 0.7, 1, 2, 3.3, 10),
    k: fc.integer({ min: 1, max: d + 2 }),
    seed: fc.nat(1000),
  }),
)

const holds = (law: (example: Example) => void, among = examples): void => fc.assert(fc.property(among, law), runs)

const [n, d] = [(x: Tensor): number => x.shape[0] ?? 0, (x: Tensor): number => x.shape[1] ?? 0]

/** Up to ±1e4, one for each row. */
const shifts = (count: number, seed: number): number[] =>
  Array.from({ length: count }, (_, i) => ((((seed + 7) * (i + 3)) % 41) - 20) * 500)

describe('consistency by KL', () => {
  const kl =
    (temperature: number) =>
    (f: Tensor, p: Tensor): Tensor =>
      klConsistency(f, p, { temperature })

  test('the order of positions and of words is free', () =>
    holds(({ f, p, rows, columns, temperature }) => {
      testing.batchOrderIsFree(kl(temperature), [f, p], rows)
      testing.classOrderIsFree(kl(temperature), [f, p], columns)
    }))

  test('it does not see a number added to a row', () =>
    holds(({ f, p, temperature, seed }) =>
      testing.rowShiftIsFree(kl(temperature), [f, p], shifts(n(f), seed), { rtol: 1e-8 }),
    ))

  test('it is not negative, but for rounding', () =>
    holds(({ f, p, temperature }) =>
      testing.isNotNegative(kl(temperature), [f, p], 16 * u * (temperature ** 2 * Math.log(d(f)) + 16)),
    ))

  test('at T it is T² times that of F/T and P/T at 1', () =>
    holds(({ f, p, temperature }) => {
      const [a, b] = testing.oracle(
        ([x = f, y = p]) => [
          kl(temperature)(x, y),
          mul(kl(1)(div(x, temperature), div(y, temperature)), temperature ** 2),
        ],
        [f, p],
      )
      expect(Math.abs((a?.item() ?? 0) - (b?.item() ?? 1))).toBeLessThanOrEqual(1e-12 * Math.max(1, a?.item() ?? 0))
    }))

  test('at a high T it is half the variance, over words, of F - P', () =>
    holds(({ f, p }) => {
      const [value] = testing.oracle(([x = f, y = p]) => [kl(1e4)(x, y)], [f, p])
      let total = 0
      for (let i = 0; i < n(f); i++) {
        const gaps = Array.from({ length: d(f) }, (_, j) => (f.data[i * d(f) + j] ?? 0) - (p.data[i * d(f) + j] ?? 0))
        const mean = gaps.reduce((a, b) => a + b, 0) / d(f)
        total += gaps.reduce((a, b) => a + (b - mean) ** 2, 0) / d(f)
      }
      expect(Math.abs((value?.item() ?? Number.NaN) - total / (2 * n(f)))).toBeLessThan(1e-2 * Math.max(1, total))
    }))

  test('its gradient is T (softmax(F/T) - softmax(P/T)) / n', () =>
    holds(({ f, p, temperature }) => {
      const slope = grad((x: Tensor) => kl(temperature)(x, p))(f)
      const q = (x: Tensor): Tensor => softmax(div(x, temperature))
      const expected = div(mul(sub(q(f), q(p)), temperature), n(f))
      for (const [i, g] of slope.data.entries()) {
        expect(Math.abs(g - (expected.data[i] ?? Number.NaN))).toBeLessThan((1e-5 * temperature) / n(f))
      }
      testing.gradientRowsSumToZero((x) => kl(temperature)(x, p), [f])
    }))

  test('it is 0 with gradient 0 where student = teacher, to rounding', () =>
    holds(({ f, temperature }) => testing.isZeroAtTeacher(kl(temperature), f, 16 * u * temperature ** 2)))

  test('the teacher gets no gradient', () =>
    holds(({ f, p, temperature }) => testing.teacherGetsNoGradient(kl(temperature), [f, p])))

  test('masked positions count nothing', () =>
    holds(({ f, p, temperature, seed }) =>
      testing.maskedRowsCountNothing(
        (mask, student, teacher) => klConsistency(student ?? mask, teacher ?? mask, { temperature, mask }),
        [f, p],
        1 + (seed % n(f)),
      ),
    ))

  test('hostile numbers, up to 1e30, stay finite', () => {
    const bounded = testing
      .hostileTensor([4, 3])
      .map((x) => testing.mapData(x, (v) => Math.max(-1e30, Math.min(1e30, v))))
    fc.assert(
      fc.property(bounded, bounded, fc.constantFrom(0.5, 1, 2, 10), (f, p, temperature) =>
        testing.staysFinite(kl(temperature), [f, p]),
      ),
      runs,
    )
  })

  test('its gradient is right, to second order', () =>
    holds(({ f, p, temperature, seed }) => testing.checkGrads((x: Tensor) => kl(temperature)(x, p), [f], { seed })))

  test.each([0, -1, Number.NaN, Number.POSITIVE_INFINITY])('a temperature of %d is refused', (temperature) => {
    expect(() => kl(temperature)(zeros([1, 2]), zeros([1, 2]))).toThrow(
      `klConsistency: the temperature must be a number above 0.\n  received  temperature ${temperature}`,
    )
  })
})

describe('diversity by entropy', () => {
  const among =
    (k: number) =>
    (f: Tensor): Tensor =>
      entropyDiversity(f, { topK: k })

  test('the order of positions and of words is free', () =>
    holds(({ f, rows, columns, k }) => {
      testing.batchOrderIsFree(among(k), [f], rows)
      if (distinctAt(f, k)) testing.classOrderIsFree(among(k), [f], columns)
    }))

  test('it does not see a number added to a row', () =>
    holds(({ f, k, seed }) => testing.rowShiftIsFree(among(k), [f], shifts(n(f), seed), { rtol: 1e-8 })))

  test('it lies in [-log K, 0]', () =>
    holds(({ f, k }) => {
      const bound = Math.log(Math.min(k, d(f)))
      testing.staysWithin(among(k), [f], -bound, 0, 8 * u * Math.max(1, bound))
    }))

  test('equal logits give -log K, one far above the others 0', () =>
    holds(({ f, k, temperature }) => {
      const flat = testing.mapData(f, () => 3)
      testing.valueIs(among(k), [flat], -Math.log(Math.min(k, d(f))))
      const sharp = testing.mapData(f, (_, i) => (i % d(f) === 0 ? 200 * temperature : 0))
      testing.staysWithin(among(k), [sharp], -1e-30, 0, temperature < 1 ? 1e-40 : 0)
      testing.staysFinite(among(k), [sharp])
    }))

  test('K >= d is the entropy of all; K = 1 is exactly 0, with gradient 0', () =>
    holds(({ f, k }) => {
      const [all, many] = testing.oracle(([x = f]) => [entropyDiversity(x), among(d(f) + k)(x)], [f])
      expect(many?.item()).toBe(all?.item())
      expect(Math.abs(among(1)(f).item())).toBe(0)
      testing.gradientIsZero(among(1), [f])
    }))

  test('only the K largest get a gradient, also at ties', () =>
    holds(({ f, k }) => {
      for (const x of [f, testing.mapData(f, (v) => Math.round(v / 4))]) {
        const slope = grad(among(k))(x)
        const chosen = topK(x, Math.min(k, d(x)))[1]
        const width = Math.min(k, d(x))
        for (let i = 0; i < n(x); i++) {
          const kept = new Set(chosen.data.subarray(i * width, (i + 1) * width))
          for (let j = 0; j < d(x); j++) if (!kept.has(j)) expect(slope.data[i * d(x) + j]).toBe(0)
        }
        testing.gradientRowsSumToZero(among(k), [x])
      }
    }))

  test('it is the entropy of the K largest alone', () =>
    holds(({ f, k }) => {
      const width = Math.min(k, d(f))
      const [value] = testing.oracle(([x = f]) => [among(k)(x)], [f])
      let total = 0
      for (let i = 0; i < n(f); i++) {
        const top = Array.from<number>(f.data.subarray(i * d(f), (i + 1) * d(f)))
          .sort((a, b) => b - a)
          .slice(0, width)
        const z = top.reduce((sum, x) => sum + Math.exp(x), 0)
        total += top.reduce((sum, x) => sum + (Math.exp(x) / z) * (x - Math.log(z)), 0)
      }
      expect(value?.item()).toBeCloseTo(total / n(f), 10)
    }))

  test('masked positions count nothing', () =>
    holds(({ f, k, seed }) =>
      testing.maskedRowsCountNothing(
        (mask, x) => entropyDiversity(x ?? mask, { topK: k, mask }),
        [f],
        1 + (seed % n(f)),
      ),
    ))

  test('hostile numbers stay finite', () => {
    fc.assert(
      fc.property(testing.hostileTensor([4, 3]), fc.integer({ min: 1, max: 4 }), (f, k) =>
        testing.staysFinite(among(k), [f]),
      ),
      runs,
    )
    // log q is -infinity, and q is 0
    testing.staysFinite(among(3), [array([[testing.largestF32, -testing.largestF32, 0]])])
  })

  test('its gradient is right, to second order, where the K-th and the next are apart', () =>
    holds(({ f, k, seed }) => {
      if (distinctAt(f, k)) testing.checkGrads(among(k), [f], { seed })
    }))

  test.each([0, 1.5, -1])('topK %d is refused', (k) => {
    expect(() => among(k)(zeros([1, 2]))).toThrow('topK must be a whole number above 0.')
  })
})

/** Whether the K-th largest of every row is clearly above the next. */
const distinctAt = (f: HostTensor, k: number): boolean =>
  Array.from({ length: n(f) }, (_, i) => {
    const row = Array.from<number>(f.data.subarray(i * d(f), (i + 1) * d(f))).sort((a, b) => b - a)
    return k >= d(f) || (row[k - 1] ?? 0) - (row[k] ?? 0) > 1e-2
  }).every((apart) => apart)

describe('the spectral term with a sketch', () => {
  const shape = [9, 17] as const
  const loss =
    (k: number, seed: number) =>
    (f: Tensor): Tensor =>
      spectral(f, { k, sketch: gaussianSketch(key(seed), shape, k) })
  const wide = fc.record({ f: testing.tensorOf(shape), k: fc.integer({ min: 1, max: 3 }), seed: fc.nat(1000) })
  const few = testing.lawRuns(8) // each takes a subspace through two derivatives
  const spread = wide.filter(({ f }) => f.data.some((x) => Math.abs(x) > 0.1))

  test('lies in [-√k, 0]; its scale is free, and its gradient orthogonal to F', () =>
    fc.assert(
      fc.property(spread, ({ f, k, seed }) => {
        testing.staysWithin(loss(k, seed), [f], -Math.sqrt(k), 0)
        for (const factor of [1e-6, 1e6]) testing.scalesByDegree(loss(k, seed), [f], factor, 0, { rtol: 1e-7 })
        testing.gradientIsOrthogonal(loss(k, seed), [f], { rtol: 1e-6 })
      }),
      few,
    ))

  test('hostile numbers stay finite', () =>
    fc.assert(
      fc.property(testing.hostileTensor(shape), fc.integer({ min: 1, max: 3 }), (f, k) =>
        testing.staysFinite(loss(k, 1), [f]),
      ),
      few,
    ))
})

describe('how sure the teacher is', () => {
  test('its entropy lies in [0, log d], and the adaptive weight between its bounds', () =>
    holds(({ p, temperature, seed }) => {
      testing.staysWithin((x) => meanEntropy(x, { temperature }), [p], 0, Math.log(d(p)), 8 * u * Math.log(d(p)))
      const bounds = { lowest: (seed % 7) / 10, highest: 0.7 + (seed % 5) }
      const weight = (x: Tensor): Tensor => adaptiveFactor({ ...bounds, temperature })({ teacher: x, mask: null })
      testing.staysWithin(weight, [p], bounds.lowest, bounds.highest, 16 * u * bounds.highest)
    }))

  test('no entropy gives the highest, full entropy the lowest', () => {
    const weight = (p: Tensor): number =>
      adaptiveFactor({ lowest: 0.25, highest: 2 })({ teacher: p, mask: null }).item()
    expect(weight(array([[1000, 0, 0]]))).toBe(2)
    expect(weight(zeros([2, 8]))).toBeCloseTo(0.25, 6)
  })

  test('the entropy has the right gradient', () =>
    holds(({ p, temperature, seed }) =>
      testing.checkGrads((x: Tensor) => meanEntropy(x, { temperature }), [p], { seed }),
    ))
})
