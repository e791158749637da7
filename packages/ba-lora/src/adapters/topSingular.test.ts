import { key, matmul, normal, singularValues, type Tensor, tensor } from '@cotangent/core'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { symmetricEigen } from './symmetricEigen.js'
import {
  orthonormal,
  product,
  randomisedTopSingular,
  type TopSingular,
  topSingular,
  transposed,
} from './topSingular.js'

const largestGap = (x: Float64Array, y: Float64Array): number =>
  x.reduce((top, v, i) => Math.max(top, Math.abs(v - (y[i] ?? Number.NaN))), 0)

const identity = (n: number): Float64Array => Float64Array.from({ length: n * n }, (_, i) => Number(i % (n + 1) === 0))

/** u diag(s) vᵀ */
const rebuilt = ({ u, s, v }: TopSingular, m: number, n: number): Float64Array => {
  const scaled = u.map((value, i) => value * (s[i % s.length] ?? 0))
  return product(scaled, transposed(v, n, s.length), m, s.length, n)
}

const matrix = (m: number, n: number): fc.Arbitrary<Float64Array> =>
  fc
    .array(fc.double({ min: -8, max: 8, noNaN: true }), { minLength: m * n, maxLength: m * n })
    .map((list) => Float64Array.from(list))
const sized = fc
  .tuple(fc.integer({ min: 1, max: 7 }), fc.integer({ min: 1, max: 7 }))
  .chain(([m, n]) => matrix(m, n).map((x) => ({ x, m, n })))
const runs = { numRuns: 100, seed: 1 }

describe('symmetricEigen', () => {
  it('gives orthonormal vectors that rebuild the matrix', () => {
    fc.assert(
      fc.property(sized, ({ x, m, n }) => {
        const a = product(transposed(x, m, n), x, n, m, n)
        const { values, vectors } = symmetricEigen(a, n)
        const scaled = vectors.map((v, i) => v * (values[i % n] ?? 0))
        expect(largestGap(product(scaled, transposed(vectors, n, n), n, n, n), a)).toBeLessThan(1e-11)
        expect(largestGap(product(transposed(vectors, n, n), vectors, n, n, n), identity(n))).toBeLessThan(1e-13)
      }),
      runs,
    )
  })

  it('serves equal eigenvalues and zeros', () => {
    expect([...symmetricEigen(identity(5), 5).values]).toEqual([1, 1, 1, 1, 1])
    expect([...symmetricEigen(new Float64Array(9), 3).values]).toEqual([0, 0, 0])
  })
})

describe('topSingular', () => {
  it('of full rank rebuilds the matrix, with orthonormal columns', () => {
    fc.assert(
      fc.property(sized, ({ x, m, n }) => {
        const rank = Math.min(m, n)
        const found = topSingular(x, m, n, rank)
        expect(largestGap(rebuilt(found, m, n), x)).toBeLessThan(1e-6) // squares of values below 1e-8 are lost
        const right = m < n ? found.u : found.v
        expect(
          largestGap(product(transposed(right, rank, rank), right, rank, rank, rank), identity(rank)),
        ).toBeLessThan(1e-12)
      }),
      runs,
    )
  })

  it.each([1e-30, 1, 1e30])("has the values of core's Jacobi, scaled by %d", (scale) => {
    const x = Float64Array.from(normal(key(1), [12, 20]).data, (v) => v * scale)
    const exact = singularValues(tensor(x, [12, 20])).data
    const { s } = topSingular(x, 12, 20, 5)
    for (const [i, value] of s.entries()) expect(value / (exact[i] ?? 0)).toBeCloseTo(1, 12)
  })

  it('has signs of its own: equal matrices, equal factors', () => {
    const x = Float64Array.from(normal(key(2), [6, 4]).data)
    const { v } = topSingular(x, 6, 4, 3)
    const minus = topSingular(
      x.map((value) => -value),
      6,
      4,
      3,
    )
    expect(largestGap(v, minus.v)).toBeLessThan(1e-12)
  })
})

describe('randomisedTopSingular', () => {
  const [m, n, rank] = [60, 40, 6]
  const spectrum = (decay: number): Float64Array => {
    const [u, v] = [orthonormalOf(key(3), m, n), orthonormalOf(key(4), n, n)]
    const scaled = u.map((value, i) => value * decay ** (i % n))
    return product(scaled, transposed(v, n, n), m, n, n)
  }
  const orthonormalOf = (k: Tensor, rows: number, columns: number): Float64Array =>
    orthonormal(Float64Array.from(normal(k, [rows, columns]).data), rows, columns)

  it.each([
    [0.5, 1e-12],
    [0.9, 1e-3],
    [1, 0.05],
  ])('a spectrum that falls by %d is met within %d', (decay, within) => {
    const x = spectrum(decay)
    const exact = topSingular(x, m, n, rank)
    for (const turned of [false, true]) {
      const { s } = turned
        ? randomisedTopSingular(transposed(x, m, n), n, m, rank, { key: key(5), iterations: 16 })
        : randomisedTopSingular(x, m, n, rank, { key: key(5), iterations: 16 })
      for (const [i, value] of s.entries()) expect(Math.abs(value / (exact.s[i] ?? 0) - 1)).toBeLessThan(within)
    }
  })

  it('is the same for the same key', () => {
    const x = spectrum(0.9)
    const draw = (seed: number): TopSingular => randomisedTopSingular(x, m, n, rank, { key: key(seed), iterations: 1 })
    expect(draw(1)).toEqual(draw(1))
    expect(draw(1).s).not.toEqual(draw(2).s)
  })

  it('serves a matrix of lower rank', () => {
    const x = Float64Array.from(matmul(normal(key(6), [m, 2]), normal(key(7), [2, n])).data)
    const found = randomisedTopSingular(x, m, n, rank, { key: key(8), iterations: 4 })
    expect(found.s.every(Number.isFinite)).toBe(true)
    expect(largestGap(rebuilt(found, m, n), x)).toBeLessThan(1e-5)
  })
})
