import { add, array, grad, key, mul, normal, sum, type Tensor, take, valueAndGrad } from '@cotangent/core'
import { describe, expect, it } from 'vitest'
import { binaryCrossEntropyWithLogits } from './binaryCrossEntropyWithLogits.js'
import { crossEntropy } from './crossEntropy.js'
import { meanSquaredError } from './meanSquaredError.js'

const labels = (...values: number[]): Tensor => array(values, 'i32')
const logits = normal(key(7), [6, 4])
const truth = labels(0, 3, 1, -100, 2, 2)

describe('crossEntropy', () => {
  it('by hand', () => {
    expect(crossEntropy(array([[0, 0]]), labels(1)).item()).toBeCloseTo(Math.log(2), 7)
    // p = [0.8, 0.2]
    const two = array([[Math.log(4), 0]])
    expect(crossEntropy(two, labels(1)).item()).toBeCloseTo(-Math.log(0.2), 6)
    expect(crossEntropy(two, labels(0), { labelSmoothing: 0.5 }).item()).toBeCloseTo(
      -0.75 * Math.log(0.8) - 0.25 * Math.log(0.2),
      6,
    )
  })

  it('has gradient (softmax − one-hot) / n', () => {
    expect(
      grad((x: Tensor) => crossEntropy(x, labels(0, 1)))(
        array([
          [0, 0],
          [0, 0],
        ]),
      ).toArray(),
    ).toEqual([
      [-0.25, 0.25],
      [0.25, -0.25],
    ])
  })

  it.each([1e30, -1e30, 3e38])('is finite for logits of ±%d, gradient too', (size) => {
    const [value, slope] = valueAndGrad((x: Tensor) => crossEntropy(x, labels(0, 1), { labelSmoothing: 0.1 }))(
      array([
        [size, 0],
        [-size / 2, size / 2],
      ]),
    )
    expect(Number.isFinite(value.item())).toBe(true)
    expect([...slope.data].every(Number.isFinite)).toBe(true)
  })

  it('of ignored rows alone is 0, with gradient 0', () => {
    const [value, slope] = valueAndGrad((x: Tensor) => crossEntropy(x, labels(-100, -100)))(
      array([
        [5, 1],
        [1, 5],
      ]),
    )
    expect([value.item(), ...slope.data]).toEqual([0, 0, 0, 0, 0])
  })

  it('leaves rows out by label and by mask alike', () => {
    const kept = [0, 1, 4, 5]
    const alone = crossEntropy(take(logits, labels(...kept)), take(truth, labels(...kept))).item()
    expect(crossEntropy(logits, labels(0, 3, -100, -100, 2, 2)).item()).toBeCloseTo(alone, 6)
    for (const mask of [array([true, true, false, true, true, true]), array([1, 1, 0, 1, 1, 1])]) {
      expect(crossEntropy(logits, truth, { mask }).item()).toBeCloseTo(alone, 6)
    }
    expect(crossEntropy(logits, labels(0, 3, 7, 7, 2, 2), { ignoreIndex: 7 }).item()).toBeCloseTo(alone, 6)
  })

  it('does not see a shift of the logits', () => {
    const shifted = add(logits, array([[1], [2], [3], [4], [5], [6]]))
    expect(crossEntropy(shifted, truth).item()).toBeCloseTo(crossEntropy(logits, truth).item(), 5)
  })

  it('refuses what does not fit', () => {
    expect(() => crossEntropy(logits, labels(1))).toThrowErrorMatchingInlineSnapshot(`
      [ShapeError: crossEntropy: logits must be [n, d, ...s] and labels [n, ...s], or probabilities [n, d, ...s].
        received  logits f32[6,4], labels i32[1]
        to do     classes are axis 1: reshape(logits, [-1, d]), reshape(labels, [-1]) make rows of positions]
    `)
    expect(() => crossEntropy(logits, array([0, 1, 2, 3, 0, 0]))).toThrowErrorMatchingInlineSnapshot(`
      [DTypeError: crossEntropy: labels must have dtype i32.
        received  logits f32[6,4], labels f32[6]
        to do     cast(labels, 'i32')]
    `)
    expect(() => crossEntropy(logits, truth, { mask: array([1]) })).toThrowErrorMatchingInlineSnapshot(`
      [ShapeError: crossEntropy: the mask needs one entry per row, or the shape of more leading axes of the terms.
        received  mask f32[1], terms f32[6]
        to do     give a mask of shape [n]]
    `)
  })
})

describe('meanSquaredError', () => {
  it('by hand, with a mask', () => {
    expect(meanSquaredError(array([1, 3]), array([1, 1])).item()).toBe(2)
    const [p, t] = [
      array([
        [1, 1],
        [5, 5],
      ]),
      array([
        [0, 2],
        [0, 0],
      ]),
    ]
    expect(meanSquaredError(p, t).item()).toBe(13)
    expect(meanSquaredError(p, t, { mask: array([true, false]) }).item()).toBe(1)
    expect(meanSquaredError(p, t, { mask: array([false, false]) }).item()).toBe(0)
  })

  it('broadcasts nothing', () => {
    expect(() => meanSquaredError(array([[1], [2]]), array([1, 2]))).toThrowErrorMatchingInlineSnapshot(`
      [ShapeError: meanSquaredError: prediction and target must have one shape, rows first.
        received  prediction f32[2,1], target f32[2]
        to do     reshape one of them; losses broadcast nothing]
    `)
  })
})

describe('binaryCrossEntropyWithLogits', () => {
  it('by hand', () => {
    expect(binaryCrossEntropyWithLogits(array([[0]]), array([[1]])).item()).toBeCloseTo(Math.log(2), 7)
    const x = Math.log(4) // σ = 0.8
    expect(binaryCrossEntropyWithLogits(array([x, x]), array([1, 0])).item()).toBeCloseTo(
      -(Math.log(0.8) + Math.log(0.2)) / 2,
      6,
    )
  })

  it('is finite for large logits; its gradient is σ(x) − t', () => {
    const slope = grad((x: Tensor) => sum(mul(binaryCrossEntropyWithLogits(x, array([1, 0, 1])), 3)))
    const [value, ...rest] = slope(array([1e30, 1e30, 0])).data
    expect([value, ...rest]).toEqual([0, 1, -0.5])
  })
})
