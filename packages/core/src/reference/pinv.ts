import type { TypedArray } from '../aval.js'
import { singularDecomposition } from './jacobi.js'

/** v diag(1/s) uᵀ [n, m] of `x = u diag(s) vᵀ`, of those s above `rtol` times the largest; all NaN if x is not finite. */
export const pinvInF64 = (x: TypedArray, m: number, n: number, rtol: number): Float64Array => {
  const k = Math.min(m, n)
  const { u, v, values } = singularDecomposition(x, m, n)
  const result = new Float64Array(n * m)
  if (!values.every(Number.isFinite)) return result.fill(Number.NaN)
  const least = rtol * (values[0] ?? 0)
  for (const [j, value] of values.entries()) {
    if (!(value > least)) continue
    for (let r = 0; r < n; r++) {
      const factor = (v[r * k + j] ?? 0) / value
      for (let c = 0; c < m; c++) result[r * m + c] = (result[r * m + c] ?? 0) + factor * (u[c * k + j] ?? 0)
    }
  }
  return result
}
