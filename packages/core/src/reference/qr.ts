/* QR decomposition by Householder reflections in f64. Source: Golub and Van Loan, Matrix Computations, 5.2.2. */
import type { TypedArray } from '../aval.js'
import { magnitude } from './magnitude.js'

/** x - beta v (vᵀ x) for the columns from `first` on of x [m, n]; v is column k of `vs` [m, n], 0 above its row k. */
const reflect = (x: Float64Array, vs: Float64Array, m: number, n: number, k: number, beta: number, first: number) => {
  for (let j = first; j < n; j++) {
    let along = 0
    for (let i = k; i < m; i++) along += (vs[i * n + k] ?? 0) * (x[i * n + j] ?? 0)
    along *= beta
    for (let i = k; i < m; i++) x[i * n + j] = (x[i * n + j] ?? 0) - along * (vs[i * n + k] ?? 0)
  }
}

/** q [m, n] with orthonormal columns and r [n, n], upper triangular, its diagonal not negative: `a = q r`, for m >= n. */
export const qrInF64 = (
  a: TypedArray,
  m: number,
  n: number,
): { readonly q: Float64Array; readonly r: Float64Array } => {
  const scale = magnitude(a)
  const x = Float64Array.from<number>(a).map((value) => value / scale)
  const vs = new Float64Array(m * n)
  const betas = new Float64Array(n)
  for (let k = 0; k < n; k++) {
    let squares = 0
    for (let i = k; i < m; i++) squares += (x[i * n + k] ?? 0) ** 2
    if (squares === 0) continue
    const head = x[k * n + k] ?? 0
    const turned = head < 0 ? Math.sqrt(squares) : -Math.sqrt(squares) // away from head: no cancellation
    for (let i = k; i < m; i++) vs[i * n + k] = x[i * n + k] ?? 0
    vs[k * n + k] = head - turned
    betas[k] = 1 / (squares - head * turned) // 2 / vᵀ v
    reflect(x, vs, m, n, k, betas[k] ?? 0, k)
  }
  const q = new Float64Array(m * n)
  for (let k = 0; k < n; k++) q[k * n + k] = 1
  for (let k = n - 1; k >= 0; k--) reflect(q, vs, m, n, k, betas[k] ?? 0, k)
  const r = new Float64Array(n * n)
  for (let k = 0; k < n; k++) {
    const sign = (x[k * n + k] ?? 0) < 0 ? -1 : 1
    for (let j = k; j < n; j++) r[k * n + j] = sign * scale * (x[k * n + j] ?? 0)
    for (let i = 0; i < m; i++) q[i * n + k] = sign * (q[i * n + k] ?? 0)
  }
  return { q, r }
}
