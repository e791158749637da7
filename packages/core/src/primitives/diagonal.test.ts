import { forAll, lawRuns, linearIsExact, tensorOf, vmapIsLoop } from '@cotangent/testing'
import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { range } from '../aval.js'
import { array, type HostTensor, scalar, type Tensor } from '../tensor.js'
import { ones, zeros } from './broadcast.js'
import { matmul } from './contraction.js'
import { diag, diagonal, trace, tril, triu } from './diagonal.js'

/** Matrices of all shapes from 0 to 4, alone or two of them, with an offset that may lie outside. */
const matrices = fc
  .record({
    m: fc.nat(4),
    n: fc.nat(4),
    batch: fc.constantFrom([], [2], [2, 1]),
    offset: fc.integer({ min: -5, max: 5 }),
  })
  .chain(({ m, n, batch, offset }) => fc.tuple(tensorOf([...batch, m, n]), fc.constant(offset)))

/** The matrices of a batch, as functions of row and column. */
const eachOf = (x: Tensor): readonly ((i: number, j: number) => number)[] => {
  const [m = 0, n = 0] = x.shape.slice(-2)
  const count = x.shape.slice(0, -2).reduce((product, length) => product * length, 1)
  return range(count).map((b) => (i, j) => x.data[b * m * n + i * n + j] ?? Number.NaN)
}

/** Rows and columns of each matrix, filled by a rule. */
const filled = (x: Tensor, rule: (at: (i: number, j: number) => number, i: number, j: number) => number): number[] => {
  const [m = 0, n = 0] = x.shape.slice(-2)
  return eachOf(x).flatMap((at) => range(m).flatMap((i) => range(n).map((j) => rule(at, i, j))))
}

const unsigned = (x: Tensor): number[] => Array.from(x.data, (value) => value + 0) // -0 is 0

describe('diagonals and triangles', () => {
  test('are those of loops over rows and columns, for every offset', () => {
    forAll(
      [matrices],
      ([x, offset]) => {
        const [m = 0, n = 0] = x.shape.slice(-2)
        const rows = range(m).filter((i) => i + offset >= 0 && i + offset < n)
        const expected = eachOf(x).flatMap((at) => rows.map((i) => at(i, i + offset)))
        expect(Array.from(diagonal(x, offset).data)).toEqual(expected)
        expect(diagonal(x, offset).shape).toEqual([...x.shape.slice(0, -2), rows.length])
        expect(unsigned(tril(x, offset))).toEqual(filled(x, (at, i, j) => (j - i <= offset ? at(i, j) + 0 : 0)))
        expect(unsigned(triu(x, offset))).toEqual(filled(x, (at, i, j) => (j - i >= offset ? at(i, j) + 0 : 0)))
      },
      lawRuns(200),
    )
  })

  test('a matrix of a diagonal has that diagonal, and nothing else', () => {
    forAll(
      [matrices],
      ([v, offset]) => {
        const y = diag(v, offset)
        expect(y.shape).toEqual(
          [...v.shape, 0].map((n, i, { length }) => (i < length - 2 ? n : (v.shape.at(-1) ?? 0) + Math.abs(offset))),
        )
        expect(Array.from(diagonal(y, offset).data)).toEqual(Array.from(v.data))
        expect(unsigned(y).filter((value) => value !== 0).length).toBe(
          Array.from(v.data).filter((value) => value !== 0).length,
        )
      },
      lawRuns(100),
    )
  })

  test('are linear, exactly, and loops under vmap', () => {
    const square: fc.Arbitrary<HostTensor> = tensorOf([2, 3, 4], fc.integer({ min: -4, max: 4 }))
    forAll(
      [square, fc.integer({ min: -3, max: 4 })],
      (x, offset) => {
        for (const f of [diagonal, diag, tril, triu]) {
          linearIsExact((y: Tensor) => [f(y, offset)], [x])
          vmapIsLoop((y: Tensor) => [f(y, offset)], [x], { axes: [0] })
        }
        linearIsExact((y: Tensor) => [trace(y)], [x])
      },
      lawRuns(10),
    )
  })

  test('tr(A B) = tr(B A)', () => {
    forAll(
      [tensorOf([2, 3], fc.integer({ min: -4, max: 4 })), tensorOf([3, 2], fc.integer({ min: -4, max: 4 }))],
      (a, b) => expect(trace(matmul(a, b)).item()).toBe(trace(matmul(b, a)).item()),
      lawRuns(20),
    )
  })

  test('work on integers and truth values, and keep NaN out of the other triangle', () => {
    expect(diag(array([1, 2], 'i32'), -1).toArray()).toEqual([
      [0, 0, 0],
      [1, 0, 0],
      [0, 2, 0],
    ])
    expect(tril(ones([2, 2], 'bool')).toArray()).toEqual([
      [true, false],
      [true, true],
    ])
    expect(
      triu(
        array([
          [1, 2],
          [Number.NaN, 3],
        ]),
      ).toArray(),
    ).toEqual([
      [1, 2],
      [0, 3],
    ])
  })
})

test('what is refused', () => {
  expect(() => diagonal(ones([3]))).toThrow('an axis must be an integer from -1 to 0.')
  expect(() => diag(scalar(1))).toThrow('a scalar has no axes.')
  expect(() => tril(ones([2, 2]), 0.5)).toThrowErrorMatchingInlineSnapshot(`
    [ArgumentError: tril: the offset must be a whole number.
      received  x f32[2,2], offset 0.5
      to do     give the number of places above (negative: below) the main diagonal]
  `)
  expect(() => trace(ones([2, 2], 'bool'))).toThrowErrorMatchingInlineSnapshot(`
    [DTypeError: trace: x must have a numeric dtype.
      received  x bool[2,2]
      to do     cast it first]
  `)
  expect(() => diagonal(zeros([2, 2]), Number.NaN)).toThrow('the offset must be a whole number')
})
