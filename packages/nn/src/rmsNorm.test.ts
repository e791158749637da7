import { add, array, grad, key, mul, normal, sum, type Tensor, zeros } from '@cotangent/core'
import { checkGrads, lawRuns, tensorOf } from '@cotangent/testing'
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { rmsNorm } from './rmsNorm.js'

const weight = array([0.5, -1, 2, 1.5])
const run = (x: Tensor, eps = 0): Tensor => rmsNorm({ weight }, x, eps)
const largest = (x: Tensor): number => Math.max(...[...x.data].map(Math.abs))

/** Rows that are not so short that their squares vanish. */
const rows = fc
  .tuple(fc.integer({ min: 1, max: 3 }), fc.constant(4))
  .chain((shape) => tensorOf(shape))
  .filter((x) =>
    Array.from({ length: x.size / 4 }, (_, i) => x.data.subarray(4 * i, 4 * i + 4)).every(
      (row) => Math.max(...row.map(Math.abs)) > 0.05,
    ),
  )

describe('rmsNorm', () => {
  it('divides by the root of the mean square', () => {
    // mean(x²) = 25
    expect([...run(array([[1, 7, -1, 7]])).data]).toEqual([0.1, -1.4, -0.4, 2.1].map(Math.fround))
    // mean(x²) + eps = 4
    expect([...run(array([1, -1, 1, 1]), 3).data]).toEqual([0.25, 0.5, 1, 0.75])
  })

  it('has rows with a mean square of 1, before the weight', () => {
    fc.assert(
      fc.property(rows, (x) => {
        const y = rmsNorm({ weight: array([1, 1, 1, 1]) }, x, 0)
        for (let i = 0; i < y.size; i += 4) {
          const square = [...y.data].slice(i, i + 4).reduce((total, value) => total + value * value, 0)
          expect(Math.abs(square / 4 - 1)).toBeLessThan(1e-6)
        }
      }),
      lawRuns(),
    )
  })

  it('does not see the scale of a row', () => {
    fc.assert(
      fc.property(rows, fc.integer({ min: -10, max: 10 }), (x, exponent) => {
        const scaled = run(mul(x, 10 ** exponent))
        expect(largest(add(scaled, mul(run(x), -1)))).toBeLessThan(1e-4)
      }),
      lawRuns(),
    )
  })

  it('has a gradient across x: moving along x changes nothing', () => {
    fc.assert(
      fc.property(rows, fc.nat(1000), (x, seed) => {
        const ct = normal(key(seed), x.shape)
        const slope = grad((y: Tensor) => sum(mul(run(y), ct)))(x)
        const along = [...slope.data].reduce((total, value, i) => total + value * (x.data[i] ?? Number.NaN), 0)
        expect(Math.abs(along)).toBeLessThan(1e-4 * Math.max(1, largest(slope) * largest(x)))
      }),
      lawRuns(),
    )
  })

  it('has the gradient of central differences, for x and weight', () => {
    checkGrads(
      (x: Tensor, w: Tensor) => rmsNorm({ weight: w }, x, 1e-5),
      [normal(key(1), [2, 3, 4]), normal(key(2), [4])],
    )
  })

  it('leaves a row of zeros 0, with a finite gradient', () => {
    expect([...run(zeros([1, 4]), 1e-6).data]).toEqual([0, -0, 0, 0])
    // dy/dx = weight / √eps
    const slope = grad((x: Tensor) => sum(run(x, 1e-6)))(zeros([1, 4]))
    for (const [i, value] of slope.data.entries()) expect(value / ((weight.data[i] ?? 0) * 1000)).toBeCloseTo(1, 6)
  })
})
