/* What cross-entropy is told beyond labels: weights, positions, probabilities. The rest is in losses.test.ts. */
import {
  array,
  grad,
  key,
  logSoftmax,
  moveAxis,
  normal,
  oneHot,
  reshape,
  softmax,
  type Tensor,
  vmap,
} from '@cotangent/core'
import { checkGrads, oracle } from '@cotangent/testing'
import { describe, expect, it } from 'vitest'
import { type CrossEntropyOptions, crossEntropy } from './crossEntropy.js'

const logits = normal(key(1), [5, 3])
const labels = array([2, 0, -100, 1, 1], 'i32')
const classWeights = array([0.5, 2, 3])
const w = [0.5, 2, 3]

/** −log p of each row, in f64. */
const surprise = (): number[][] => {
  const [logp] = oracle(([x]) => (x === undefined ? [] : [logSoftmax(x)]), [logits])
  return Array.from({ length: 5 }, (_, i) =>
    Array.from({ length: 3 }, (__, j) => -(logp?.data[3 * i + j] ?? Number.NaN)),
  )
}

const valueOf = (options: CrossEntropyOptions): number =>
  oracle(([x]) => (x === undefined ? [] : [crossEntropy(x, labels, options)]), [logits])[0]?.item() ?? Number.NaN

describe('class weights', () => {
  const rows = [0, 1, 3, 4]
  const label = [2, 0, -100, 1, 1]
  const weightOf = (i: number): number => w[label[i] ?? 0] ?? 0
  const total = rows.reduce((sum, i) => sum + weightOf(i), 0)

  it('weight rows by their label; the mean divides by those weights', () => {
    const terms = rows.map((i) => weightOf(i) * (surprise()[i]?.[label[i] ?? 0] ?? 0))
    const sum = terms.reduce((a, b) => a + b)
    expect(valueOf({ classWeights, reduction: 'sum' })).toBeCloseTo(sum, 12)
    expect(valueOf({ classWeights })).toBeCloseTo(sum / total, 12)
  })

  it('weight what smoothing adds by class', () => {
    const [eps, s] = [0.3, surprise()]
    const terms = rows.map((i) => {
      const smooth = [0, 1, 2].reduce((sum, j) => sum + (w[j] ?? 0) * (s[i]?.[j] ?? 0), 0) / 3
      return (1 - eps) * weightOf(i) * (s[i]?.[label[i] ?? 0] ?? 0) + eps * smooth
    })
    const sum = terms.reduce((a, b) => a + b)
    expect(valueOf({ classWeights, labelSmoothing: eps })).toBeCloseTo(sum / total, 12)
  })

  it('of 1 change nothing, and have derivatives', () => {
    const ones = array([1, 1, 1])
    expect(valueOf({ classWeights: ones, labelSmoothing: 0.1 })).toBeCloseTo(valueOf({ labelSmoothing: 0.1 }), 14)
    checkGrads(
      (x: Tensor, weights: Tensor) => crossEntropy(x, labels, { classWeights: weights, labelSmoothing: 0.1 }),
      [logits, classWeights],
    )
  })
})

describe('positions', () => {
  const images = normal(key(2), [2, 3, 4, 5])
  const truth = array(
    Array.from({ length: 40 }, (_, i) => (i % 7 === 0 ? -100 : (i * 5) % 3)),
    'i32',
  )
  const places = reshape(truth, [2, 4, 5])
  const rows = reshape(moveAxis(images, 1, -1), [40, 3])

  it.each(['mean', 'sum'] as const)('are rows, classes on axis 1: %s', (reduction) => {
    const options = { reduction, classWeights, labelSmoothing: 0.1 }
    const [whole, flat] = [crossEntropy(images, places, options), crossEntropy(rows, truth, options)]
    expect(whole.shape).toEqual([])
    expect(whole.item()).toBeCloseTo(flat.item(), 4)
  })

  it('have a term each', () => {
    const terms = crossEntropy(images, places, { reduction: 'none' })
    expect(terms.shape).toEqual([2, 4, 5])
    expect(terms.data).toEqual(crossEntropy(rows, truth, { reduction: 'none' }).data)
  })

  it('may be masked, each, or by example', () => {
    const first = array([1, 0])
    const each = array(Array.from({ length: 2 }, (_, i) => Array.from({ length: 4 }, () => new Array(5).fill(1 - i))))
    const byExample = crossEntropy(images, places, { mask: first }).item()
    expect(crossEntropy(images, places, { mask: each }).item()).toBeCloseTo(byExample, 6)
    const alone = crossEntropy(reshape(images, [2, 60]), array([0, 0], 'i32'), { mask: first, reduction: 'none' })
    expect(alone.data[1]).toBe(0)
  })
})

describe('probabilities', () => {
  it('that name a class are its label', () => {
    const known = array([2, 0, 2, 1, 1], 'i32')
    for (const labelSmoothing of [0, 0.2]) {
      expect(crossEntropy(logits, oneHot(known, 3), { labelSmoothing }).item()).toBeCloseTo(
        crossEntropy(logits, known, { labelSmoothing }).item(),
        6,
      )
    }
  })

  it('equal to the prediction give its entropy; gradient softmax − q', () => {
    const q = softmax(normal(key(3), [5, 3]))
    const slope = grad((x: Tensor) => crossEntropy(x, q, { reduction: 'sum' }))(logits)
    const p = softmax(logits)
    for (const [i, value] of slope.data.entries()) expect(value).toBeCloseTo((p.data[i] ?? 0) - (q.data[i] ?? 0), 6)
    checkGrads((x: Tensor, t: Tensor) => crossEntropy(x, t, { classWeights }), [logits, q])
  })
})

it('one example has no axis n, so that it can be mapped over', () => {
  const known = array([2, 0, 2, 1, 1], 'i32')
  const each = vmap((x: Tensor, label: Tensor) => crossEntropy(x, label))(logits, known)
  expect(each.data).toEqual(crossEntropy(logits, known, { reduction: 'none' }).data)
})

it('refuses options that do not fit', () => {
  expect(() => crossEntropy(logits, labels, { classWeights: array([1, 2]) })).toThrowErrorMatchingInlineSnapshot(`
    [ShapeError: crossEntropy: there must be one weight per class.
      received  classWeights f32[2], logits f32[5,3]
      to do     give class weights of shape [d]]
  `)
  expect(() => crossEntropy(logits, labels, { labelSmoothing: 10 })).toThrowErrorMatchingInlineSnapshot(`
    [ArgumentError: crossEntropy: the label smoothing must be from 0 to 1.
      received  labelSmoothing 10
      to do     give the share of the target that is spread over all classes, such as 0.1]
  `)
  expect(() =>
    crossEntropy(logits, labels, { reduction: 'median' as string as 'mean' }),
  ).toThrowErrorMatchingInlineSnapshot(`
    [ArgumentError: crossEntropy: the reduction must be mean, sum or none.
      received  reduction median
      to do     leave it out for 'mean']
  `)
})
