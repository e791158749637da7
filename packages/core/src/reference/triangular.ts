/* Triangular systems in f64. Letters: a [n, n], b [n, m] in row-major order, i row, k column of a. */
import type { TypedArray } from '../aval.js'

/** Which triangle of a matrix is read, and how. */
export interface Triangle {
  /** The lower one; else the upper. */
  readonly lower: boolean
  /** aᵀ x = b; else a x = b. */
  readonly transposed: boolean
  /** The diagonal counts as ones and is not read. */
  readonly unit: boolean
}

/** Solves `a x = b` or `aᵀ x = b` in place of b, row by row: forwards where that is a lower triangle, else backwards. */
export const solveTriangularInPlace = (
  a: TypedArray,
  n: number,
  b: Float64Array,
  m: number,
  { lower, transposed, unit }: Triangle,
): void => {
  const forwards = lower !== transposed
  for (let step = 0; step < n; step++) {
    const i = forwards ? step : n - 1 - step
    for (let before = 0; before < step; before++) {
      const k = forwards ? before : n - 1 - before
      const factor = (transposed ? a[k * n + i] : a[i * n + k]) ?? 0
      for (let c = 0; c < m; c++) b[i * m + c] = (b[i * m + c] ?? 0) - factor * (b[k * m + c] ?? 0)
    }
    const pivot = a[i * n + i] ?? 0
    if (!unit) for (let c = 0; c < m; c++) b[i * m + c] = (b[i * m + c] ?? 0) / pivot
  }
}
