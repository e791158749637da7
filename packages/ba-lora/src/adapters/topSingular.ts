/*
 * The largest singular values of a matrix with their vectors, in f64. Letters: x [m, n] row by row, u and v by columns,
 * x ≈ u diag(s) vᵀ.
 */
import { normal, type Tensor } from '@cotangent/core'
import { symmetricEigen } from './symmetricEigen.js'

export interface TopSingular {
  /** [m, rank] */
  readonly u: Float64Array
  /** [rank], descending */
  readonly s: Float64Array
  /** [n, rank] */
  readonly v: Float64Array
}

const at = (x: Float64Array, i: number): number => x[i] ?? 0

export const transposed = (x: Float64Array, m: number, n: number): Float64Array => {
  const y = new Float64Array(m * n)
  for (let i = 0; i < m; i++) for (let j = 0; j < n; j++) y[j * m + i] = at(x, i * n + j)
  return y
}

/** [m, k] · [k, n] */
export const product = (x: Float64Array, y: Float64Array, m: number, k: number, n: number): Float64Array => {
  const z = new Float64Array(m * n)
  for (let i = 0; i < m; i++) {
    for (let l = 0; l < k; l++) {
      const factor = at(x, i * k + l)
      if (factor === 0) continue
      for (let j = 0; j < n; j++) z[i * n + j] = at(z, i * n + j) + factor * at(y, l * n + j)
    }
  }
  return z
}

/** Makes the largest entry of each column of v positive, so that equal matrices give equal factors. */
const withSigns = (found: TopSingular, m: number, n: number): TopSingular => {
  const { u, s, v } = found
  const rank = s.length
  for (let r = 0; r < rank; r++) {
    let largest = 0
    for (let j = 0; j < n; j++) if (Math.abs(at(v, j * rank + r)) > Math.abs(largest)) largest = at(v, j * rank + r)
    if (largest >= 0) continue
    for (let j = 0; j < n; j++) v[j * rank + r] = -at(v, j * rank + r)
    for (let i = 0; i < m; i++) u[i * rank + r] = -at(u, i * rank + r)
  }
  return found
}

/** From the Gram matrix xᵀ x: v its vectors, s = ‖x v‖, u = x v / s (0 where s is). */
const fromGram = (x: Float64Array, m: number, n: number, rank: number): TopSingular => {
  const { values, vectors } = symmetricEigen(product(transposed(x, m, n), x, n, m, n), n)
  const order = Array.from(values.keys()).sort((i, j) => at(values, j) - at(values, i))
  const v = new Float64Array(n * rank)
  for (const [to, from] of order.slice(0, rank).entries()) {
    for (let j = 0; j < n; j++) v[j * rank + to] = at(vectors, j * n + from)
  }
  const u = product(x, v, m, n, rank)
  const s = new Float64Array(rank)
  for (let r = 0; r < rank; r++) {
    let squares = 0
    for (let i = 0; i < m; i++) squares += at(u, i * rank + r) ** 2
    const length = Math.sqrt(squares)
    s[r] = length
    for (let i = 0; i < m; i++) u[i * rank + r] = length > 0 ? at(u, i * rank + r) / length : 0
  }
  return { u, s, v }
}

const largestOf = (x: Float64Array): number => x.reduce((top, value) => Math.max(top, Math.abs(value)), 0)

/** The other way round where x is wide, and scaled by its largest magnitude, so that no square overflows. */
const prepared = (
  x: Float64Array,
  m: number,
  n: number,
  decompose: (tall: Float64Array, m: number, n: number) => TopSingular,
): TopSingular => {
  const scale = largestOf(x) || 1
  const y = x.map((value) => value / scale)
  const wide = m < n
  const { u, s, v } = wide ? decompose(transposed(y, m, n), n, m) : decompose(y, m, n)
  const found = { u: wide ? v : u, s: s.map((value) => value * scale), v: wide ? u : v }
  return withSigns(found, m, n)
}

/** The `rank` largest singular values with their vectors, exactly. The work grows with the cube of the smaller side. */
export const topSingular = (x: Float64Array, m: number, n: number, rank: number): TopSingular =>
  prepared(x, m, n, (tall, rows, columns) => fromGram(tall, rows, columns, rank))

/** Orthonormal columns that span those of x [m, k]: Gram-Schmidt, each column twice. A dependent column becomes 0. */
export const orthonormal = (x: Float64Array, m: number, k: number): Float64Array => {
  const columns = transposed(x, m, k)
  const column = (j: number): Float64Array => columns.subarray(j * m, (j + 1) * m)
  for (let j = 0; j < k; j++) {
    const q = column(j)
    const before = Math.sqrt(dot(q, q))
    for (let pass = 0; pass < 2; pass++) {
      for (let i = 0; i < j; i++) {
        const other = column(i)
        const share = dot(q, other)
        for (let l = 0; l < m; l++) q[l] = at(q, l) - share * at(other, l)
      }
    }
    const after = Math.sqrt(dot(q, q))
    const keep = after > 1e-13 * before
    for (let l = 0; l < m; l++) q[l] = keep ? at(q, l) / after : 0
  }
  return transposed(columns, k, m)
}

const dot = (x: Float64Array, y: Float64Array): number => {
  let sum = 0
  for (let i = 0; i < x.length; i++) sum += at(x, i) * at(y, i)
  return sum
}

/** Columns beyond the rank that the range finder follows. */
const oversampling = 5

export interface RandomisedOptions {
  /** u32[2], used for this matrix alone. */
  readonly key: Tensor
  /** Power iterations; each one sharpens the gap between the values that are kept and the others. */
  readonly iterations: number
}

/**
 * About the same by a randomised range finder: Y = x Ω, then `iterations` times Y = x (xᵀ Y), with orthonormal columns
 * in between; exact within that range.
 *
 * @see Halko, Martinsson, Tropp, SIAM Review 53 (2011), algorithms 4.4 and 5.1
 */
export const randomisedTopSingular = (
  x: Float64Array,
  m: number,
  n: number,
  rank: number,
  { key, iterations }: RandomisedOptions,
): TopSingular =>
  prepared(x, m, n, (tall, rows, columns) => {
    const width = Math.min(rank + oversampling, columns)
    const omega = Float64Array.from(normal(key, [columns, width]).data)
    const turned = transposed(tall, rows, columns)
    let q = orthonormal(product(tall, omega, rows, columns, width), rows, width)
    for (let i = 0; i < iterations; i++) {
      const back = orthonormal(product(turned, q, columns, rows, width), columns, width)
      q = orthonormal(product(tall, back, rows, columns, width), rows, width)
    }
    // x ≈ q (qᵀ x): decompose the small factor [width, columns]
    const small = fromGram(
      transposed(product(transposed(q, rows, width), tall, width, rows, columns), width, columns),
      columns,
      width,
      rank,
    )
    return { u: product(q, small.v, rows, width, rank), s: small.s, v: small.u }
  })
