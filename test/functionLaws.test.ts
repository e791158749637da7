/*
 * The laws of layers, sequences, optimisers, schedules, draws and losses, on this library's own. Each law is tried on
 * random examples from a fixed seed.
 */
import {
  array,
  type HostTensor,
  matmul,
  mean,
  ones,
  referenceEngine,
  reshape,
  scalar,
  sub,
  type Tensor,
  tanh,
  uniform,
  zeros,
} from '@cotangent/core'
import { onnxEngine } from '@cotangent/engine-onnx'
import {
  attention,
  causalMask,
  crossEntropy,
  dropout,
  layerNorm,
  maskBias,
  rmsNorm,
  rope,
  ropeTable,
} from '@cotangent/nn'
import { adamw, type Schedule, sgd, warmupCosine, warmupLinear } from '@cotangent/optim'
import * as testing from '@cotangent/testing'
import * as fc from 'fast-check'
import { afterAll, describe, test } from 'vitest'

const { forAll, lawRuns } = testing

const widths = fc.constantFrom(2, 3, 5, 8)
/** Rows that are not constant: a layer norm divides by their spread. */
const spreadRows = fc.tuple(fc.constantFrom(1, 2, 3), widths).chain(([n, d]) => testing.distinct([n, d]))
const scales = fc.array(fc.constantFrom(1e-10, 1e-3, 1, 7, 1e10), { minLength: 3, maxLength: 3 })

describe('layerNorm', () => {
  const norm = (x: Tensor): Tensor => {
    const d = x.shape.at(-1) ?? 0
    return layerNorm({ weight: ones([d]), bias: zeros([d]) }, x, 1e-30)
  }

  test('does not see a shift of its rows, nor their scale', () =>
    forAll([spreadRows, scales], (x, factors) => {
      testing.rowShiftKeeps(
        norm,
        x,
        factors.map((c) => Math.min(c, 100)),
      )
      testing.rowScaleKeeps(norm, x, factors)
      testing.gradientOfRowsSumsToZero(norm, x)
      testing.gradientIsOrthogonalToRows((y) => norm(sub(y, mean(y, -1, { keepDims: true }))), x)
    }))

  test('has finite values and gradients on rows of zeros', () => {
    const small = (x: Tensor): Tensor => layerNorm({ weight: ones([4]), bias: zeros([4]) }, x, 1e-12)
    testing.staysFiniteOn((x) => small(x ?? zeros([2, 4])), [zeros([2, 4])])
  })
})

describe('rmsNorm', () => {
  const norm = (x: Tensor): Tensor => rmsNorm({ weight: ones([x.shape.at(-1) ?? 0]) }, x, 1e-30)

  test('does not see the scale of its rows', () =>
    forAll([spreadRows, scales], (x, factors) => {
      testing.rowScaleKeeps(norm, x, factors)
      testing.gradientIsOrthogonalToRows(norm, x)
    }))
})

/** One head on a sequence [time, width] that attends to itself. */
const attend = (x: Tensor, bias: Tensor | null): Tensor => {
  const [n = 0, d = 0] = x.shape
  const heads = reshape(x, [1, n, 1, d])
  return reshape(attention(heads, tanh(heads), heads, bias === null ? {} : { bias }), [n, d])
}

describe('attention', () => {
  const sequences = fc.integer({ min: 1, max: 9 }).chain((n) => testing.tensorOf([n, 4]))

  test('with a causal mask sees nothing of what follows', () =>
    forAll([sequences, fc.nat(8)], (x, at) => {
      const causal = (y: Tensor): Tensor => attend(y, maskBias(causalMask(ones([1, y.shape[0] ?? 0])), 'f32'))
      testing.isCausal(causal, x, at % (x.shape[0] ?? 1))
    }))

  test('sees nothing of padding, left or right', () =>
    forAll([sequences, testing.tensorOf([3, 4]), fc.constantFrom('left', 'right')], (x, padding, side) => {
      const masked = (y: Tensor, mask: Tensor): Tensor => attend(y, maskBias(reshape(mask, [1, mask.size]), 'f32'))
      testing.paddingIsFree(masked, x, padding, { side })
    }))

  test('stays finite where nothing may be attended to', () =>
    testing.staysFiniteOn((x) => attend(x ?? ones([3, 4]), maskBias(zeros([1, 3]), 'f32')), [ones([3, 4])]))
})

describe('rope', () => {
  const rotated = (x: Tensor, positions: readonly number[]): Tensor => {
    const table = ropeTable({ headDim: 4, theta: 10_000 }, array([positions], 'i32'), 'f32')
    return reshape(rope(reshape(x, [1, positions.length, 1, 4]), table), x.shape)
  }
  const vectors = testing.tensorOf([1, 4])

  test('keeps norms, and products depend on differences of positions', () =>
    forAll([vectors, vectors, fc.nat(40), fc.nat(40), fc.nat(60)], (q, k, m, n, shift) => {
      testing.keepsRowNorms((x) => rotated(x, [m]), q)
      testing.dependsOnDifferences((x, position) => rotated(x, [position]), q, k, [m, n], shift)
    }))
})

describe('optimisers', () => {
  /** Away from 0, where eps decides. */
  const gradients = fc
    .tuple(testing.tensorOf([2, 3], testing.awayFromZero(0.5, 8)), testing.tensorOf([4], testing.awayFromZero(0.5, 8)))
    .map(([w, b]) => ({ w, b: [b, null] as const }))
  const adam = adamw({ learningRate: 0.01, epsilon: 1e-12 })
  const decaying = adamw({ learningRate: 0.01, weightDecay: 0.1 })

  test("adamw's first step is the sign of the gradient, whatever its scale", () =>
    forAll(
      [gradients],
      (g) => {
        testing.firstStepIsSign(adam, g, g, 0.01)
        testing.stepIgnoresScale(adam, g, g, 1000)
        testing.updateIsPure(adam, g, g)
      },
      lawRuns(20),
    ))

  test('adamw without a gradient only decays; sgd does nothing', () =>
    forAll(
      [gradients],
      (params) => {
        testing.zeroGradientOnlyDecays(decaying, params, 0.001)
        testing.zeroGradientOnlyDecays(sgd({ learningRate: 0.5 }), params, 0)
      },
      lawRuns(20),
    ))

  test('gradients of parts of a batch add up', () =>
    forAll([testing.tensorOf([3]), testing.tensorOf([5, 3]), fc.integer({ min: 1, max: 4 })], (w, x, n) =>
      testing.gradientsOfPartsAddUp((v: Tensor, rows: Tensor) => mean(tanh(matmul(rows, v))), w, [x], [n, 5 - n]),
    ))
})

describe('schedules', () => {
  const at =
    (schedule: Schedule) =>
    (step: number): number =>
      schedule(scalar(step)).item()
  const settings = fc
    .tuple(fc.integer({ min: 1, max: 50 }), fc.integer({ min: 1, max: 1000 }))
    .map(([warmupSteps, more]) => ({ peak: 0.5, warmupSteps, totalSteps: warmupSteps + more }))

  test('rise from 0 to the peak, and fall to 0', () =>
    forAll(
      [settings],
      (s) => {
        for (const schedule of [warmupLinear(s), warmupCosine(s)].map(at)) {
          testing.scheduleIs(schedule, [
            [0, 0],
            [s.warmupSteps, 0.5],
            [s.totalSteps, 0],
          ])
          const fall = Array.from(
            { length: 9 },
            (_, i) => s.warmupSteps + Math.round((i * (s.totalSteps - s.warmupSteps)) / 8),
          )
          testing.scheduleIsMonotone(schedule, 'falls', fall)
          testing.scheduleStaysWithin(schedule, 0, 0.5, [...fall, ...fall.map((t) => t % s.warmupSteps)])
        }
      },
      lawRuns(30),
    ))
})

describe('random draws', async () => {
  const onnx = await onnxEngine({ threads: 1 })
  afterAll(() => onnx.close())
  const draw = (k: Tensor): Tensor => uniform(k, [20_000])

  test('are the same for the same key, on every engine', async () => {
    for (const seed of [0, 1, 20_261]) await testing.sameKeySameBits(draw, seed, [referenceEngine(), onnx])
  })

  test('are uniform, and those of split keys independent', () => {
    for (const seed of [0, 1, 2]) {
      testing.isUniform(draw, seed)
      testing.splitKeysAreIndependent(draw, seed)
    }
  })

  test('of dropout: one mask for both passes, and the mean stays', () => {
    const dropped = (x: Tensor, k: Tensor): Tensor => dropout(k, 0.3, x)
    testing.maskIsShared(dropped, ones([1000]), 3)
    testing.keepsMean(dropped, ones([100_000]), 3, 0.3)
  })
})

describe('losses', () => {
  const logits = fc.tuple(fc.integer({ min: 2, max: 5 }), fc.integer({ min: 2, max: 6 })).chain(([n, d]) =>
    fc.record({
      f: testing.tensorOf([n, d]),
      p: testing.tensorOf([n, d]),
      labels: testing.indicesOf([n], d),
      shifts: fc.array(testing.between(-1e4, 1e4), { minLength: n, maxLength: n }),
    }),
  )
  const on =
    (labels: HostTensor) =>
    (f: Tensor): Tensor =>
      crossEntropy(f, labels)

  test('cross-entropy does not see a shift, is not negative, and its gradient is softmax less one-hot', () =>
    forAll([logits], ({ f, labels, shifts }) => {
      testing.rowShiftIsFree(on(labels), [f], shifts)
      testing.isNotNegative(on(labels), [f])
      testing.gradientRowsSumToZero(on(labels), [f])
      testing.valueIs(on(labels), [zeros(f.shape)], Math.log(f.shape[1] ?? 1), { rtol: 1e-7 })
    }))

  // beyond 2^125 the sum of four losses may exceed f32
  test('cross-entropy stays finite for hostile logits', () =>
    forAll([testing.hostileTensor([4, 3]).map((f) => testing.mapData(f, (x) => x / 8))], (f) =>
      testing.staysFinite(on(array([0, 1, 2, 0], 'i32')), [f]),
    ))

  test('cross-entropy of ignored labels: no gradient there, and the mean is that of the others', () =>
    forAll([logits], ({ f, labels }) => {
      const d = f.shape[1] ?? 1
      const some = testing.mapData(labels, (label, i) => (i === 0 ? -100 : label))
      testing.gradientIsZeroAt(on(some), [f], (place) => place < d)
    }))
})
