/* Losses of two tensors of one shape: by hand with round numbers, their edges, their gradients. */
import { add, array, grad, key, logSoftmax, mul, normal, softmax, type Tensor, zeros } from '@cotangent/core'
import { checkGrads } from '@cotangent/testing'
import { describe, expect, it } from 'vitest'
import { binaryCrossEntropyWithLogits } from './binaryCrossEntropyWithLogits.js'
import { cosineEmbeddingLoss } from './cosineEmbeddingLoss.js'
import { hingeLoss } from './hingeLoss.js'
import { huberLoss, smoothL1Loss } from './huberLoss.js'
import { klDivergence } from './klDivergence.js'
import { meanAbsoluteError } from './meanAbsoluteError.js'
import { meanSquaredError } from './meanSquaredError.js'
import type { LossOptions } from './reduction.js'

const [x, y] = [normal(key(1), [4, 3]), normal(key(2), [4, 3])]
const signs = array([
  [1, -1, 1],
  [-1, -1, 1],
  [1, 1, -1],
  [-1, 1, 1],
])

type Loss = (x: Tensor, y: Tensor, options?: LossOptions) => Tensor

const losses: Readonly<Record<string, Loss>> = {
  meanSquaredError,
  meanAbsoluteError,
  huberLoss: (p, t, options) => huberLoss(p, t, { delta: 0.7, ...options }),
  smoothL1Loss: (p, t, options) => smoothL1Loss(p, t, { beta: 0.3, ...options }),
  hingeLoss: (p, _, options) => hingeLoss(p, signs, options),
  binaryCrossEntropyWithLogits: (p, t, options) =>
    binaryCrossEntropyWithLogits(p, softmax(t), { posWeight: array([1, 2, 3]), ...options }),
  klDivergence: (p, t, options) => klDivergence(logSoftmax(p), softmax(t), options),
  'klDivergence of log p': (p, t, options) =>
    klDivergence(logSoftmax(p), logSoftmax(t), { logTarget: true, ...options }),
  cosineEmbeddingLoss: (p, t, options) => cosineEmbeddingLoss(p, t, array([1, 0, 1, -1]), options),
}

describe.each(Object.entries(losses))('%s', (_, loss) => {
  const terms = loss(x, y, { reduction: 'none' })
  const total = (kept: (i: number) => number): number =>
    Array.from<number>(terms.data).reduce((sum, term, i) => sum + term * kept(i), 0)

  it('has a mean and a sum of its terms', () => {
    expect(loss(x, y, { reduction: 'sum' }).item()).toBeCloseTo(
      total(() => 1),
      5,
    )
    expect(loss(x, y).item()).toBeCloseTo(total(() => 1) / terms.size, 6)
  })

  it('counts rows by their weights', () => {
    const weights = [1, 0, 2, 0.5]
    const mask = array(weights)
    const width = terms.size / 4
    const kept = (i: number): number => weights[Math.floor(i / width)] ?? 0
    expect(loss(x, y, { mask, reduction: 'sum' }).item()).toBeCloseTo(total(kept), 5)
    expect(loss(x, y, { mask }).item()).toBeCloseTo(total(kept) / (3.5 * width), 6)
    const left = loss(x, y, { mask, reduction: 'none' })
    for (const [i, value] of left.data.entries()) expect(value).toBeCloseTo((terms.data[i] ?? 0) * kept(i), 6)
    expect(loss(x, y, { mask: zeros([4]) }).item()).toBe(0)
  })

  it('may be masked term by term', () => {
    const mask = array(Array.from(terms.data, (_term, i) => i % 2))
    const shaped = terms.rank === 1 ? mask : array([0, 1, 0, 1].map((a) => [a, 1 - a, a]))
    const on = Array.from<number>(shaped.data).reduce((sum, one) => sum + one, 0)
    expect(loss(x, y, { mask: shaped }).item()).toBeCloseTo(total((i) => shaped.data[i] ?? 0) / on, 6)
  })

  it('has the derivatives of central differences', () => {
    checkGrads((a: Tensor, b: Tensor) => loss(a, b), [x, y])
  })
})

describe('huberLoss', () => {
  it('is squared near 0, straight outside, and goes over without a step', () => {
    const e = array([-3, -2, -1, 0, 1, 2, 3])
    const zero = zeros([7])
    const all = { reduction: 'none' } as const
    expect(huberLoss(e, zero, { delta: 2, ...all }).toArray()).toEqual([4, 2, 0.5, 0, 0.5, 2, 4])
    expect(smoothL1Loss(e, zero, { beta: 2, ...all }).toArray()).toEqual([2, 1, 0.25, 0, 0.25, 1, 2])
    expect(smoothL1Loss(e, zero, { beta: 0, ...all }).toArray()).toEqual([3, 2, 1, 0, 1, 2, 3])
    const slope = grad((p: Tensor) => huberLoss(p, zero, { delta: 2, reduction: 'sum' }))(e)
    expect(slope.toArray()).toEqual([-2, -2, -1, 0, 1, 2, 2])
  })

  it('is finite where a square is not', () => {
    expect(huberLoss(array([1e30]), array([0])).item()).toBeCloseTo(1e30, -24)
    expect(grad((p: Tensor) => huberLoss(p, array([0])))(array([1e30])).toArray()).toEqual([1])
  })

  it('refuses an edge that is none', () => {
    expect(() => huberLoss(x, y, { delta: 0 })).toThrowErrorMatchingInlineSnapshot(`
      [ArgumentError: huberLoss: delta must be a number above 0.
        received  delta 0
        to do     give the error from which on the loss is linear]
    `)
    expect(() => smoothL1Loss(x, y, { beta: -1 })).toThrowErrorMatchingInlineSnapshot(`
      [ArgumentError: smoothL1Loss: beta must be a number above 0.
        received  beta -1
        to do     give the error from which on the loss is linear]
    `)
  })
})

it('meanAbsoluteError: the derivative at 0 is 0', () => {
  expect(grad((p: Tensor) => meanAbsoluteError(p, array([1, 1, 1, 1])))(array([0, 1, 3, 1])).toArray()).toEqual([
    -0.25, 0, 0.25, 0,
  ])
})

describe('klDivergence', () => {
  const none = { reduction: 'none' } as const

  it('by hand, with classes of probability 0', () => {
    const half = array([[Math.log(0.5), Math.log(0.5)]])
    expect(klDivergence(half, array([[1, 0]])).item()).toBeCloseTo(Math.LN2, 6)
    const nowhere = array([[0, Number.NEGATIVE_INFINITY]])
    expect(klDivergence(nowhere, array([[1, 0]])).item()).toBe(0)
    expect(klDivergence(nowhere, nowhere, { logTarget: true }).item()).toBe(0)
    expect(klDivergence(nowhere, array([[0.5, 0.5]])).item()).toBe(Number.POSITIVE_INFINITY)
    const of = (q: Tensor, p: Tensor): Tensor => klDivergence(q, p, { reduction: 'sum' })
    expect(grad(of)(nowhere, array([[1, 0]])).toArray()).toEqual([[-1, 0]])
    expect(grad((p: Tensor) => of(nowhere, p))(array([[1, 0]])).toArray()).toEqual([[1, 0]])
    expect(
      grad((p: Tensor) => klDivergence(nowhere, p, { logTarget: true, reduction: 'sum' }))(nowhere).toArray(),
    ).toEqual([[1, 0]])
  })

  it('has its rows in the last axis, whatever is in front', () => {
    expect(klDivergence(zeros([2, 3, 4]), zeros([2, 3, 4]), none).shape).toEqual([2, 3])
  })
})

describe('hingeLoss', () => {
  it('takes labels of either dtype, and has derivative 0 at the margin', () => {
    const scores = array([1, 0.5, 2, -1])
    for (const labels of [array([1, 1, -1, -1]), array([1, 1, 0, 0], 'i32')]) {
      expect(hingeLoss(scores, labels, { reduction: 'none' }).toArray()).toEqual([0, 0.5, 3, 0])
      const slope = grad((s: Tensor) => hingeLoss(s, labels, { reduction: 'sum' }))(scores)
      expect(add(slope, 0).toArray()).toEqual([0, -1, 1, 0])
    }
    expect(hingeLoss(scores, array([1, 1, 1, 1]), { margin: 0, reduction: 'sum' }).item()).toBe(1)
  })
})

describe('cosineEmbeddingLoss', () => {
  it('pulls together, and pushes away down to the margin', () => {
    const [a, b] = [
      array([
        [1, 0],
        [1, 0],
        [1, 1],
      ]),
      array([
        [3, 0],
        [2, 0],
        [1, -1],
      ]),
    ]
    const labels = array([1, -1, -1], 'i32')
    expect(cosineEmbeddingLoss(a, b, labels, { reduction: 'none' }).toArray()).toEqual([0, 1, 0])
    expect(cosineEmbeddingLoss(a, b, labels, { margin: 0.25, reduction: 'none' }).toArray()).toEqual([0, 0.75, 0])
    expect(() => cosineEmbeddingLoss(a, b, array([1, 1]))).toThrowErrorMatchingInlineSnapshot(`
      [ShapeError: cosineEmbeddingLoss: there must be one label for each pair.
        received  x f32[3,2], labels f32[2]
        to do     give labels the shape of x without its last axis]
    `)
  })
})

describe('binaryCrossEntropyWithLogits', () => {
  it('counts targets of 1 by posWeight, terms by weight', () => {
    const [s, t] = [array([[0, 0]]), array([[1, 0]])]
    const all = { reduction: 'none' } as const
    const of = (options: object): unknown =>
      mul(binaryCrossEntropyWithLogits(s, t, { ...all, ...options }), 1 / Math.LN2)
    const near = (a: unknown, b: readonly number[]): void => {
      for (const [i, value] of (a as Tensor).data.entries()) expect(value).toBeCloseTo(b[i] ?? 0, 6)
    }
    near(of({ posWeight: array([3, 5]) }), [3, 1])
    near(of({ weight: array([[2]]) }), [2, 2])
    near(of({ posWeight: array([3, 5]), weight: array([1, 4]) }), [3, 4])
    const even = { posWeight: array([1, 1, 1]), weight: array([1]) }
    const p = softmax(y)
    expect(binaryCrossEntropyWithLogits(x, p, even).item()).toBeCloseTo(binaryCrossEntropyWithLogits(x, p).item(), 6)
  })

  it('is finite for large logits with posWeight', () => {
    const slope = grad((s: Tensor) =>
      binaryCrossEntropyWithLogits(s, array([1, 0]), { posWeight: array([2, 2]), reduction: 'sum' }),
    )
    expect(slope(array([-1e30, 1e30])).toArray()).toEqual([-2, 1])
  })

  it('refuses weights that do not broadcast', () => {
    expect(() => binaryCrossEntropyWithLogits(x, y, { posWeight: array([1, 2]) })).toThrowErrorMatchingInlineSnapshot(`
      [ShapeError: binaryCrossEntropyWithLogits: posWeight must broadcast to the logits.
        received  posWeight f32[2], logits f32[4,3]
        to do     give one weight per class, or reshape [n] to [n, 1]]
    `)
  })
})

it('a mask of other shape is refused', () => {
  expect(() => meanSquaredError(x, y, { mask: array([1, 1, 1]) })).toThrowErrorMatchingInlineSnapshot(`
    [ShapeError: meanSquaredError: the mask needs one entry per row, or the shape of more leading axes of the terms.
      received  mask f32[3], terms f32[4,3]
      to do     give a mask of shape [n]]
  `)
  expect(() => meanSquaredError(x, add(y, 1), { mask: array(1) })).toThrowErrorMatchingInlineSnapshot(`
    [ShapeError: meanSquaredError: the mask needs one entry per row, or the shape of more leading axes of the terms.
      received  mask f32[], terms f32[4,3]
      to do     give a mask of shape [n]]
  `)
})
