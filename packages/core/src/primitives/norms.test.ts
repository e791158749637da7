import { checkGrads, distinct, forAll, lawRuns, tensorOf, widened } from '@cotangent/testing'
import * as fc from 'fast-check'
import { Matrix, SingularValueDecomposition } from 'ml-matrix'
import { describe, expect, test } from 'vitest'
import { array, type HostTensor, type Tensor } from '../tensor.js'
import { grad } from '../transforms/vjp.js'
import { mul } from './arithmetic.js'
import { ones, zeros } from './broadcast.js'
import { matmul } from './contraction.js'
import { eye } from './matrix.js'
import { matrixNorm, nuclearNorm, vectorNorm } from './norms.js'
import { sum } from './reduction.js'

const inf = Number.POSITIVE_INFINITY
const orders = [1, 2, 3, 1.5, 0.5, inf, -inf] as const

/** The norm by its definition, of plain numbers. */
const byDefinition = (xs: readonly number[], p: number): number => {
  const sizes = xs.map(Math.abs)
  if (p === inf) return Math.max(...sizes)
  if (p === -inf) return Math.min(...sizes)
  return sizes.reduce((total, x) => total + x ** p, 0) ** (1 / p)
}

const vectors = fc.integer({ min: 1, max: 6 }).chain((n) => tensorOf([n]).map(widened))

describe('vectorNorm', () => {
  test('is its definition, for every order', () => {
    forAll(
      [vectors, fc.constantFrom(...orders)],
      (x, ord) => {
        const right = byDefinition([...x.data], ord)
        expect(Math.abs(vectorNorm(x, { ord }).item() - right)).toBeLessThanOrEqual(1e-13 * right)
      },
      lawRuns(200),
    )
  })

  test('over axes, kept or not', () => {
    const x = array([
      [3, -4],
      [0, 2],
      [-1, 2],
    ])
    expect(vectorNorm(x, { axes: -1, ord: 1 }).toArray()).toEqual([7, 2, 3])
    expect(vectorNorm(x, { axes: 0, ord: inf, keepDims: true }).toArray()).toEqual([[3, 4]])
    expect(vectorNorm(x, { axes: [0, 1], ord: 0, keepDims: true }).toArray()).toEqual([[5]])
    expect(vectorNorm(x, { axes: 1 }).toArray()).toEqual([5, 2, Math.fround(Math.sqrt(5))])
    expect(vectorNorm(zeros([2, 0]), { axes: 1 }).toArray()).toEqual([0, 0])
  })

  test('|c x| = |c| |x| from one end of f32 to the other: no square overflows or vanishes', () => {
    for (const ord of [1.5, 2, 3]) {
      for (const scale of [1e-30, 1e-20, 1e20, 1e30]) {
        const x = mul(array([3, -4, 0]), scale)
        const right = byDefinition([3, -4, 0], ord)
        expect(vectorNorm(x, { ord }).item() / scale).toBeCloseTo(right, 5)
        const gradient = grad((y: Tensor) => vectorNorm(y, { ord }))(x)
        const expected = [3, -4, 0].map((value) => Math.sign(value) * (Math.abs(value) / right) ** (ord - 1))
        for (const [i, value] of gradient.data.entries()) expect(value).toBeCloseTo(expected[i] ?? 0, 5)
      }
    }
  })

  test('has right derivatives away from ties and zeros, to second order', () => {
    const apart = distinct([4]).map((x) => widened(mul(x, 1)))
    forAll(
      [apart.filter((x) => x.data.every((value) => Math.abs(value) > 0.1)), fc.constantFrom(1, 2, 3, 1.5, inf)],
      (x, ord) => checkGrads((y: Tensor) => vectorNorm(y, { ord }), [x], { order: 2 }),
      lawRuns(40),
    )
  })

  test.each(orders)('order %d: the gradient at 0 is 0; NaN and infinities come through', (ord) => {
    const f = (x: Tensor): Tensor => vectorNorm(x, { ord })
    expect([...grad(f)(zeros([3])).data].every((value) => value === 0)).toBe(true)
    expect([...grad((x: Tensor) => sum(grad(f)(x)))(zeros([3])).data].every(Number.isFinite)).toBe(true)
    expect(f(array([1, Number.NaN])).item()).toBeNaN()
    if (ord > 0) expect(f(array([1, -inf])).item()).toBe(inf)
  })
})

const rowsOf = (x: Tensor): number[][] => x.toArray() as number[][]

const matrices = fc
  .tuple(fc.integer({ min: 1, max: 5 }), fc.integer({ min: 1, max: 5 }))
  .chain((shape) => tensorOf(shape).map(widened))

/** Each norm by its definition, of rows of plain numbers. */
const definitions: readonly (readonly ['fro' | 'nuc' | number, (rows: number[][], s: number[]) => number])[] = [
  ['fro', (rows) => Math.hypot(...rows.flat())],
  ['nuc', (_, s) => s.reduce((total, value) => total + value, 0)],
  [2, (_, s) => Math.max(...s)],
  [-2, (_, s) => Math.min(...s)],
  [1, (rows) => Math.max(...columnSums(rows))],
  [-1, (rows) => Math.min(...columnSums(rows))],
  [inf, (rows) => Math.max(...rows.map(sumOfSizes))],
  [-inf, (rows) => Math.min(...rows.map(sumOfSizes))],
]

const sumOfSizes = (xs: readonly number[]): number => xs.reduce((total, x) => total + Math.abs(x), 0)
const columnSums = (rows: readonly (readonly number[])[]): number[] =>
  (rows[0] ?? []).map((_, j) => sumOfSizes(rows.map((row) => row[j] ?? 0)))

describe('matrixNorm', () => {
  test.each(definitions)('%s is its definition', (ord, definition) => {
    forAll(
      [matrices],
      (x) => {
        const { diagonal } = new SingularValueDecomposition(new Matrix(rowsOf(x)), { autoTranspose: true })
        const right = definition(rowsOf(x), diagonal)
        const size = Math.hypot(...x.data)
        expect(Math.abs(matrixNorm(x, { ord }).item() - right)).toBeLessThanOrEqual(1e-13 * size)
        expect(matrixNorm(x, { ord, keepDims: true }).shape).toEqual([1, 1])
      },
      lawRuns(50),
    )
  })

  test('|a b| <= |a| |b| and |a + a| = 2 |a|', () => {
    forAll(
      [fc.tuple(tensorOf([3, 2]), tensorOf([2, 4])), fc.constantFrom<'fro' | 'nuc' | number>('fro', 'nuc', 2, 1, inf)],
      ([a, b], ord) => {
        const norm = (x: Tensor): number => matrixNorm(widened(x), { ord }).item()
        const [left, right] = [matrixNorm(matmul(widened(a), widened(b)), { ord }).item(), norm(a) * norm(b)]
        expect(left).toBeLessThanOrEqual(right * (1 + 1e-12) + 1e-12)
        expect(matrixNorm(mul(widened(a), 2), { ord }).item()).toBeCloseTo(2 * norm(a), 10)
      },
      lawRuns(50),
    )
  })

  test.each(['nuc', 2] as const)('%s has finite gradients for ties, zeros and lost ranks, at every scale', (ord) => {
    const f = (x: Tensor): Tensor => matrixNorm(x, { ord })
    for (const scale of [1, 1e-20, 1e20]) {
      for (const x of [
        eye(3),
        ones([3, 2]),
        zeros([2, 3]),
        array([
          [1, 0],
          [0, 0],
        ]),
      ]) {
        const y = mul(x, scale) as HostTensor
        const gradient = grad(f)(y)
        expect([...gradient.data].every(Number.isFinite)).toBe(true)
        // a norm has degree 1: its slope along x is itself
        const along = [...gradient.data].reduce((total, value, i) => total + value * ((y.data[i] ?? 0) / scale), 0)
        expect(along).toBeCloseTo(f(x).item(), 5)
      }
    }
    // the largest of three equal ones: an even share each
    const slope = grad(f)(eye(3)).toArray() as number[][]
    expect(slope[0]?.[0]).toBeCloseTo(ord === 2 ? 1 / 3 : 1, 6)
    expect(nuclearNorm(eye(3)).item()).toBe(3)
  })

  test('of a batch', () => {
    const x = array([
      [
        [3, 0],
        [0, -4],
      ],
      [
        [1, 1],
        [1, 1],
      ],
    ])
    expect(matrixNorm(x).toArray()).toEqual([5, 2])
    expect(matrixNorm(x, { ord: 1, keepDims: true }).toArray()).toEqual([[[4]], [[2]]])
  })
})

test('what is refused', () => {
  expect(() => vectorNorm(ones([2]), { ord: -1 })).toThrowErrorMatchingInlineSnapshot(`
    [ArgumentError: vectorNorm: ord must be 0, a positive number, or infinite.
      received  x f32[2], ord -1
      to do     use 2 for the Euclidean norm]
  `)
  expect(() => matrixNorm(ones([2, 2]), { ord: 3 })).toThrowErrorMatchingInlineSnapshot(`
    [ArgumentError: matrixNorm: ord must be 'fro', 'nuc', 1, -1, 2, -2, Infinity or -Infinity.
      received  x f32[2,2], ord 3
      to do     use vectorNorm for the norm of all elements]
  `)
  expect(() => matrixNorm(ones([2]))).toThrowErrorMatchingInlineSnapshot(`
    [ShapeError: matrixNorm: the tensor must have at least two axes, the last two not empty.
      received  x f32[2]
      to do     reshape it to a matrix]
  `)
})
