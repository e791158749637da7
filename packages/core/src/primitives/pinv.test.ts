import { checkGrads, forAll, lawRuns, mapData, rankOne, tensorOf, widened } from '@cotangent/testing'
import * as fc from 'fast-check'
import { Matrix, pseudoInverse } from 'ml-matrix'
import { describe, expect, test } from 'vitest'
import { array, type HostTensor, type Tensor } from '../tensor.js'
import { grad } from '../transforms/vjp.js'
import { add, mul, sub } from './arithmetic.js'
import { ones, zeros } from './broadcast.js'
import { matmul } from './contraction.js'
import { eye, matrixTranspose } from './matrix.js'
import { lstsq, matrixRank, pinv } from './pinv.js'
import { sum } from './reduction.js'
import { inv } from './solve.js'

const norm = (x: Tensor): number => Math.hypot(...x.data)
const side = fc.integer({ min: 1, max: 5 })

/** Matrices of full rank, of rank 1, and of zeros, at three scales. */
const matrices = fc
  .tuple(side, side, fc.constantFrom(1, 1, 1e-20, 1e20))
  .chain(([m, n, scale]) =>
    fc
      .oneof(tensorOf([m, n], fc.integer({ min: -4, max: 4 })), rankOne([m, n]), fc.constant(zeros([m, n])))
      .map((x): HostTensor => mapData(widened(x), (value) => value * scale)),
  )

const rtol = 1e-10

describe('pinv', () => {
  test('a p a = a, p a p = p, a p and p a symmetric', () => {
    forAll(
      [matrices],
      (a) => {
        const p = pinv(a, { rtol })
        const [ap, pa] = [matmul(a, p), matmul(p, a)]
        const condition = Math.max(1, norm(a) * norm(p))
        expect(norm(sub(matmul(ap, a), a))).toBeLessThanOrEqual((1e-13 * condition + rtol) * norm(a)) // what counts as 0 is left out
        expect(norm(sub(matmul(pa, p), p))).toBeLessThanOrEqual(1e-13 * condition * norm(p))
        expect(norm(sub(ap, matrixTranspose(ap)))).toBeLessThanOrEqual(1e-13 * condition)
        expect(norm(sub(pa, matrixTranspose(pa)))).toBeLessThanOrEqual(1e-13 * condition)
      },
      lawRuns(200),
    )
  })

  test('is the inverse of a regular matrix, with its gradient; equal to another implementation', () => {
    const a = array(
      [
        [4, 1, 0],
        [1, 3, 1],
        [0, -1, 2],
      ],
      'f64',
    )
    expect(norm(sub(pinv(a), inv(a)))).toBeLessThan(1e-15)
    const weigh = (f: (x: Tensor) => Tensor) => (x: Tensor) => sum(mul(f(x), a))
    expect(norm(sub(grad(weigh(pinv))(a), grad(weigh(inv))(a)))).toBeLessThan(1e-14)
    const tall = array(
      [
        [1, 2],
        [3, 5],
        [0, -1],
      ],
      'f64',
    )
    const right = pseudoInverse(new Matrix(tall.toArray() as number[][])).to1DArray()
    expect(Math.hypot(...right.map((value, i) => value - (pinv(tall).data[i] ?? 0)))).toBeLessThan(1e-14)
  })

  test('its derivative is right where singular values coincide, to second order', () => {
    for (const x of [
      eye(3),
      ones([3, 1]),
      ones([1, 2]),
      array([
        [1, 0, 0],
        [0, 1, 0],
      ]),
    ]) {
      checkGrads((y: Tensor) => pinv(y), [x], { order: 2 })
    }
  })

  test('its derivative is right along directions that keep the rank', () => {
    // x yᵀ has rank 1 whatever x and y are: pinv(x yᵀ) = y xᵀ / (|x|² |y|²)
    const [x, y] = [array([[1], [2], [-1]]), array([[2, 1]])]
    checkGrads((a: Tensor, b: Tensor) => pinv(matmul(a, b), { rtol: 1e-3 }), [x, y], { order: 2 })
  })

  test('what is small counts as 0, by rtol; zeros give zeros, and NaN gives NaN', () => {
    const a = array(
      [
        [1, 0],
        [0, 1e-8],
      ],
      'f64',
    )
    expect(pinv(a).toArray()).toEqual([
      [1, 0],
      [0, 1e8],
    ])
    expect(pinv(a, { rtol: 1e-6 }).toArray()).toEqual([
      [1, 0],
      [0, 0],
    ])
    expect(pinv(zeros([2, 3])).toArray()).toEqual(zeros([3, 2]).toArray())
    expect(pinv(array([[Number.NaN, 1]])).toArray()).toEqual([[Number.NaN], [Number.NaN]])
  })
})

describe('lstsq', () => {
  test('leaves a residual at right angles to the columns, of least length', () => {
    forAll(
      [fc.tuple(matrices, fc.array(fc.integer({ min: -4, max: 4 }), { minLength: 5, maxLength: 5 }))],
      ([a, values]) => {
        const b = array(values.slice(0, a.shape[0]), 'f64')
        const x = lstsq(a, b, { rtol })
        const residual = sub(matmul(a, x), b)
        const condition = Math.max(1, norm(a) * norm(pinv(a, { rtol })))
        expect(norm(matmul(matrixTranspose(a), residual))).toBeLessThanOrEqual(
          (1e-12 * condition + rtol) * norm(a) * Math.max(1, norm(b)), // what counts as 0 is left out
        )
        expect(norm(sub(x, matmul(pinv(a, { rtol }), matmul(a, x))))).toBeLessThanOrEqual(1e-12 * condition * norm(x))
      },
      lawRuns(100),
    )
  })

  test('finds a line through points on it, and takes several right sides', () => {
    const a = array(
      [
        [1, 0],
        [1, 1],
        [1, 2],
      ],
      'f64',
    )
    const x = lstsq(
      a,
      array(
        [
          [1, 0],
          [3, -1],
          [5, -2],
        ],
        'f64',
      ),
    )
    const expected = [
      [1, 0],
      [2, -1],
    ]
    for (const [i, value] of x.data.entries()) expect(value).toBeCloseTo(expected.flat()[i] ?? 0, 12)
  })
})

describe('matrixRank', () => {
  test('counts the columns of a factor', () => {
    forAll(
      [fc.tuple(side, fc.integer({ min: 0, max: 3 }), side, fc.constantFrom(1, 1e-20, 1e20))],
      ([m, r, n, scale]) => {
        // powers of distinct numbers: any r rows or columns of such a factor are independent
        const factor = (rows: number, shift: number): Tensor =>
          add(
            array(
              Array.from({ length: rows }, (_, i) => Array.from({ length: r }, (_, j) => (i + shift) ** j)),
              'f64',
            ),
            0,
          )
        const a = r === 0 ? zeros([m, n], 'f64') : matmul(factor(m, 1), matrixTranspose(factor(n, 2)))
        expect(matrixRank(mul(a, scale)).item()).toBe(Math.min(m, r, n))
      },
      lawRuns(50),
    )
  })

  test('of a batch of f32 matrices, by rtol', () => {
    const a = array([
      [
        [1, 0],
        [0, 1e-3],
      ],
      [
        [1, 2],
        [2, 4],
      ],
      [
        [0, 0],
        [0, 0],
      ],
    ])
    expect(matrixRank(a).toArray()).toEqual([2, 1, 0])
    expect(matrixRank(a).dtype).toBe('i32')
    expect(matrixRank(a, { rtol: 0.01 }).toArray()).toEqual([1, 1, 0])
  })
})

test('what is refused', () => {
  expect(() => pinv(zeros([3]))).toThrowErrorMatchingInlineSnapshot(`
    [ShapeError: pinv: the tensor must have at least two axes, the last two not empty.
      received  a f32[3]
      to do     reshape it to a matrix]
  `)
  expect(() => pinv(ones([2, 2]), { rtol: -1 })).toThrowErrorMatchingInlineSnapshot(`
    [ArgumentError: pinv: rtol must be from 0 to less than 1: a share of the largest singular value.
      received  a f32[2,2], rtol -1
      to do     leave it out for what rounding leaves of a zero]
  `)
  expect(() => lstsq(ones([2, 2]), ones([3]))).toThrowErrorMatchingInlineSnapshot(`
    [ShapeError: lstsq: b must have as many rows as a (a vector: as many elements).
      received  a f32[2,2], b f32[3]
      to do     a batch of vectors needs an axis of length 1 behind it: expandDims(b, -1)]
  `)
})
