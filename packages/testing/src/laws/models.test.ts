/* Laws of layers, sequences, optimisers, schedules and random draws: kept and broken. */
import {
  add,
  array,
  broadcastTo,
  cumsum,
  div,
  greater,
  key,
  matmul,
  mean,
  mul,
  normal,
  ones,
  referenceEngine,
  reshape,
  softmax,
  sqrt,
  standardize,
  sub,
  sum,
  type Tensor,
  tensor,
  uniform,
  where,
  zeros,
} from '@cotangent/core'
import { describe, expect, test } from 'vitest'
import { dependsOnDifferences, isCausal, paddingIsFree } from './attention.js'
import { LawError } from './lawError.js'
import {
  gradientIsOrthogonalToRows,
  gradientOfRowsSumsToZero,
  keepsRowNorms,
  rowScaleKeeps,
  rowShiftKeeps,
  staysFiniteOn,
} from './norms.js'
import {
  chiSquareBound,
  isUniform,
  keepsMean,
  maskIsShared,
  sameKeySameBits,
  splitKeysAreIndependent,
} from './randomness.js'
import { scheduleIs, scheduleIsMonotone, scheduleStaysWithin } from './schedules.js'
import { firstStepIsSign, type Optimiser, stepIgnoresScale, updateIsPure, zeroGradientOnlyDecays } from './updates.js'

const rows = array([
  [0.5, -1, 2, 0.25],
  [1, 1.5, -0.5, 3],
])
const layerNorm = (x: Tensor): Tensor => standardize(x, 1e-12)
const unit = (x: Tensor): Tensor => div(x, sqrt(sum(mul(x, x), -1, { keepDims: true })))
const double = (x: Tensor): Tensor => mul(x, 2)

/** The mean of all places up to each. */
const past = (x: Tensor): Tensor => {
  const n = x.shape[0] ?? 0
  return div(cumsum(x, 0), reshape(tensor(Float32Array.from({ length: n }, (_, i) => i + 1)), [n, 1]))
}
/** The mean of all places that count. */
const pooled = (x: Tensor, mask: Tensor): Tensor => {
  const weights = reshape(mask, [mask.size, 1])
  return broadcastTo(div(sum(mul(x, weights), 0, { keepDims: true }), sum(mask)), x.shape)
}

const rotate = (x: Tensor, position: number): Tensor => {
  const [c, s] = [Math.cos(0.3 * position), Math.sin(0.3 * position)]
  return matmul(
    x,
    array([
      [c, s],
      [-s, c],
    ]),
  )
}

/** Adam's first step, with decay. */
const signed = (rate: number, decay: number): Optimiser<Tensor> => ({
  init: () => array(0),
  update: <T>(gradients: T, state: Tensor, params: T): readonly [T, Tensor] => {
    const [g, p] = [gradients as Tensor, params as Tensor] // border: one tensor here
    const step = where(greater(mul(g, g), 0), div(g, sqrt(mul(g, g))), 0)
    return [mul(add(step, mul(p, decay)), -rate) as T, add(state, 1)]
  },
})
const descent: Optimiser<null> = {
  init: () => null,
  update: <T>(gradients: T): readonly [T, null] => [mul(gradients as Tensor, -0.1) as T, null], // border: as above
}
let clock = 0
const drifting: Optimiser<null> = {
  init: () => null,
  update: <T>(gradients: T): readonly [T, null] => [mul(gradients as Tensor, ++clock) as T, null], // border: as above
}

const uniformDraw = (k: Tensor): Tensor => uniform(k, [20_000])
const dropped =
  (rate: number) =>
  (x: Tensor, k: Tensor): Tensor =>
    where(greater(uniform(k, x.shape), rate), div(x, 1 - rate), 0)
let other = 0

type Run = () => unknown

/** Name, where the law holds, where it does not. */
const cases: readonly (readonly [string, Run, Run])[] = [
  ['shift of rows', () => rowShiftKeeps(layerNorm, rows, [100, -3]), () => rowShiftKeeps(unit, rows, [100, -3])],
  ['scale of rows', () => rowScaleKeeps(unit, rows, [1e-10, 1e10]), () => rowScaleKeeps(double, rows, [2, 3])],
  [
    'orthogonal to the rows',
    () => gradientIsOrthogonalToRows(unit, rows),
    () => gradientIsOrthogonalToRows(double, rows),
  ],
  ['rows of the gradient', () => gradientOfRowsSumsToZero(layerNorm, rows), () => gradientOfRowsSumsToZero(unit, rows)],
  [
    'finite result',
    () => staysFiniteOn((x) => softmax(x ?? rows), [rows]),
    () => staysFiniteOn((x) => unit(x ?? rows), [zeros([1, 2])]),
  ],
  [
    'norms of rows',
    () =>
      keepsRowNorms(
        (x) => rotate(x, 3),
        array([
          [1, 2],
          [3, 4],
        ]),
      ),
    () => keepsRowNorms(double, rows),
  ],
  ['causality', () => isCausal(past, rows, 0), () => isCausal((x) => sub(x, mean(x, 0)), rows, 0)],
  [
    'padding',
    () => {
      paddingIsFree(pooled, rows, ones([3, 4]))
      paddingIsFree(pooled, rows, ones([3, 4]), { side: 'left' })
    },
    () => paddingIsFree((x) => sub(x, mean(x, 0)), rows, ones([3, 4]), { side: 'left' }),
  ],
  [
    'differences of positions',
    () => dependsOnDifferences(rotate, array([[1, 2]]), array([[0.5, -1]]), [3, 7], 20),
    () => dependsOnDifferences((x, i) => mul(x, 1 + i), array([[1, 2]]), array([[0.5, -1]]), [3, 7], 20),
  ],
  [
    'first step',
    () => firstStepIsSign(signed(0.1, 0), rows, rows, 0.1),
    () => firstStepIsSign(descent, rows, rows, 0.1),
  ],
  [
    'gradient of 0',
    () => zeroGradientOnlyDecays(signed(0.1, 0.5), rows, 0.05),
    () => zeroGradientOnlyDecays(signed(0.1, 0.5), rows, 0.1),
  ],
  [
    'scale of the gradient',
    () => stepIgnoresScale(signed(0.1, 0.5), rows, rows, 1000),
    () => stepIgnoresScale(descent, rows, rows, 2),
  ],
  ['update again', () => updateIsPure(signed(0.1, 0), rows, rows), () => updateIsPure(drifting, rows, rows)],
  [
    'schedule',
    () => {
      scheduleIs(
        (t) => 1 - t,
        [
          [0, 1],
          [1, 0],
        ],
      )
      scheduleIsMonotone((t) => 1 - t, 'falls', [0, 0.5, 1])
      scheduleIsMonotone((t) => t, 'rises', [0, 0.5, 1])
    },
    () => scheduleIsMonotone((t) => Math.sin(3 * t), 'rises', [0, 0.5, 1]),
  ],
  ['schedule', () => scheduleIs(() => 0, [[3, -0]]), () => scheduleIs((t) => t, [[0.1, 0.2]])],
  [
    'range of the schedule',
    () => scheduleStaysWithin((t) => t, 0, 1, [0, 0.5, 1]),
    () => scheduleStaysWithin((t) => t * 2, 0, 1, [0, 0.5, 1]),
  ],
  [
    'same key, same bits',
    () => sameKeySameBits(uniformDraw, 3, [referenceEngine()]),
    () => sameKeySameBits((k) => normal(k, [2 + ++other]), 3),
  ],
  ['uniform', () => isUniform(uniformDraw, 5), () => isUniform((k) => mul(uniformDraw(k), 0.95), 5)],
  [
    'independent keys',
    () => splitKeysAreIndependent(uniformDraw, 5),
    () => splitKeysAreIndependent(() => uniformDraw(key(1)), 5),
  ],
  [
    'mean',
    () => keepsMean(dropped(0.3), ones([20_000]), 5, 0.3),
    () => keepsMean((x, k) => mul(dropped(0.3)(x, k), 0.7), ones([20_000]), 5, 0.3),
  ],
  [
    'one mask',
    () => maskIsShared(dropped(0.3), ones([1000]), 5),
    () => maskIsShared((x, k) => mul(dropped(0.3)(x, k), dropped(0.3)(ones(x.shape), key(++other))), ones([1000]), 5),
  ],
]

describe.each(cases)('%s', (check, kept, broken) => {
  test('holds where it should', async () => {
    await kept()
  })

  test('is found broken where it should be', async () => {
    const caught: unknown = await Promise.resolve()
      .then(broken)
      .catch((error: unknown) => error)
    expect(caught).toBeInstanceOf(LawError)
    expect(caught instanceof LawError ? caught.check : '').toBe(check)
  })
})

test('the bound of chi-square is that of the tables', () => {
  // p = 1e-6, from the incomplete gamma function
  for (const [freedom, bound] of [
    [10, 46.863],
    [63, 131.37],
    [255, 377.078],
  ] as const) {
    expect(Math.abs(chiSquareBound(freedom) / bound - 1)).toBeLessThan(0.03)
  }
})
