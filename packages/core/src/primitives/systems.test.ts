import { awayFromZero, forAll, lawRuns, tensorOf, widened } from '@cotangent/testing'
import * as fc from 'fast-check'
import { Matrix, solve as mlSolve } from 'ml-matrix'
import { describe, expect, test } from 'vitest'
import type { Shape } from '../aval.js'
import { array, HostTensor, type Tensor } from '../tensor.js'
import { makeIR } from '../trace/makeIR.js'
import { vjp } from '../transforms/vjp.js'
import { vmap } from '../transforms/vmap.js'
import { add, mul, sub } from './arithmetic.js'
import { ones, zeros } from './broadcast.js'
import { matmul } from './contraction.js'
import { tril, triu } from './diagonal.js'
import { eye, matrixTranspose } from './matrix.js'
import { inv, solve } from './solve.js'
import { triangularSolve } from './triangularSolve.js'

const norm = (x: Tensor): number => Math.hypot(...x.data)
const gap = (x: Tensor, y: Tensor): number => norm(sub(x, y))

const inF64 = (shape: Shape): fc.Arbitrary<HostTensor> => tensorOf(shape).map(widened)
const side = fc.integer({ min: 1, max: 6 })

/** Triangles with a diagonal away from 0: both triangles are there, one is to be read. */
const triangles = (n: number): fc.Arbitrary<Tensor> =>
  fc
    .tuple(inF64([n, n]), tensorOf([n], awayFromZero(2, 4)))
    .map(([a, diagonal]) => add(mul(a, sub(ones([n, n], 'f64'), eye(n, 'f64'))), mul(eye(n, 'f64'), widened(diagonal))))

describe('triangularSolve', () => {
  test('solves for each triangle, turned or not, with its diagonal or ones', () => {
    const options = fc.record({ lower: fc.boolean(), transposed: fc.boolean(), unitDiagonal: fc.boolean() })
    forAll(
      [side.chain((n) => fc.tuple(triangles(n), inF64([n, 2]))), options],
      ([a, b], { lower, transposed, unitDiagonal }) => {
        const n = b.shape[0] ?? 0
        const strict = lower ? tril(a, -1) : triu(a, 1)
        const read = add(strict, unitDiagonal ? eye(n, 'f64') : mul(a, eye(n, 'f64')))
        const x = triangularSolve(a, b, { lower, transposed, unitDiagonal })
        // backward stable: the residual is small against |a| |x|, however large x is
        const residual = gap(matmul(transposed ? matrixTranspose(read) : read, x), b)
        expect(residual).toBeLessThanOrEqual(1e-14 * (norm(b) + norm(read) * norm(x)))
      },
      lawRuns(200),
    )
  })

  test('does not read the other triangle', () => {
    const a = array([
      [2, Number.NaN],
      [1, 4],
    ])
    expect(triangularSolve(a, array([2, 9])).toArray()).toEqual([1, 2])
    expect(triangularSolve(a, array([4, 8]), { transposed: true }).toArray()).toEqual([1, 2])
  })

  test('a zero on the diagonal gives what is not finite', () => {
    expect(triangularSolve(zeros([1, 1]), array([1])).toArray()).toEqual([Number.POSITIVE_INFINITY])
    expect(triangularSolve(zeros([1, 1]), array([0])).toArray()).toEqual([Number.NaN])
  })
})

describe('solve and inv', () => {
  const systems = side.chain((n) => fc.tuple(inF64([n, n]), inF64([n, 3])))

  test('the residual is small against |a| |x|; equal to another implementation where a is regular', () => {
    forAll(
      [systems],
      ([a, b]) => {
        const x = solve(a, b)
        const right = mlSolve(new Matrix(a.toArray() as number[][]), new Matrix(b.toArray() as number[][]), true)
        const condition = norm(a) * norm(inv(a))
        if (!(condition < 1e8)) return
        expect(gap(matmul(a, x), b)).toBeLessThanOrEqual(1e-14 * (norm(b) + norm(a) * norm(x)))
        expect(Math.hypot(...right.to1DArray().map((value, i) => value - (x.data[i] ?? 0)))).toBeLessThanOrEqual(
          1e-14 * condition * norm(x) + 1e-300,
        )
      },
      lawRuns(200),
    )
  })

  test('a inv(a) = 1, inv(inv(a)) = a', () => {
    forAll(
      [side.chain((n) => triangles(n).map((a) => add(a, mul(eye(n, 'f64'), 30))))],
      (a) => {
        expect(gap(matmul(a, inv(a)), eye(a.shape[0] ?? 0, 'f64'))).toBeLessThan(1e-13)
        expect(gap(inv(inv(a)), a)).toBeLessThan(1e-12 * norm(a))
      },
      lawRuns(50),
    )
  })

  test('a pivot of 0 is no obstacle: rows are exchanged', () => {
    const a = array([
      [0, 1],
      [2, 0],
    ])
    expect(solve(a, array([3, 4])).toArray()).toEqual([2, 3])
  })

  test('a singular matrix gives what is not finite', () => {
    const singular = array([
      [1, 2],
      [2, 4],
    ])
    expect(solve(singular, array([1, 0])).toArray()).toEqual([Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY])
    expect([...inv(zeros([2, 2])).data].some(Number.isFinite)).toBe(false)
  })

  test('the gradient of <c, a⁻¹ b>: b̄ = a⁻ᵀ c, ā = -b̄ xᵀ', () => {
    const [a, b, c] = [
      array([
        [3, 1],
        [0, 2],
      ]),
      array([[5], [4]]),
      array([[6], [4]]),
    ]
    // x = [1, 2]; a⁻ᵀ c = [2, 1]
    const [x, pull] = vjp(solve, a, b)
    expect(x.toArray()).toEqual([[1], [2]])
    expect(pull(c).map((t) => t.toArray())).toEqual([
      [
        [-2, -4],
        [-1, -2],
      ],
      [[2], [1]],
    ])
  })
})

describe('batches', () => {
  const [n, m] = [3, 2]
  const stacked = (xs: readonly Tensor[], shape: Shape): HostTensor =>
    new HostTensor(Float64Array.from(xs.flatMap((x) => [...x.data])), shape, 'f64')

  test.each([solve, (a: Tensor, b: Tensor) => triangularSolve(a, b, { lower: false })])(
    'leading axes broadcast',
    (f) => {
      forAll(
        [fc.tuple(triangles(n), triangles(n), inF64([n, m]), inF64([n, m]))],
        ([a0, a1, b0, b1]) => {
          const [as, bs] = [stacked([a0, a1], [2, 1, n, n]), stacked([b0, b1], [2, n, m])]
          const all = f(as, bs)
          expect(all.shape).toEqual([2, 2, n, m])
          const each = [a0, a1].flatMap((a) => [b0, b1].map((b) => f(a, b)))
          expect(all.data).toEqual(stacked(each, [2, 2, n, m]).data)
          // one matrix, a batch of right sides; a batch of matrices, one vector
          expect(f(a0, bs).data).toEqual(stacked([f(a0, b0), f(a0, b1)], [2, n, m]).data)
          const vector = new HostTensor(b0.data.slice(0, n), [n], 'f64')
          expect(f(as, vector).shape).toEqual([2, 1, n])
          expect(f(as, vector).data).toEqual(stacked([f(a0, vector), f(a1, vector)], [2, 1, n]).data)
        },
        lawRuns(10),
      )
    },
  )

  test('under vmap over right sides the matrix is factorised once', () => {
    const program = makeIR((a: Tensor, b: Tensor) => vmap(solve, { inAxes: [null, 0] })(a, b))(eye(3), ones([5, 3]))
    const shapes = program.equations
      .filter(({ primitive }) => primitive.name === 'solve')
      .map(({ inputs }) => inputs.map(({ aval }) => aval.shape))
    expect(shapes).toEqual([
      [
        [3, 3],
        [3, 5],
      ],
    ])
  })

  test('may be empty', () => {
    expect(solve(zeros([0, 2, 2]), zeros([0, 2, 1])).shape).toEqual([0, 2, 1])
    expect(solve(eye(2), zeros([0, 2, 1])).shape).toEqual([0, 2, 1])
    expect(inv(zeros([0, 0])).shape).toEqual([0, 0])
    expect(solve(eye(2), zeros([2, 0])).shape).toEqual([2, 0])
  })
})

test('what is refused', () => {
  expect(() => solve(ones([2, 3]), ones([2]))).toThrowErrorMatchingInlineSnapshot(`
    [ShapeError: solve: the last two axes must be equal: a square matrix.
      received  a f32[2,3]
      to do     use lstsq for a matrix that is not square]
  `)
  expect(() => solve(eye(2), ones([3]))).toThrowErrorMatchingInlineSnapshot(`
    [ShapeError: solve: b must have as many rows as a (a vector: as many elements).
      received  a f32[2,2], b f32[3]
      to do     a batch of vectors needs an axis of length 1 behind it: expandDims(b, -1)]
  `)
  expect(() => triangularSolve(ones([2, 3, 3]), ones([3, 3, 1]))).toThrowErrorMatchingInlineSnapshot(`
    [ShapeError: triangularSolve: the leading axes must be equal, but for axes of length 1 or missing in front.
      received  a f32[2,3,3], b f32[3,3,1]
      to do     add axes of length 1 with expandDims, or transpose one of them]
  `)
  expect(() => solve(eye(2), ones([2], 'f64'))).toThrowErrorMatchingInlineSnapshot(`
    [DTypeError: solve: both operands must have the same dtype.
      received  a f32[2,2], b f64[2]
      to do     cast one of them; nothing is promoted by itself]
  `)
  expect(() => inv(eye(2, 'i32'))).toThrow('inv: a must have a floating dtype')
})
