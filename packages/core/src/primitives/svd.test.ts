import { checkGrads, forAll, lawRuns, mapData, rankOne, tensorOf, widened } from '@cotangent/testing'
import * as fc from 'fast-check'
import { Matrix, SingularValueDecomposition } from 'ml-matrix'
import { describe, expect, test } from 'vitest'
import { array, type HostTensor, type Tensor } from '../tensor.js'
import { grad } from '../transforms/vjp.js'
import { mul, square, sub } from './arithmetic.js'
import { expandDims, ones, zeros } from './broadcast.js'
import { matmul } from './contraction.js'
import { eye, matrixTranspose } from './matrix.js'
import { sum } from './reduction.js'
import { svd } from './svd.js'

const norm = (x: Tensor): number => Math.hypot(...x.data)
const side = fc.integer({ min: 1, max: 6 })

/** Matrices of any rank, tall and wide, at three scales. */
const matrices = fc
  .tuple(side, side, fc.constantFrom(1, 1, 1e-20, 1e20))
  .chain(([m, n, scale]) =>
    fc
      .oneof(
        tensorOf([m, n]),
        rankOne([m, n]),
        tensorOf([m, n], fc.constantFrom(0, 1)),
        tensorOf([m, n], fc.constant(0)),
        fc.constant(eye(Math.max(m, n))),
      )
      .map((x): HostTensor => mapData(widened(x), (value) => value * scale)),
  )

const rebuilt = ([u, s, vt]: readonly [Tensor, Tensor, Tensor]): Tensor => matmul(mul(u, expandDims(s, -2)), vt)

describe('svd', () => {
  test('x = u diag(s) vᵀ, uᵀ u = 1 = vᵀ v, s descending and not negative, whatever the rank', () => {
    forAll(
      [matrices],
      (x) => {
        const parts = svd(x)
        const [u, s, vt] = parts
        const k = s.size
        expect(norm(sub(rebuilt(parts), x))).toBeLessThanOrEqual(1e-14 * norm(x))
        expect(norm(sub(matmul(matrixTranspose(u), u), eye(k, 'f64')))).toBeLessThanOrEqual(1e-13)
        expect(norm(sub(matmul(vt, matrixTranspose(vt)), eye(k, 'f64')))).toBeLessThanOrEqual(1e-13)
        const values = [...s.data]
        expect(values).toEqual(values.toSorted((a, b) => b - a))
        expect(values.every((value) => value >= 0)).toBe(true)
        const right = new SingularValueDecomposition(new Matrix(x.toArray() as number[][]), { autoTranspose: true })
        const error = Math.hypot(...values.map((value, i) => value - (right.diagonal[i] ?? 0)))
        expect(error).toBeLessThanOrEqual(1e-13 * norm(x))
      },
      lawRuns(200),
    )
  })

  test('what it is put together to again has the derivative 1, to second order', () => {
    // entries of u, s and vᵀ all take part; whole numbers with distinct singular values
    const x = array([
      [4, 1, 0],
      [1, 2, 1],
    ])
    const cube = (y: Tensor): Tensor => sum(mul(square(rebuilt(svd(y))), rebuilt(svd(y))))
    for (const y of [x, matrixTranspose(x)]) {
      checkGrads(cube, [y], { order: 2 })
      expect(norm(sub(grad(cube)(widened(y)), mul(square(widened(y)), 3)))).toBeLessThan(1e-12)
    }
  })

  test('where singular values coincide, or are 0, functions that do not depend on the choice have their gradient', () => {
    // Σ (u diag(s) vᵀ)² = Σ x²: slope 2 x
    const f = (y: Tensor): Tensor => sum(square(rebuilt(svd(y))))
    // u vᵀ is the orthogonal matrix nearest to x
    const nearest = (y: Tensor): Tensor => {
      const [u, , vt] = svd(y)
      return sum(
        mul(
          matmul(u, vt),
          array(
            [
              [1, 2],
              [3, 4],
            ],
            'f64',
          ),
        ),
      )
    }
    for (const scale of [1, 1e-20, 1e20]) {
      const x = mul(eye(2, 'f64'), scale) // in f32 the squares would overflow
      expect(norm(sub(grad(f)(x), mul(x, 2)))).toBeLessThanOrEqual(1e-14 * scale)
      // at a multiple c of 1, d(u vᵀ) is the antisymmetric part of dx / c: slope ±(2 - 3) / 2c off the diagonal
      const slope = grad(nearest)(x)
      const expected = [0, -0.5, 0.5, 0]
      for (const [i, value] of slope.data.entries()) expect(value * scale).toBeCloseTo(expected[i] ?? 0, 6)
    }
    const singular = array([
      [1, 0],
      [0, 0],
    ])
    expect(grad(f)(singular).toArray()).toEqual([
      [2, 0],
      [0, 0],
    ])
    expect([...grad(f)(zeros([2, 3])).data].every((value) => value === 0)).toBe(true)
  })

  test('of a batch, of NaN, and what is refused', () => {
    const [u, s, vt] = svd(ones([2, 0, 3, 2]))
    expect([u.shape, s.shape, vt.shape]).toEqual([
      [2, 0, 3, 2],
      [2, 0, 2],
      [2, 0, 2, 2],
    ])
    expect(
      svd(array([[1, Number.NaN]]))
        .flatMap((y) => [...y.data])
        .every(Number.isNaN),
    ).toBe(true)
    expect(() => svd(zeros([0, 3]))).toThrowErrorMatchingInlineSnapshot(`
      [ShapeError: svd: the tensor must have at least two axes, the last two not empty.
        received  x f32[0,3]
        to do     reshape it to a matrix]
    `)
  })
})
