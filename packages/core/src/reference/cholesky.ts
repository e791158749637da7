import type { TypedArray } from '../aval.js'

/**
 * L, lower triangular with a positive diagonal, of `a = L Lᵀ`, in f64; the lower triangle of a is read. NaN in the whole
 * triangle where a is not positive definite.
 */
export const choleskyInF64 = (a: TypedArray, n: number): Float64Array => {
  const l = new Float64Array(n * n)
  for (let j = 0; j < n; j++) {
    for (let i = j; i < n; i++) {
      let rest = a[i * n + j] ?? 0
      for (let k = 0; k < j; k++) rest -= (l[i * n + k] ?? 0) * (l[j * n + k] ?? 0)
      l[i * n + j] = i === j ? Math.sqrt(rest) : rest / (l[j * n + j] ?? 0)
    }
    const pivot = l[j * n + j] ?? 0
    if (!(pivot > 0 && Number.isFinite(pivot)))
      return l.map((_, place) => (place % n <= Math.floor(place / n) ? Number.NaN : 0))
  }
  return l
}
