import { derivativeIsRight } from '@cotangent/testing'
import { describe, expect, test } from 'vitest'
import { array, type Tensor, tensor } from '../tensor.js'
import { grad } from '../transforms/vjp.js'
import { elu, leakyRelu, logSigmoid, mish, silu } from './activations.js'
import { bitwiseAnd, bitwiseNot, bitwiseOr, bitwiseXor } from './bitwise.js'
import { all, any, argmin, min, std, sum } from './reduction.js'
import { ceil, clip, isFinite, isNaN, mod, rem, round, trunc } from './rounding.js'
import { atan, erfc } from './smooth.js'
import { acos, acosh, asin, asinh, atan2, atanh, cbrt, cosh, sinh, tan } from './trigonometry.js'

const f64 = (xs: readonly number[]): Tensor => tensor(Float64Array.from(xs))

/** Functions, JavaScript's own as the oracle, points, and where the function is smooth. */
const functions: readonly (readonly [string, (x: Tensor) => Tensor, (x: number) => number, readonly number[]])[] = [
  ['tan', tan, Math.tan, [-1.4, -0.3, 1e-9, 0.7, 2.5]],
  ['asin', asin, Math.asin, [-0.99, -0.3, 1e-9, 0.5, 0.999]],
  ['acos', acos, Math.acos, [-0.99, -0.3, 1e-9, 0.5, 0.999]],
  ['atan', atan, Math.atan, [-50, -1, 1e-9, 0.5, 3]],
  ['sinh', sinh, Math.sinh, [-20, -1, -1e-9, 1e-9, 0.5, 0.999, 1.001, 30]],
  ['cosh', cosh, Math.cosh, [-20, -1, 1e-9, 0.5, 30]],
  ['asinh', asinh, Math.asinh, [-1e12, -3, -1e-9, 0, 1e-9, 0.5, 30, 1e12]],
  ['acosh', acosh, Math.acosh, [1.0001, 1.5, 3, 1e12]],
  ['atanh', atanh, Math.atanh, [-0.99, -0.3, 1e-9, 0.5, 0.99]],
  ['cbrt', cbrt, Math.cbrt, [-8, -0.3, 1e-3, 27]],
  ['logSigmoid', logSigmoid, (x) => -Math.log1p(Math.exp(-x)), [-30, -1, 0, 2]],
  ['silu', silu, (x) => x / (1 + Math.exp(-x)), [-5, -1, 0, 2]],
  ['mish', mish, (x) => x * Math.tanh(Math.log1p(Math.exp(x))), [-5, -1, 0, 2]],
  ['leakyRelu', leakyRelu, (x) => (x > 0 ? x : 0.01 * x), [-5, -1, 2]],
  ['elu', elu, (x) => (x > 0 ? x : Math.expm1(x)), [-5, -1, 2]],
]

describe.each(functions)('%s', (_, f, expected, points) => {
  test('agrees with the function in f64', () => {
    for (const [i, y] of [...f(f64(points)).data].entries()) {
      const right = expected(points[i] ?? 0)
      expect(Math.abs(y - right)).toBeLessThanOrEqual(1e-13 * Math.max(Math.abs(right), 1e-12))
    }
  })

  test('has the right derivatives, to second order', () => {
    // away from poles and roots, where differences see nothing
    const near = points.filter((x) => Math.abs(x) < 25 && Math.abs(x) > 0.1 && Math.abs(Math.abs(x) - 1) > 0.02)
    derivativeIsRight(f, [f64(near)], { order: 2, rtol: 1e-5 })
  })
})

test('pieces meet smoothly: derivatives at 0', () => {
  const zero = tensor(new Float64Array(1), [])
  const slopes = (f: (x: Tensor) => Tensor): readonly number[] => [grad(f)(zero).item(), grad(grad(f))(zero).item() + 0]
  expect(slopes(sinh)).toEqual([1, 0])
  expect(slopes(cosh)).toEqual([0, 1])
  expect(slopes(asinh)).toEqual([1, 0])
})

test('atan2 is the angle in all quadrants, on the axes, and 0 at the origin', () => {
  const values = [-2, -1, 0, 1, 3]
  for (const y of values) {
    const angles = [...atan2(f64(values.map(() => y)), f64(values)).data]
    for (const [i, x] of values.entries()) expect(angles[i]).toBeCloseTo(Math.atan2(y, x), 14)
  }
  derivativeIsRight(atan2, [f64([1, -1, 2, -0.5, 0.1]), f64([1, 2, -1, -3, -0.2])], { order: 2 })
  expect(grad((y: Tensor) => sum(atan2(y, f64([0, -1]))))(f64([1, 0])).toArray()).toEqual([0, -1])
})

test('erfc keeps its digits where erf is 1', () => {
  // values of the NIST Digital Library of Mathematical Functions' function, from its continued fraction and series
  const table = [
    [0, 1],
    [1, 0.15729920705028513],
    [2, 0.004677734981047266],
    [5, 1.5374597944280349e-12],
    [10, 2.088487583762545e-45],
  ] as const
  for (const [x, y] of table) expect(Math.abs((erfc(f64([x])).data[0] ?? 0) / y - 1)).toBeLessThan(1e-12)
  derivativeIsRight(erfc, [f64([-1, 0.5, 1.5, 2.5])], { order: 2 })
})

test('rounding: halves go to the even number; derivatives are 0', () => {
  const x = f64([-2.5, -1.5, -0.5, 0.5, 1.5, 2.4, 2.6, 1e300])
  expect([...round(x).data].map((y) => y + 0)).toEqual([-2, -2, 0, 0, 2, 2, 3, 1e300])
  expect([...ceil(x).data].map((y) => y + 0)).toEqual([-2, -1, 0, 1, 2, 3, 3, 1e300])
  expect([...trunc(x).data].map((y) => y + 0)).toEqual([-2, -1, 0, 0, 1, 2, 2, 1e300])
  expect(grad((y: Tensor) => sum(round(y)))(f64([0.3])).toArray()).toEqual([0])
})

test('remainders have the sign of x, or of y; at the bounds of clip the derivative is 1', () => {
  expect(rem(array([5, -5, 5, -5]), array([3, 3, -3, -3])).toArray()).toEqual([2, -2, 2, -2])
  expect(mod(array([5, -5, 5, -5, 6]), array([3, 3, -3, -3, 3])).toArray()).toEqual([2, 1, -1, -2, 0])
  derivativeIsRight(mod, [f64([5.5, -5.5, 7.2]), f64([3, 3, -3])])
  expect(grad((x: Tensor) => sum(clip(x, -1, 1)))(array([-2, -1, 0, 1, 2])).toArray()).toEqual([0, 1, 1, 1, 0])
  expect(isNaN(array([Number.NaN, 1])).toArray()).toEqual([true, false])
  expect(isFinite(array([Number.NaN, 1, Number.NEGATIVE_INFINITY])).toArray()).toEqual([false, true, false])
})

test('reductions of whole numbers and truth values', () => {
  const ends = array([2 ** 31 - 1, -(2 ** 31), 0], 'i32')
  expect([min(ends).item(), argmin(ends).item()]).toEqual([-(2 ** 31), 1])
  expect(min(tensor(Uint32Array.from([7, 0, 2 ** 32 - 1]))).item()).toBe(0)
  expect(argmin(array([3, 1, 1])).item()).toBe(1)
  const flags = array([
    [true, false],
    [true, true],
  ])
  expect([any(flags).item(), all(flags).item()].map(Boolean)).toEqual([true, false])
  expect(all(flags, 1).toArray()).toEqual([false, true])
  expect(std(array([1, 3])).item()).toBe(1)
})

test('bits', () => {
  const [a, b] = [array([12, -1, 7], 'i32'), array([10, 5, -8], 'i32')]
  expect(bitwiseAnd(a, b).toArray()).toEqual([8, 5, 0])
  expect(bitwiseOr(a, b).toArray()).toEqual([14, -1, -1])
  expect(bitwiseXor(a, b).toArray()).toEqual([6, -6, -1])
  expect(bitwiseNot(tensor(Uint32Array.from([0]))).toArray()).toEqual([2 ** 32 - 1])
  expect(() => bitwiseAnd(array([1]), array([1]))).toThrow('bits are those of i32 or u32')
})
