/* The laws of the three regularisers for classification, on random logits. Letters: F student, P teacher, [n, d]. */
import { consistency, diversity, spectral } from '@cotangent/ba-lora'
import { array, type HostTensor, singularValues, type Tensor, zeros } from '@cotangent/core'
import * as testing from '@cotangent/testing'
import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'

const runs = testing.lawRuns(40)

const logits = (n: number, d: number): fc.Arbitrary<HostTensor> => testing.tensorOf([n, d])

const sides = fc.tuple(fc.constantFrom(2, 3, 5, 8, 13), fc.constantFrom(2, 3, 4, 7, 11))

interface Example {
  readonly f: HostTensor
  readonly p: HostTensor
  readonly rows: readonly number[]
  readonly columns: readonly number[]
  readonly k: number
  readonly seed: number
}

const order = (n: number): fc.Arbitrary<number[]> =>
  fc.shuffledSubarray(
    Array.from({ length: n }, (_, i) => i),
    { minLength: n },
  )

const examples: fc.Arbitrary<Example> = sides.chain(([n, d]) =>
  fc.record({
    f: logits(n, d),
    p: logits(n, d),
    rows: order(n),
    columns: order(d),
    k: fc.integer({ min: 1, max: 12 }),
    seed: fc.nat(1000),
  }),
)

const holds = (law: (example: Example) => void, among = examples): void => fc.assert(fc.property(among, law), runs)

const [n, d] = [(x: Tensor): number => x.shape[0] ?? 0, (x: Tensor): number => x.shape[1] ?? 0]

/** Without rows of (almost) one direction: where the singular values are distinct and not 0, the spectral term is smooth. */
const generic = examples.filter(({ f }) => wellSpread(f))

const wellSpread = (f: HostTensor): boolean => {
  const s = testing.oracle(([x]) => (x === undefined ? [] : [singularValues(x)]), [f])[0]?.data ?? []
  const values = Array.from<number>(s)
  return values.every((value, i) => value > 0.05 && value - (values[i + 1] ?? 0) > 0.05)
}

/** Every row has a direction: its largest magnitude is not tiny. */
const directed = examples.filter(({ f, p }) => [f, p].every((x) => shortestRow(x) > 0.05))

const shortestRow = (x: HostTensor): number => {
  const width = x.shape[1] ?? 1
  let shortest = Number.POSITIVE_INFINITY
  for (let i = 0; i < x.size; i += width) {
    shortest = Math.min(shortest, Math.max(...x.data.subarray(i, i + width).map(Math.abs)))
  }
  return shortest
}

const agreement = (f: Tensor, p: Tensor): Tensor => consistency(f, p)
const variety = (f: Tensor): Tensor => diversity(f)

describe('consistency', () => {
  test('the order of examples and of classes is free', () =>
    holds(({ f, p, rows, columns }) => {
      testing.batchOrderIsFree(agreement, [f, p], rows)
      testing.classOrderIsFree(agreement, [f, p], columns)
    }))

  test('it does not see the length of rows, from 1e-20 to 1e20', () =>
    holds(({ f, p, seed }) => {
      const scales = Array.from({ length: n(f) }, (_, i) => 10 ** (((seed * (i + 3)) % 41) - 20))
      testing.rowScalingIsFree(agreement, [f, p], scales)
      testing.staysFinite(agreement, [testing.mapData(f, (x, i) => x * (scales[Math.floor(i / d(f))] ?? 1)), p])
    }, directed))

  test('it lies in [0, 4/d]', () => holds(({ f, p }) => testing.staysWithin(agreement, [f, p], 0, 4 / d(f), 1e-6)))

  test('it is exactly 0, and its gradient too, where student = teacher', () =>
    holds(({ f }) => testing.isZeroAtTeacher(agreement, f)))

  test('the teacher gets no gradient', () => holds(({ f, p }) => testing.teacherGetsNoGradient(agreement, [f, p])))

  test('masked rows count nothing', () =>
    holds(({ f, p, seed }) =>
      testing.maskedRowsCountNothing(
        (mask, student, teacher) => consistency(student ?? mask, teacher ?? mask, { mask }),
        [f, p],
        1 + (seed % n(f)),
      ),
    ))

  test('rows of zeros and hostile numbers stay finite', () => {
    testing.staysFinite(agreement, [zeros([3, 4]), zeros([3, 4])])
    fc.assert(
      fc.property(testing.hostileTensor([4, 3]), testing.hostileTensor([4, 3]), (f, p) =>
        testing.staysFinite(agreement, [f, p]),
      ),
      runs,
    )
  })

  test('its gradient is right, to second order', () =>
    holds(({ f, p, seed }) => testing.checkGrads((x: Tensor) => consistency(x, p), [f], { seed }), directed))
})

describe('diversity', () => {
  test('the order of examples and of classes is free', () =>
    holds(({ f, rows, columns }) => {
      testing.batchOrderIsFree(variety, [f], rows)
      testing.classOrderIsFree(variety, [f], columns)
    }))

  test('it does not see one vector added to all rows, up to 10,000 times the spread', () =>
    holds(({ f, seed }) =>
      testing.commonShiftIsFree(
        variety,
        [f],
        Array.from({ length: d(f) }, (_, i) => ((seed + i) % 7) * 1e4),
        {
          rtol: 1e-8,
        },
      ),
    ))

  test('it is not negative, and of degree 4', () =>
    holds(({ f }) => {
      testing.isNotNegative(variety, [f])
      // powers of 2 scale without rounding: the covariance may be all cancellation
      for (const factor of [2, 0.25, 2 ** -10, 2 ** 10]) testing.scalesByDegree(variety, [f], factor, 4)
    }))

  test('it is 0 with gradient 0 for one class, equal rows, and one row', () => {
    const equal = array([
      [1, 2, 3],
      [1, 2, 3],
    ])
    for (const f of [array([[1], [2], [4]]), equal, array([[1, 2, 3]])]) {
      testing.valueIs(variety, [f], 0)
      testing.gradientIsZero(variety, [f])
    }
  })

  test('masked rows count nothing', () =>
    holds(({ f, seed }) =>
      testing.maskedRowsCountNothing((mask, x) => diversity(x ?? mask, { mask }), [f], 1 + (seed % n(f))),
    ))

  test('its gradient is right, to second order', () =>
    holds(({ f, seed }) => testing.checkGrads(variety, [f], { seed })))
})

describe.each(['nuclear', 'frobenius'] as const)('spectral, %s', (norm) => {
  const loss = (k: number) => (f: Tensor) => spectral(f, { k, norm })

  test('the order of examples and of classes is free', () =>
    holds(({ f, rows, columns, k }) => {
      testing.batchOrderIsFree(loss(k), [f], rows, { rtol: 1e-7 })
      testing.classOrderIsFree(loss(k), [f], columns, { rtol: 1e-7 })
    }, generic))

  test('it does not see a rotation of rows or columns', () =>
    holds(({ f, k, seed }) =>
      testing.rotationIsFree(loss(k), [f], rotation(n(f), seed), rotation(d(f), seed + 1), { rtol: 1e-8 }),
    ))

  test('it does not see the scale, from 1e-6 to 1e6; its gradient is orthogonal to F', () =>
    holds(({ f, k }) => {
      if (f.data.every((x) => Math.abs(x) < 1e-2)) return // below a norm of 1e-8 the term is skipped
      for (const factor of [1e-6, 1e6]) testing.scalesByDegree(loss(k), [f], factor, 0)
      testing.gradientIsOrthogonal(loss(k), [f], { rtol: 1e-6 })
    }, generic))

  test('it lies between -1 (-√k) and -k/min(n, d)', () =>
    holds(({ f, k }) => {
      const all = Math.min(n(f), d(f))
      const low = norm === 'nuclear' ? -1 : -Math.sqrt(Math.min(k, all))
      testing.staysWithin(loss(k), [f], low, norm === 'nuclear' ? -Math.min(1, k / all) : -Math.min(k, all) / all)
    }, generic))

  test('its gradient is finite for repeated, zero and cut-straddling singular values, and at every scale', () => {
    const identity = array([
      [1, 0, 0],
      [0, 1, 0],
      [0, 0, 1],
    ])
    const doubled = array([
      [1, 1, 0],
      [2, 2, 1],
      [-1, -1, 3],
    ])
    for (const k of [1, 2, 3]) {
      for (const f of [
        identity,
        doubled,
        zeros([3, 4]),
        array([
          [1, 2],
          [2, 4],
        ]),
      ]) {
        testing.staysFinite(loss(k), [f])
        testing.gradientIsOrthogonal(loss(k), [f], { rtol: 1e-6 })
      }
      for (const scale of [1e-20, 1e20]) testing.staysFinite(loss(k), [testing.mapData(doubled, (x) => x * scale)])
    }
  })

  test('hostile numbers stay finite', () =>
    fc.assert(
      fc.property(testing.hostileTensor([4, 3]), fc.integer({ min: 1, max: 4 }), (f, k) =>
        testing.staysFinite(loss(k), [f]),
      ),
      runs,
    ))

  test('masked rows count nothing', () =>
    holds(({ f, k, seed }) => {
      const keep = 1 + (seed % n(f))
      if (keep < 2) return // one row alone has a smaller matrix, whose term is skipped
      testing.maskedRowsCountNothing((mask, x) => spectral(x ?? mask, { k, norm, mask }), [f], keep, { rtol: 1e-6 })
    }, generic))

  test('its gradient is right, to second order where the singular values are distinct', () =>
    holds(({ f, k, seed }) => testing.checkGrads(loss(k), [f], { seed, rtol: 1e-5 }), generic))
})

test('spectral: with k at least the number of classes it is -1, with a gradient of 0', () =>
  holds(({ f }) => {
    const all = (x: Tensor): Tensor => spectral(x, { k: 20 })
    testing.valueIs(all, [f], -1)
    testing.gradientIsZero(all, [f], 1e-5)
  }, generic))

test('spectral: the reported range is reached', () => {
  const flat = array([
    [1, 0],
    [0, 1],
  ])
  expect(spectral(flat, { k: 1 }).item()).toBeCloseTo(-0.5, 6)
  expect(
    spectral(
      array([
        [1, 2],
        [2, 4],
      ]),
      { k: 1 },
    ).item(),
  ).toBeCloseTo(-1, 6)
})

/** Rows of an orthogonal matrix of side n. */
const rotation = (side: number, seed: number): number[][] => {
  const q = Array.from({ length: side }, (_, i) => Array.from({ length: side }, (__, j) => Number(i === j)))
  for (let i = 0; i + 1 < side; i++) {
    const angle = ((seed * (i + 2)) % 17) / 3
    const [c, s] = [Math.cos(angle), Math.sin(angle)]
    for (const row of q) {
      const [a, b] = [row[i] ?? 0, row[i + 1] ?? 0]
      row[i] = c * a - s * b
      row[i + 1] = s * a + c * b
    }
  }
  return q
}
