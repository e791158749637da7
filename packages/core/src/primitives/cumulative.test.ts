import { derivativeIsRight, tensorOf, vmapIsLoop } from '@cotangent/testing'
import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { array, scalar, type Tensor } from '../tensor.js'
import { grad } from '../transforms/vjp.js'
import { add, mul, sub } from './arithmetic.js'
import { associativeScan } from './associativeScan.js'
import { cummax, cumprod, cumsum, logCumsumExp } from './cumulative.js'
import { sum } from './reduction.js'

/** Running results by a loop in JavaScript. */
const loop = (xs: readonly number[], f: (before: number, now: number) => number): number[] =>
  xs.map((_, i) => xs.slice(1, i + 1).reduce((before, now) => f(before, now), xs[0] ?? 0))

const whole = fc.array(fc.integer({ min: -3, max: 3 }), { minLength: 1, maxLength: 9 })

describe('running results', () => {
  test('are those of a loop, in both directions', () => {
    const cases = [
      [cumsum, (a: number, b: number) => a + b],
      [cumprod, (a: number, b: number) => a * b],
      [cummax, Math.max],
    ] as const
    fc.assert(
      fc.property(whole, fc.constantFrom(...cases), (xs, [f, step]) => {
        const plain = (values: number[]): number[] => values.map((x) => x + 0) // -0 is 0
        expect(plain(f(array(xs)).toArray() as number[])).toEqual(plain(loop(xs, step)))
        const reversed = f(array(xs), 0, { reverse: true }).toArray() as number[]
        expect(plain(reversed.reverse())).toEqual(plain(loop([...xs].reverse(), step)))
      }),
      { seed: 1 },
    )
  })

  test('along any axis', () => {
    const x = array([
      [1, 2, 3],
      [4, 5, 6],
    ])
    expect(cumprod(x, 0).toArray()).toEqual([
      [1, 2, 3],
      [4, 10, 18],
    ])
    vmapIsLoop((row: Tensor) => cumprod(row), [x])
    expect(cumsum(array([])).shape).toEqual([0])
  })

  test('the derivative of a product is right at zeros', () => {
    // y = [a, ab, abc]: d/db Σ y = a + ac, also where b = 0
    expect(grad((x: Tensor) => sum(cumprod(x)))(array([2, 0, 5])).toArray()).toEqual([1, 12, 0])
    derivativeIsRight((x: Tensor) => cumprod(x), [array([2, 0, 5, 0, 1])], { order: 2 })
  })

  test('log-sum-exp has no overflow, and rows of -inf have the derivative 0', () => {
    expect(logCumsumExp(array([1000, 1000])).toArray()).toEqual([1000, Math.fround(1000 + Math.LN2)])
    const far = array([Number.NEGATIVE_INFINITY, Number.NEGATIVE_INFINITY, 1])
    expect(logCumsumExp(far).toArray()).toEqual([Number.NEGATIVE_INFINITY, Number.NEGATIVE_INFINITY, 1])
    expect(grad((x: Tensor) => sub(sum(mul(logCumsumExp(x), array([0, 0, 1]))), 0))(far).toArray()).toEqual([0, 0, 1])
    fc.assert(
      fc.property(tensorOf([2, 5]), (x) => derivativeIsRight((y: Tensor) => logCumsumExp(y), [x], { order: 2 })),
      { seed: 1, numRuns: 4 },
    )
  })
})

describe('associativeScan', () => {
  test('takes pytrees: a linear recurrence h_i = a_i h_{i-1} + b_i', () => {
    const recurrence = (a: Tensor, b: Tensor): Tensor =>
      associativeScan<readonly [Tensor, Tensor]>(([a0, b0], [a1, b1]) => [mul(a1, a0), add(mul(a1, b0), b1)], [a, b])[1]
    const [a, b] = [array([0.5, -1, 2, 0.1, 3]), array([1, 2, 3, 4, 5])]
    let h = 0
    const expected = [...a.data].map((x, i) => {
      h = x * h + (b.data[i] ?? 0)
      return Math.fround(h)
    })
    for (const [i, y] of (recurrence(a, b).toArray() as number[]).entries()) expect(y).toBeCloseTo(expected[i] ?? 0, 5)
    derivativeIsRight(recurrence, [a, b], { order: 2 })
  })

  test('refuses leaves of different lengths', () => {
    expect(() => associativeScan((x) => x, [array([1, 2]), array([1])])).toThrow('xs[0] f32[2], xs[1] f32[1]')
    expect(() => associativeScan((x) => x, scalar(1))).toThrow('axis')
  })
})
