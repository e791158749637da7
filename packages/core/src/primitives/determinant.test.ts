import { checkGrads, forAll, lawRuns, rankOne, tensorOf, widened } from '@cotangent/testing'
import * as fc from 'fast-check'
import { determinant, Matrix } from 'ml-matrix'
import { describe, expect, test } from 'vitest'
import { array, type HostTensor, type Tensor } from '../tensor.js'
import { grad } from '../transforms/vjp.js'
import { mul, sub } from './arithmetic.js'
import { zeros } from './broadcast.js'
import { matmul } from './contraction.js'
import { cofactor, det, logdet, slogdet } from './determinant.js'
import { matrixTranspose } from './matrix.js'
import { inv } from './solve.js'

const norm = (x: Tensor): number => Math.hypot(...x.data)

const inF64 = (n: number): fc.Arbitrary<HostTensor> => tensorOf([n, n]).map(widened)
const side = fc.integer({ min: 1, max: 5 })
const square = side.chain(inF64)

/** det of a matrix of plain numbers, by expansion along the first row: exact on small whole numbers. */
const expanded = (rows: readonly (readonly number[])[]): number =>
  rows.length === 0 ? 1 : (rows[0] ?? []).reduce((total, x, j) => total + x * minor(rows, 0, j), 0)

/** (-1)^(i+j) times det without row i and column j. */
const minor = (rows: readonly (readonly number[])[], i: number, j: number): number =>
  (-1) ** (i + j) * expanded(rows.filter((_, r) => r !== i).map((row) => row.filter((_, c) => c !== j)))

const rowsOf = (a: Tensor): number[][] => a.toArray() as number[][]

/** What rounding may change of a determinant: |a|ⁿ. */
const scale = (a: Tensor): number => Math.max(1e-300, norm(a)) ** (a.shape[0] ?? 0)

describe('det', () => {
  test('is that of an expansion, and of another implementation', () => {
    forAll(
      [square],
      (a) => {
        expect(Math.abs(det(a).item() - expanded(rowsOf(a)))).toBeLessThanOrEqual(1e-13 * scale(a))
        expect(Math.abs(det(a).item() - determinant(new Matrix(rowsOf(a))))).toBeLessThanOrEqual(1e-13 * scale(a))
      },
      lawRuns(200),
    )
  })

  test('det(a b) = det(a) det(b), det(aᵀ) = det(a), det(c a) = cⁿ det(a)', () => {
    forAll(
      [side.chain((n) => fc.tuple(inF64(n), inF64(n)))],
      ([a, b]) => {
        const product = det(a).item() * det(b).item()
        expect(Math.abs(det(matmul(a, b)).item() - product)).toBeLessThanOrEqual(1e-12 * scale(a) * scale(b))
        expect(Math.abs(det(matrixTranspose(a)).item() - det(a).item())).toBeLessThanOrEqual(1e-13 * scale(a))
        expect(det(mul(a, 2)).item()).toBe(2 ** (a.shape[0] ?? 0) * det(a).item()) // a power of 2 changes no rounding
      },
      lawRuns(100),
    )
  })

  test('its gradient is the cofactors, also of singular matrices', () => {
    const whole = side.chain((n) => tensorOf([n, n], fc.integer({ min: -3, max: 3 })).map(widened))
    const singular = side.chain((n) => rankOne([n, n]).map(widened))
    forAll(
      [fc.oneof(whole, singular)],
      (a) => {
        const rows = rowsOf(a)
        const expected = rows.flatMap((row, i) => row.map((_, j) => minor(rows, i, j)))
        const gradient = grad(det)(a)
        const size = Math.max(1, norm(a)) ** Math.max(0, rows.length - 1)
        expect(Math.hypot(...expected.map((value, i) => value - (gradient.data[i] ?? 0)))).toBeLessThan(1e-12 * size)
        checkGrads(det, [a], { order: 1 })
      },
      lawRuns(200),
    )
  })

  test('of a matrix of rank n - 1 the gradient is not 0; of rank n - 2 it is', () => {
    const oneLess = array([
      [1, 0, 0],
      [0, 1, 0],
      [0, 0, 0],
    ])
    const twoLess = array([
      [1, 0, 0],
      [0, 0, 0],
      [0, 0, 0],
    ])
    expect(grad(det)(oneLess).toArray()).toEqual([
      [0, 0, 0],
      [0, 0, 0],
      [0, 0, 1],
    ])
    expect([...grad(det)(twoLess).data].every((value) => value === 0)).toBe(true)
    expect(grad(det)(zeros([1, 1])).toArray()).toEqual([[1]])
  })

  test('cofactors: a cofactor(a)ᵀ = det(a)', () => {
    forAll(
      [square],
      (a) => {
        const product = rowsOf(matmul(a, matrixTranspose(cofactor(a))))
        const d = det(a).item()
        for (const [i, row] of product.entries()) {
          for (const [j, value] of row.entries()) {
            expect(Math.abs(value - (i === j ? d : 0))).toBeLessThanOrEqual(1e-12 * scale(a))
          }
        }
      },
      lawRuns(100),
    )
  })

  test('of a batch, and of nothing', () => {
    const a = array([
      [
        [0, 1],
        [1, 0],
      ],
      [
        [2, 1],
        [1, 3],
      ],
    ])
    expect(det(a).toArray()).toEqual([-1, 5])
    expect(slogdet(a)[0].toArray()).toEqual([-1, 1])
    expect(det(zeros([0, 0])).item()).toBe(1)
    expect(slogdet(zeros([0, 0])).map((y) => y.item())).toEqual([1, 0])
  })
})

describe('slogdet and logdet', () => {
  test('sign e^logAbsDet = det', () => {
    forAll(
      [square],
      (a) => {
        const [sign, logAbsDet] = slogdet(a)
        const d = det(a).item()
        expect(sign.item() * Math.exp(logAbsDet.item())).toBeCloseTo(
          d,
          12 - Math.ceil(Math.log10(Math.max(1, Math.abs(d)))),
        )
      },
      lawRuns(100),
    )
  })

  test('do not overflow where det does, nor vanish', () => {
    const large = mul(
      array([
        [2, 1, 0],
        [0, 3, 1],
        [1, 0, 1],
      ]),
      1e30,
    )
    expect(det(large).item()).toBe(Number.POSITIVE_INFINITY)
    expect(slogdet(large)[1].item()).toBeCloseTo(Math.log(7) + 90 * Math.LN10, 4)
    expect(slogdet(mul(mul(large, 1e-30), 1e-30))[1].item()).toBeCloseTo(Math.log(7) - 90 * Math.LN10, 4)
  })

  test('the gradient of log |det a| is a⁻ᵀ', () => {
    forAll(
      [square],
      (a) => {
        const inverse = matrixTranspose(inv(a))
        if (!(norm(a) * norm(inverse) < 1e6)) return
        const gradient = grad((x: Tensor) => slogdet(x)[1])(a)
        expect(norm(sub(gradient, inverse))).toBeLessThanOrEqual(1e-9 * norm(inverse))
      },
      lawRuns(100),
    )
  })

  test('logdet is NaN of a negative determinant, -∞ of 0', () => {
    expect(
      logdet(
        array([
          [0, 1],
          [1, 0],
        ]),
      ).item(),
    ).toBeNaN()
    expect(logdet(zeros([2, 2])).item()).toBe(Number.NEGATIVE_INFINITY)
    expect(logdet(array([[0.5]])).item()).toBeCloseTo(-Math.LN2, 6)
    expect(slogdet(zeros([2, 2])).map((y) => y.item())).toEqual([0, Number.NEGATIVE_INFINITY])
  })
})

test('what is refused', () => {
  expect(() => det(zeros([2, 3]))).toThrowErrorMatchingInlineSnapshot(`
    [ShapeError: det: the last two axes must be equal: a square matrix.
      received  a f32[2,3]
      to do     determinants are of square matrices]
  `)
  expect(() => cofactor(zeros([3]))).toThrow('cofactor: the last two axes must be equal')
  expect(() => logdet(zeros([2, 2], 'i32'))).toThrow('logdet: a must have a floating dtype')
})
