import { checkGrads, distinct, forAll, lawRuns, mapData, rankOne, tensorOf, widened } from '@cotangent/testing'
import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { array, type HostTensor, type Tensor } from '../tensor.js'
import { grad } from '../transforms/vjp.js'
import { square, sub } from './arithmetic.js'
import { ones, zeros } from './broadcast.js'
import { matmul } from './contraction.js'
import { det } from './determinant.js'
import { diagonal, triu } from './diagonal.js'
import { eye, matrixTranspose } from './matrix.js'
import { qr } from './qr.js'
import { sum } from './reduction.js'

const norm = (x: Tensor): number => Math.hypot(...x.data)
const side = fc.integer({ min: 1, max: 6 })

/** Matrices of any rank, tall and wide, at three scales. */
const matrices = fc
  .tuple(side, side, fc.constantFrom(1, 1, 1e-150, 1e150))
  .chain(([m, n, scale]) =>
    fc
      .oneof(tensorOf([m, n]), rankOne([m, n]), tensorOf([m, n], fc.constantFrom(0, 1)))
      .map((x): HostTensor => mapData(widened(x), (value) => value * scale)),
  )

describe('qr', () => {
  test('a = q r, qᵀ q = 1, r upper triangular with no negative diagonal, whatever the rank', () => {
    forAll(
      [matrices],
      (a) => {
        const [m = 0, n = 0] = a.shape
        const [q, r] = qr(a)
        expect([q.shape, r.shape]).toEqual([
          [m, Math.min(m, n)],
          [Math.min(m, n), n],
        ])
        const largest = Math.max(...a.data.map(Math.abs))
        const error = sub(matmul(q, r), a).data.map((value) => value / (largest || 1))
        expect(Math.hypot(...error)).toBeLessThanOrEqual(1e-13)
        expect(norm(sub(matmul(matrixTranspose(q), q), eye(Math.min(m, n), 'f64')))).toBeLessThanOrEqual(1e-13)
        expect(r.toArray()).toEqual(triu(r).toArray())
        expect([...diagonal(r).data].every((value) => value >= 0)).toBe(true)
      },
      lawRuns(200),
    )
  })

  test('∏ r_ii = |det a|, Σ r² = Σ a², with the same gradients', () => {
    forAll(
      [side.chain((n) => tensorOf([n, n]).map(widened))],
      (a) => {
        if (Math.abs(det(a).item()) < 1e-3) return
        const [, r] = qr(a)
        const size = [...diagonal(r).data].reduce((product, value) => product * value, 1)
        expect(size).toBeCloseTo(Math.abs(det(a).item()), 6)
        const slope = grad((x: Tensor) => sum(square(qr(x)[1])))(a)
        expect(norm(sub(slope, grad((x: Tensor) => sum(square(x)))(a)))).toBeLessThanOrEqual(1e-7 * norm(a))
      },
      lawRuns(50),
    )
  })

  test('has right derivatives for wide, square and tall matrices', () => {
    for (const [m, n] of [
      [2, 4],
      [3, 3],
      [4, 2],
    ] as const) {
      forAll(
        [distinct([m, n])],
        (a) => {
          // the second derivative grows with the third power of 1 / R_ii
          fc.pre(diagonal(qr(a)[1]).data.every((value) => Math.abs(value) > 0.1))
          checkGrads((x: Tensor) => [...qr(x)], [a], { order: 2 })
        },
        lawRuns(5),
      )
    }
  })

  test('of a batch, of empty matrices, and what is refused', () => {
    const a = array([
      [
        [3, 1],
        [4, 2],
      ],
      [
        [0, 1],
        [2, 0],
      ],
    ])
    const [, r] = qr(a)
    expect(Array.from(r.data, (value) => value + 0)).toEqual([5, Math.fround(2.2), 0, Math.fround(0.4), 2, 0, 0, 1]) // -0 is 0
    expect(qr(zeros([3, 0])).map((x) => x.shape)).toEqual([
      [3, 0],
      [0, 0],
    ])
    expect(qr(zeros([0, 3])).map((x) => x.shape)).toEqual([
      [0, 0],
      [0, 3],
    ])
    expect(() => qr(ones([3]))).toThrowErrorMatchingInlineSnapshot(`
      [ShapeError: qr: the tensor must have at least two axes.
        received  a f32[3]
        to do     reshape it to a matrix]
    `)
  })
})
