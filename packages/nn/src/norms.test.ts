/* Norms: by hand, the laws of shift, scale and orthogonality, statistics that go in and out, gradients. */
import { add, array, key, mul, normal, ones, reshape, type Tensor, vjp, zeros } from '@cotangent/core'
import { checkGrads, forAll, lawRuns, oracle, tensorOf } from '@cotangent/testing'
import { describe, expect, it } from 'vitest'
import { type BatchStatistics, batchNorm } from './batchNorm.js'
import { cosineSimilarity } from './cosineSimilarity.js'
import { groupNorm } from './groupNorm.js'
import { instanceNorm } from './instanceNorm.js'
import { layerNorm } from './layerNorm.js'
import { normalize } from './normalize.js'
import { rmsNorm } from './rmsNorm.js'

const x = normal(key(1), [4, 6, 3])
const params = { weight: normal(key(2), [6]), bias: normal(key(3), [6]) }
const plain = { weight: ones([6]), bias: zeros([6]) }
const seen: BatchStatistics = { mean: normal(key(4), [6]), variance: array([1, 2, 3, 0.5, 4, 1]) }

/** Largest difference of two tensors' numbers. */
const apart = (a: Tensor | undefined, b: Tensor | undefined): number =>
  Math.max(0, ...Array.from<number>(a?.data ?? []).map((value, i) => Math.abs(value - (b?.data[i] ?? Number.NaN))))

const flat = { weight: ones([5]), bias: zeros([5]) }
const norms: Readonly<Record<string, { readonly f: (z: Tensor) => Tensor; readonly shiftIsFree: boolean }>> = {
  layerNorm: { f: (z) => layerNorm(flat, z, 0), shiftIsFree: true },
  rmsNorm: { f: (z) => rmsNorm({ weight: ones([5]) }, z, 0), shiftIsFree: false },
  groupNorm: { f: (z) => groupNorm(flat, z, 1, 0), shiftIsFree: true },
  instanceNorm: {
    f: (z) => instanceNorm({ weight: ones([1]), bias: zeros([1]) }, reshape(z, [3, 1, 5]), 0),
    shiftIsFree: true,
  },
  normalize: { f: (z) => normalize(z), shiftIsFree: false },
}

describe.each(Object.entries(norms))('%s', (_, { f, shiftIsFree }) => {
  // rows that differ within: a row of equal numbers has no direction
  const examples = tensorOf([3, 5]).map((z) => add(z, array([[-9, 0, 20, 1, -30]])))

  it('does not see the scale; its gradient is orthogonal to x', () => {
    forAll(
      [examples],
      (z) => {
        const [y, large, small, slope, point] = oracle(
          ([p]) =>
            p === undefined
              ? []
              : [
                  f(p),
                  f(mul(p, 1e10)),
                  f(mul(p, 1e-10)),
                  vjp(f, p)[1](reshape(normal(key(9), [15]), f(p).shape))[0],
                  p,
                ],
          [z],
        )
        expect(apart(large, y)).toBeLessThan(1e-6)
        expect(apart(small, y)).toBeLessThan(1e-6)
        const along = Array.from<number>(slope?.data ?? []).reduce((sum, g, i) => sum + g * (point?.data[i] ?? 0), 0)
        expect(Math.abs(along)).toBeLessThan(1e-9)
      },
      lawRuns(20),
    )
  })

  it(`${shiftIsFree ? 'does not see' : 'sees'} a shift`, () => {
    const z = array([
      [1, 2, 4, 8, 16],
      [3, 1, 4, 1, 5],
      [-2, 7, 1, 8, 2],
    ])
    const [y, shifted] = oracle(([p]) => (p === undefined ? [] : [f(p), f(add(p, 3))]), [z])
    if (shiftIsFree) expect(apart(y, shifted)).toBeLessThan(1e-12)
    else expect(apart(y, shifted)).toBeGreaterThan(0.01)
  })
})

describe('groupNorm', () => {
  it('of one group of channels without positions is a layer norm', () => {
    const z = normal(key(5), [4, 6])
    expect(apart(groupNorm(params, z, 1, 1e-5), layerNorm(params, z, 1e-5))).toBeLessThan(1e-6)
  })

  it('takes channels that follow each other together', () => {
    const y = groupNorm({ weight: ones([4]), bias: zeros([4]) }, array([[1, 3, 10, 30]]), 2, 0)
    expect(y.toArray()).toEqual([[-1, 1, -1, 1]])
  })

  it('has the derivatives of central differences, and stays finite where all numbers are equal', () => {
    checkGrads((z: Tensor, p: typeof params) => groupNorm(p, z, 3, 1e-5), [x, params])
    expect(groupNorm(plain, ones([2, 6, 3]), 2, 1e-5).data.every((value) => value === 0)).toBe(true)
  })

  it('refuses groups that do not divide', () => {
    expect(() => groupNorm(params, x, 4, 1e-5)).toThrowErrorMatchingInlineSnapshot(`
      [ShapeError: groupNorm: x must be [n, c, ...s], and the number of groups divide c.
        received  x f32[4,6,3], groups 4
        to do     channels are axis 1; 1 group takes all of them together]
    `)
    expect(() => groupNorm({ ...params, weight: ones([3]) }, x, 2, 1e-5)).toThrowErrorMatchingInlineSnapshot(`
      [ShapeError: groupNorm: weight must have one number per channel (axis 1).
        received  weight f32[3], x f32[4,6,3]
        to do     give it shape [c]]
    `)
  })
})

describe('batchNorm', () => {
  it('gives each channel mean 0 and variance 1, and moves the statistics', () => {
    const z = array([
      [1, 10],
      [3, 30],
    ])
    const two = { weight: ones([2]), bias: zeros([2]) }
    const old = { mean: array([4, 0]), variance: array([1, 2]) }
    const { y, statistics } = batchNorm(two, old, z, { training: true, eps: 0, momentum: 0.25 })
    expect(y.toArray()).toEqual([
      [-1, -1],
      [1, 1],
    ])
    expect(statistics.mean.toArray()).toEqual([3.5, 5])
    // the variance of two numbers, divided by 1: 2 and 200
    expect(statistics.variance.toArray()).toEqual([1.25, 51.5])
  })

  it('without training uses the statistics, which stay', () => {
    const { y, statistics } = batchNorm(params, seen, x, { training: false })
    expect(statistics).toBe(seen)
    const half = { mean: array([1]), variance: array([4]) }
    const one = { weight: array([3]), bias: array([10]) }
    expect(batchNorm(one, half, array([[5]]), { training: false, eps: 0 }).y.toArray()).toEqual([[16]])
    const first = batchNorm(params, seen, reshape(x, [4, 6, 3]), { training: false }).y
    expect(first.data).toEqual(y.data)
  })

  it('sees the statistics of its own batch in every training step', () => {
    const trained = batchNorm(params, seen, x, { training: true })
    const again = batchNorm(params, trained.statistics, x, { training: true })
    expect(again.y.data).toEqual(trained.y.data)
    // statistics that have seen enough of one batch are those of the batch
    let statistics = seen
    for (let step = 0; step < 200; step++) statistics = batchNorm(params, statistics, x, { training: true }).statistics
    const evaluated = batchNorm(params, statistics, x, { training: false }).y
    const count = 4 * 3
    const scaled = batchNorm(params, { ...statistics, variance: mul(statistics.variance, (count - 1) / count) }, x, {
      training: false,
    }).y
    expect(apart(scaled, trained.y)).toBeLessThan(1e-5)
    expect(apart(evaluated, trained.y)).toBeGreaterThan(1e-3)
  })

  it('has the derivatives of central differences, of its statistics too', () => {
    for (const training of [true, false]) {
      checkGrads(
        (z: Tensor, p: typeof params, old: BatchStatistics) => {
          const { y, statistics } = batchNorm(p, old, z, { training })
          return [y, statistics.mean, statistics.variance]
        },
        [x, params, seen],
      )
    }
  })

  it('refuses what has no variance, and statistics that do not fit', () => {
    const one = { weight: ones([1]), bias: zeros([1]) }
    const start = { mean: zeros([1]), variance: ones([1]) }
    expect(() => batchNorm(one, start, ones([1, 1]), { training: true })).toThrowErrorMatchingInlineSnapshot(`
      [ShapeError: batchNorm: in training each channel must have two numbers or more: one has no variance.
        received  x f32[1,1]
        to do     take a larger batch, or layerNorm or groupNorm, which do not need one]
    `)
    expect(() => batchNorm(one, start, ones([3]), { training: false })).toThrowErrorMatchingInlineSnapshot(`
      [ShapeError: batchNorm: x must be [n, c, ...s].
        received  x f32[3]
        to do     channels are axis 1; reshape(x, [n, c])]
    `)
    expect(() =>
      batchNorm(params, { ...seen, mean: zeros([1]) }, x, { training: true }),
    ).toThrowErrorMatchingInlineSnapshot(`
      [ShapeError: batchNorm: mean must have one number per channel (axis 1).
        received  mean f32[1], x f32[4,6,3]
        to do     give it shape [c]]
    `)
  })
})

describe('normalize', () => {
  it.each([1e-20, 1e-10, 1, 1e20, 5e37])('rows of size %d have length 1, with finite gradients', (size) => {
    const row = array([[3 * size, 4 * size]])
    const y = normalize(row, { eps: 1e-30 })
    expect(apart(y, array([[0.6, 0.8]]))).toBeLessThan(1e-6)
    expect(vjp((z: Tensor) => normalize(z, { eps: 1e-30 }), row)[1](ones([1, 2]))[0].data.every(Number.isFinite)).toBe(
      true,
    )
  })

  it('divides what is shorter than eps by eps', () => {
    expect(
      normalize(
        array([
          [0, 0],
          [3, 4],
        ]),
        { eps: 10 },
      ).toArray(),
    ).toEqual([
      [0, 0],
      [array(0.3).item(), array(0.4).item()],
    ])
    const slope = vjp((z: Tensor) => normalize(z, { eps: 0.5 }), zeros([1, 2]))[1](ones([1, 2]))[0]
    expect(slope.toArray()).toEqual([[2, 2]])
    expect(normalize(array([[1e-42, 0]])).data.every(Number.isFinite)).toBe(true)
  })

  it('goes along any axis, with the derivatives of central differences', () => {
    expect(apart(normalize(array([[3], [4]]), { axis: 0 }), array([[0.6], [0.8]]))).toBeLessThan(1e-7)
    checkGrads((z: Tensor) => normalize(z, { axis: 1 }), [x])
    checkGrads((z: Tensor) => normalize(z, { eps: 100 }), [x])
    expect(() => normalize(x, { eps: 0 })).toThrowErrorMatchingInlineSnapshot(`
      [ArgumentError: normalize: eps must be above 0.
        received  eps 0
        to do     leave it out for 1e-12]
    `)
  })
})

describe('cosineSimilarity', () => {
  it('is the cosine, whatever the lengths', () => {
    const [a, b] = [
      array([
        [1, 0],
        [1e20, 1e20],
        [0, 0],
      ]),
      array([
        [-3, 0],
        [1e-6, 0],
        [1, 2],
      ]),
    ]
    expect(apart(cosineSimilarity(a, b), array([-1, Math.SQRT1_2, 0]))).toBeLessThan(1e-6)
    checkGrads((p: Tensor, q: Tensor) => cosineSimilarity(p, q, { axis: 1 }), [x, normal(key(8), [4, 6, 3])])
    expect(() => cosineSimilarity(x, ones([3]))).toThrowErrorMatchingInlineSnapshot(`
      [ShapeError: cosineSimilarity: both must have one shape.
        received  x f32[4,6,3], y f32[3]
        to do     broadcastTo one of them; for all pairs multiply normalize(x) with the transpose of normalize(y)]
    `)
  })
})
