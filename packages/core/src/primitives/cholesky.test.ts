import { forAll, lawRuns, tensorOf, widened } from '@cotangent/testing'
import * as fc from 'fast-check'
import { CholeskyDecomposition, Matrix } from 'ml-matrix'
import { describe, expect, test } from 'vitest'
import { array, type Tensor } from '../tensor.js'
import { grad } from '../transforms/vjp.js'
import { add, log, mul, sub } from './arithmetic.js'
import { ones, zeros } from './broadcast.js'
import { cholesky } from './cholesky.js'
import { matmul } from './contraction.js'
import { logdet } from './determinant.js'
import { diagonal, tril } from './diagonal.js'
import { eye, matrixTranspose } from './matrix.js'
import { sum } from './reduction.js'

const norm = (x: Tensor): number => Math.hypot(...x.data)

/** x xᵀ + 1/10: symmetric and positive definite. */
const definite = fc
  .integer({ min: 1, max: 6 })
  .chain((n) => tensorOf([n, n]).map(widened))
  .map((x) => add(matmul(x, matrixTranspose(x)), mul(eye(x.shape[0] ?? 0, 'f64'), 0.1)))

describe('cholesky', () => {
  test('a = l lᵀ, l lower triangular with a positive diagonal; equal to another implementation', () => {
    forAll(
      [definite],
      (a) => {
        const l = cholesky(a)
        expect(norm(sub(matmul(l, matrixTranspose(l)), a))).toBeLessThanOrEqual(1e-14 * norm(a))
        expect(l.toArray()).toEqual(tril(l).toArray())
        expect([...diagonal(l).data].every((value) => value > 0)).toBe(true)
        const right = new CholeskyDecomposition(new Matrix(a.toArray() as number[][])).lowerTriangularMatrix.to1DArray()
        // the condition of a is up to 1e5 here
        expect(Math.hypot(...right.map((value, i) => value - (l.data[i] ?? 0)))).toBeLessThanOrEqual(1e-9 * norm(l))
      },
      lawRuns(100),
    )
  })

  test('2 Σ log l_ii is log det a, and so is its gradient', () => {
    forAll(
      [definite],
      (a) => {
        const byFactor = (x: Tensor): Tensor => mul(sum(log(diagonal(cholesky(x)))), 2)
        expect(byFactor(a).item()).toBeCloseTo(logdet(a).item(), 8)
        const [one, other] = [grad(byFactor)(a), grad(logdet)(a)]
        expect(norm(sub(one, other))).toBeLessThanOrEqual(1e-8 * norm(other))
      },
      lawRuns(100),
    )
  })

  test('its gradient is symmetric: the symmetric part of a is taken', () => {
    const a = array([
      [4, 1],
      [3, 5],
    ])
    expect(cholesky(a).toArray()).toEqual([
      [2, 0],
      [1, 2],
    ])
    const slope = grad((x: Tensor) => sum(cholesky(x)))(a)
    expect(slope.toArray()).toEqual(matrixTranspose(slope).toArray())
  })

  test('a matrix that is not positive definite gives NaN in its lower triangle, each of a batch by itself', () => {
    const a = array([
      [
        [1, 2],
        [2, 1],
      ],
      [
        [4, 0],
        [0, 9],
      ],
      [
        [1, 1],
        [1, 1],
      ],
    ])
    const nothing = [
      [Number.NaN, 0],
      [Number.NaN, Number.NaN],
    ]
    expect(cholesky(a).toArray()).toEqual([
      nothing,
      [
        [2, 0],
        [0, 3],
      ],
      nothing,
    ])
  })

  test('of an empty matrix, and what is refused', () => {
    expect(cholesky(zeros([0, 0])).shape).toEqual([0, 0])
    expect(() => cholesky(ones([2, 3]))).toThrowErrorMatchingInlineSnapshot(`
      [ShapeError: cholesky: the last two axes must be equal: a square matrix.
        received  a f32[2,3]
        to do     form matmul(transpose(x), x) first]
    `)
  })
})
