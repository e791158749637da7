/** One-sided and two-sided Jacobi in f64: small, accurate, no pivots. Source: Golub and Van Loan, Matrix Computations, 8.5, 8.6.3. */
import { magnitude } from './magnitude.js'

const at = (m: Float64Array, i: number): number => m[i] ?? 0

/** Rotation that makes the off-diagonal entry of [[p, r], [r, q]] zero: `[cos, sin]`. */
const rotation = (p: number, q: number, r: number): readonly [number, number] => {
  if (r === 0) return [1, 0]
  const tau = (q - p) / (2 * r)
  const t = (tau >= 0 ? 1 : -1) / (Math.abs(tau) + Math.sqrt(1 + tau * tau))
  const c = 1 / Math.sqrt(1 + t * t)
  return [c, t * c]
}

/**
 * Eigenvalues (ascending) and eigenvectors (columns) of a symmetric matrix; its lower triangle is not read.
 */
export const symmetricEigen = (matrix: ArrayLike<number>, n: number) => {
  const a = new Float64Array(n * n)
  for (let i = 0; i < n; i++) for (let j = i; j < n; j++) a[i * n + j] = a[j * n + i] = matrix[i * n + j] ?? 0
  const v = new Float64Array(n * n)
  for (let i = 0; i < n; i++) v[i * n + i] = 1
  for (let sweep = 0; sweep < 60; sweep++) {
    let rotated = false
    for (let p = 0; p < n; p++) {
      for (let q = p + 1; q < n; q++) {
        const r = at(a, p * n + q)
        if (
          Math.abs(r) <= 1e-18 * Math.sqrt(Math.abs(at(a, p * n + p))) * Math.sqrt(Math.abs(at(a, q * n + q))) ||
          r === 0
        )
          continue
        rotated = true
        const [c, s] = rotation(at(a, p * n + p), at(a, q * n + q), r)
        for (let k = 0; k < n; k++) {
          const [x, y] = [at(a, k * n + p), at(a, k * n + q)]
          a[k * n + p] = c * x - s * y
          a[k * n + q] = s * x + c * y
        }
        for (let k = 0; k < n; k++) {
          const [x, y] = [at(a, p * n + k), at(a, q * n + k)]
          a[p * n + k] = c * x - s * y
          a[q * n + k] = s * x + c * y
          const [f, g] = [at(v, k * n + p), at(v, k * n + q)]
          v[k * n + p] = c * f - s * g
          v[k * n + q] = s * f + c * g
        }
        a[p * n + q] = a[q * n + p] = 0
      }
    }
    if (!rotated) break
  }
  const order = Array.from({ length: n }, (_, i) => i).sort((i, j) => at(a, i * n + i) - at(a, j * n + j))
  const values = Float64Array.from(order, (i) => at(a, i * n + i))
  const vectors = new Float64Array(n * n)
  for (const [to, from] of order.entries()) for (let k = 0; k < n; k++) vectors[k * n + to] = at(v, k * n + from)
  return { values, vectors }
}

/** Σ_k x_k y_k of two rows of length m, which start at p and q. */
const dot = (x: Float64Array, p: number, q: number, m: number): number => {
  let total = 0
  for (let k = 0; k < m; k++) total += (x[p + k] ?? 0) * (x[q + k] ?? 0)
  return total
}

/** Rows at p and q, of length m, to c x - s y and s x + c y. */
const rotate = (rows: Float64Array, p: number, q: number, m: number, c: number, s: number): void => {
  for (let k = 0; k < m; k++) {
    const [x, y] = [rows[p + k] ?? 0, rows[q + k] ?? 0]
    rows[p + k] = c * x - s * y
    rows[q + k] = s * x + c * y
  }
}

/** The transpose of an m x n matrix. */
const turned = (x: ArrayLike<number>, m: number, n: number): Float64Array => {
  const y = new Float64Array(m * n)
  for (let i = 0; i < m; i++) for (let j = 0; j < n; j++) y[j * m + i] = x[i * n + j] ?? 0
  return y
}

/**
 * Singular value decomposition of an m x n matrix by one-sided Jacobi, to high relative accuracy:
 * `matrix = U diag(values) Vᵀ`, values descending, U [m, k] and V [n, k] by columns, k = min(m, n).
 * Columns of U whose singular value is 0 are 0.
 */
export const singularDecomposition = (matrix: ArrayLike<number>, m: number, n: number) => {
  if (m >= n) return decomposed(turned(matrix, m, n), m, n)
  const { u, v, values } = decomposed(Float64Array.from(matrix), n, m)
  return { u: v, v: u, values }
}

/** The same of n columns of length m, which lie one after the other. */
const decomposed = (a: Float64Array, m: number, n: number) => {
  const scale = magnitude(a)
  for (let i = 0; i < a.length; i++) a[i] = at(a, i) / scale
  const v = new Float64Array(n * n)
  for (let i = 0; i < n; i++) v[i * n + i] = 1
  const tolerance = Number.EPSILON * Math.sqrt(m) // what rounding leaves of two columns at right angles
  const squares = new Float64Array(n)
  for (let sweep = 0; sweep < 60; sweep++) {
    let rotated = false
    for (let j = 0; j < n; j++) squares[j] = dot(a, j * m, j * m, m)
    for (let p = 0; p < n; p++) {
      for (let q = p + 1; q < n; q++) {
        const gamma = dot(a, p * m, q * m, m)
        const [alpha, beta] = [at(squares, p), at(squares, q)]
        if (gamma === 0 || Math.abs(gamma) <= tolerance * Math.sqrt(alpha * beta)) continue
        rotated = true
        const [c, s] = rotation(alpha, beta, gamma)
        rotate(a, p * m, q * m, m, c, s)
        rotate(v, p * n, q * n, n, c, s)
        for (const [j, square] of [
          [p, alpha - (s / c) * gamma],
          [q, beta + (s / c) * gamma],
        ] as const) {
          // a difference that lost its digits is computed anew
          squares[j] = square < 0.01 * at(squares, j) ? dot(a, j * m, j * m, m) : square
        }
      }
    }
    if (!rotated) break
  }
  const norms = Float64Array.from({ length: n }, (_, j) => Math.sqrt(dot(a, j * m, j * m, m)))
  const order = Array.from({ length: n }, (_, j) => j).sort((i, j) => at(norms, j) - at(norms, i))
  const u = new Float64Array(m * n)
  const vs = new Float64Array(n * n)
  for (const [to, from] of order.entries()) {
    const norm = at(norms, from)
    for (let k = 0; k < m; k++) u[k * n + to] = norm > 0 ? at(a, from * m + k) / norm : 0
    for (let k = 0; k < n; k++) vs[k * n + to] = at(v, from * n + k)
  }
  return { u, v: vs, values: Float64Array.from(order, (j) => at(norms, j) * scale) }
}
