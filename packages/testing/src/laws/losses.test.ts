/* The laws themselves: losses that keep them pass, losses that break them are told so by name. */
import {
  abs,
  add,
  array,
  div,
  eye,
  greater,
  logSoftmax,
  logsumexp,
  matmul,
  mean,
  mul,
  neg,
  reshape,
  singularValues,
  softmax,
  sqrt,
  square,
  stopGradient,
  sub,
  sum,
  type Tensor,
  transpose,
  where,
} from '@cotangent/core'
import { describe, expect, test } from 'vitest'
import { LawError } from './lawError.js'
import * as invariances from './losses.js'
import * as gradients from './lossGradients.js'

const laws = { ...gradients, ...invariances }

const logits = array([
  [0.5, -1, 2, 0.25],
  [1, 1.5, -0.5, 3],
  [-2, 0, 1, 1.25],
])
const teacher = array([
  [1, -1, 1, 0],
  [0, 2, -1, 2],
  [-1, 1, 0, 1],
])

/** Mean squared distance of softmaxes; the teacher is fixed. */
const distance = (f: Tensor, p: Tensor): Tensor => mean(square(sub(softmax(f), softmax(stopGradient(p)))))
const entropy = (f: Tensor): Tensor => neg(mean(sum(mul(softmax(f), logSoftmax(f)), -1)))
const spread = (f: Tensor): Tensor => sum(square(sub(f, mean(f, 0, { keepDims: true }))))
const largest = (f: Tensor): Tensor => div(sum(singularValues(f), 0), sqrt(sum(square(f))))
const direction = (f: Tensor): Tensor => sum(div(f, sqrt(sum(square(f), 1, { keepDims: true }))))
/** Sees the first row only. */
const first = (f: Tensor): Tensor => sum(matmul(array([[1, 0, 0]]), f))

const rotation = (angle: number, n: number): number[][] =>
  Array.from({ length: n }, (_, i) =>
    Array.from({ length: n }, (__, j) =>
      i < 2 && j < 2 ? (i === j ? Math.cos(angle) : (i - j) * Math.sin(angle)) : Number(i === j),
    ),
  )

const masked = (mask: Tensor, f: Tensor): Tensor => {
  const weights = reshape(mask, [mask.size, 1])
  return div(sum(where(greater(weights, 0), square(f), 0)), sum(mask))
}

const cases: readonly (readonly [string, () => void, () => void])[] = [
  [
    'permutation of the batch',
    () => laws.batchOrderIsFree(distance, [logits, teacher], [2, 0, 1]),
    () => laws.batchOrderIsFree(first, [logits], [2, 0, 1]),
  ],
  [
    'permutation of the classes',
    () => laws.classOrderIsFree(entropy, [logits], [3, 0, 2, 1]),
    () => laws.classOrderIsFree((f) => sum(matmul(f, array([[1], [2], [3], [4]]))), [logits], [3, 0, 2, 1]),
  ],
  [
    'shift of logits',
    () => laws.rowShiftIsFree(entropy, [logits], [1000, -3, 0.5]),
    () => laws.rowShiftIsFree(spread, [logits], [1000, -3, 0.5]),
  ],
  [
    'one vector added to all rows',
    () => laws.commonShiftIsFree(spread, [logits], [5, -1000, 2, 0]),
    () => laws.commonShiftIsFree(entropy, [logits], [5, -10, 2, 0]),
  ],
  [
    'scaling of rows',
    () => laws.rowScalingIsFree(direction, [logits], [1e-10, 3, 1e10]),
    () => laws.rowScalingIsFree(entropy, [logits], [0.5, 3, 2]),
  ],
  ['scaling', () => laws.scalesByDegree(spread, [logits], 3, 2), () => laws.scalesByDegree(spread, [logits], 3, 4)],
  [
    'rotation',
    () => laws.rotationIsFree(largest, [logits], rotation(0.7, 3), rotation(-0.3, 4)),
    () => laws.rotationIsFree(entropy, [logits], rotation(0.7, 3), rotation(-0.3, 4)),
  ],
  [
    'range',
    () => laws.staysWithin(entropy, [logits], 0, Math.log(4)),
    () => laws.isNotNegative((f) => neg(entropy(f)), [logits]),
  ],
  [
    'value',
    () => laws.valueIs(entropy, [array([[1, 1, 1, 1]])], Math.log(4)),
    () => laws.valueIs(entropy, [logits], Math.log(4)),
  ],
  ['zero gradient', () => laws.gradientIsZero(spread, [array([[1, 2]])]), () => laws.gradientIsZero(spread, [logits])],
  [
    'finite gradient',
    () =>
      laws.staysFinite(entropy, [
        array([
          [1e30, -1e30],
          [88, -104],
        ]),
      ]),
    () =>
      laws.staysFinite(
        direction,
        [
          array([
            [0, 0],
            [1, 1],
          ]),
        ].map((x) => add(x, 0)),
      ),
  ],
  [
    'teacher',
    () => laws.teacherGetsNoGradient(distance, [logits, teacher]),
    () => laws.teacherGetsNoGradient((f, p) => sum(square(sub(f, p))), [logits, teacher]),
  ],
  [
    'student = teacher',
    () => laws.isZeroAtTeacher(distance, logits),
    () => laws.isZeroAtTeacher((f, p) => sum(sub(f, stopGradient(p))), logits),
  ],
  [
    'orthogonal gradient',
    () => laws.gradientIsOrthogonal(direction, [logits]),
    () => laws.gradientIsOrthogonal(spread, [logits]),
  ],
  [
    'gradient rows',
    () => laws.gradientRowsSumToZero(entropy, [logits]),
    () => laws.gradientRowsSumToZero((f) => sum(square(f)), [logits]),
  ],
  [
    'gradient',
    () =>
      laws.gradientIs(spread, [logits], (f) =>
        f === undefined ? [] : [mul(sub(f, mean(f, 0, { keepDims: true })), 2)],
      ),
    () => laws.gradientIs(spread, [logits], (f) => (f === undefined ? [] : [mul(f, 2)])),
  ],
  [
    'zero gradient',
    () => laws.gradientIsZeroAt(distance, [logits, teacher], () => true, 1),
    () => laws.gradientIsZeroAt(first, [logits], (place) => place > 2),
  ],
  [
    'two losses',
    () => laws.lossesAgree(entropy, (f) => sub(mean(logsumexp(f)), mean(sum(mul(softmax(f), f), -1))), [logits]),
    () => laws.lossesAgree(entropy, spread, [logits]),
  ],
  [
    'one-sided differences',
    () => laws.differencesBracket((f) => sum(abs(sub(f, logits))), [logits]),
    () => laws.differencesBracket((f) => sum(mul(f, stopGradient(f))), [logits]),
  ],
  [
    'masked rows',
    () => laws.maskedRowsCountNothing(masked, [logits], 2),
    () => laws.maskedRowsCountNothing((_, f) => sum(matmul(transpose(f), f)), [logits], 2),
  ],
]

describe.each(cases)('%s', (check, kept, broken) => {
  test('holds where it should', kept)

  test('is found broken where it should be', () => {
    let caught: unknown = null
    try {
      broken()
    } catch (error) {
      caught = error
    }
    expect(caught).toBeInstanceOf(LawError)
    expect(caught instanceof LawError ? caught.check : '').toMatch(check === 'finite gradient' ? /^finite/ : check)
  })
})

test('permutations of rows and columns are what they say', () => {
  const x = array([
    [1, 2],
    [3, 4],
  ])
  expect(laws.permuteRows(x, [1, 0]).toArray()).toEqual([
    [3, 4],
    [1, 2],
  ])
  expect(laws.permuteColumns(x, [1, 0]).toArray()).toEqual(matmul(x, sub(1, eye(2))).toArray())
})
