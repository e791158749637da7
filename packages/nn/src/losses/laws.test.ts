/* The laws of cross-entropy and divergence on random logits. Letters: F logits, [n, d]. */
import { array, type HostTensor, logSoftmax, softmax, stopGradient, type Tensor, zeros } from '@cotangent/core'
import * as testing from '@cotangent/testing'
import * as fc from 'fast-check'
import { describe, test } from 'vitest'
import { crossEntropy } from './crossEntropy.js'
import { klDivergence } from './klDivergence.js'

const [n, d] = [4, 3]
const labels = array([2, 0, -100, 1], 'i32')
const entropy = (f: Tensor): Tensor => crossEntropy(f, labels)
const smoothed = (f: Tensor): Tensor => crossEntropy(f, labels, { labelSmoothing: 0.2 })
const divergence = (f: Tensor, p: Tensor): Tensor => klDivergence(logSoftmax(f), stopGradient(softmax(p)))

const logits = testing.tensorOf([n, d])
/** Differences of larger ones do not fit into f32. Row 2 is ignored. */
const hostile = testing
  .hostileTensor([n, d])
  .map((f) => testing.mapData(f, (x, i) => (Math.floor(i / d) === 2 ? x : Math.max(-1e30, Math.min(1e30, x)))))

const order = (length: number): fc.Arbitrary<number[]> =>
  fc.shuffledSubarray(
    Array.from({ length }, (_, i) => i),
    { minLength: length },
  )
const runs = testing.lawRuns(30)

describe.each([
  ['cross-entropy', entropy],
  ['cross-entropy with smoothing', smoothed],
] as const)('%s', (_, loss) => {
  test('does not see a shift of a row; rows of the gradient add up to 0', () =>
    testing.forAll(
      [logits],
      (f) => {
        testing.rowShiftIsFree(loss, [f], [1e4, -1e4, 3, 0.5])
        testing.gradientRowsSumToZero(loss, [f])
      },
      runs,
    ))

  test('is not negative, and log d where all logits are equal', () => {
    testing.forAll([logits], (f) => testing.isNotNegative(loss, [f]), runs)
    testing.valueIs(loss, [zeros([n, d])], Math.log(d))
  })

  test('is finite for hostile logits up to 1e30, whatever an ignored row holds', () =>
    testing.forAll([hostile], (f) => testing.staysFinite(loss, [f]), runs))

  test('its gradient is right, to second order', () =>
    testing.forAll([logits], (f) => testing.checkGrads(loss, [f]), runs))
})

test('rows that a mask leaves out count nothing', () => {
  const known = array([2, 0, 1, 1], 'i32')
  const front = (keep: number): HostTensor => array(Array.from(known.data.slice(0, keep)), 'i32')
  testing.forAll(
    [logits, fc.integer({ min: 1, max: n })],
    (f, keep) =>
      testing.maskedRowsCountNothing(
        (mask, x) => crossEntropy(x ?? mask, (x ?? mask).shape[0] === n ? known : front(keep), { mask }),
        [f],
        keep,
      ),
    runs,
  )
})

describe('divergence', () => {
  test('the order of rows and classes is free', () =>
    testing.forAll(
      [logits, logits, order(n), order(d)],
      (f, p, rows, classes) => {
        testing.batchOrderIsFree(divergence, [f, p], rows)
        testing.classOrderIsFree(divergence, [f, p], classes)
      },
      runs,
    ))

  test('is not negative, 0 where both agree, and the target gets no gradient', () =>
    testing.forAll(
      [logits, logits],
      (f, p) => {
        testing.isNotNegative(divergence, [f, p])
        testing.isZeroAtTeacher(divergence, f, 1e-6)
        testing.teacherGetsNoGradient(divergence, [f, p])
      },
      runs,
    ))
})
