/*
 * LU decomposition in f64, by rows. Letters: a[rows[i], columns[j]] = (L U)_ij, L with ones on its diagonal; n the side.
 * Source: Golub and Van Loan, Matrix Computations, 3.4.
 */
import type { TypedArray } from '../aval.js'
import { solveTriangularInPlace } from './triangular.js'

/** L below the diagonal, U on and above it; the order of rows and columns, and the sign of both permutations together. */
export interface Factors {
  readonly lu: Float64Array
  readonly rows: readonly number[]
  readonly columns: readonly number[]
  readonly sign: 1 | -1
}

/** Where a pivot is looked for: in its column, or in all that is left, which shows the rank. */
export type Pivoting = 'partial' | 'complete'

/** Whether a number is the better pivot: a larger one, or NaN, which stays. */
const beats = (x: number, best: number): boolean => x > best || (Number.isNaN(x) && !Number.isNaN(best))

const swap = (list: number[], i: number, j: number): void => {
  const kept = list[i] ?? 0
  list[i] = list[j] ?? 0
  list[j] = kept
}

/** Gaussian elimination of a square matrix. A pivot of 0 is left, and its column too. */
export const factorise = (a: TypedArray, n: number, pivoting: Pivoting): Factors => {
  const lu = Float64Array.from<number>(a)
  const at = (i: number, j: number): number => lu[i * n + j] ?? 0
  const rows = Array.from({ length: n }, (_, i) => i)
  const columns = [...rows]
  let sign: 1 | -1 = 1
  for (let k = 0; k < n; k++) {
    let [row, column, best] = [k, k, Math.abs(at(k, k))]
    for (let j = k; j < (pivoting === 'complete' ? n : k + 1); j++) {
      for (let i = k; i < n; i++) {
        const size = Math.abs(at(i, j))
        if (beats(size, best)) [row, column, best] = [i, j, size]
      }
    }
    if (row !== k) {
      for (let j = 0; j < n; j++) [lu[k * n + j], lu[row * n + j]] = [at(row, j), at(k, j)]
      swap(rows, k, row)
      sign = sign === 1 ? -1 : 1
    }
    if (column !== k) {
      for (let i = 0; i < n; i++) [lu[i * n + k], lu[i * n + column]] = [at(i, column), at(i, k)]
      swap(columns, k, column)
      sign = sign === 1 ? -1 : 1
    }
    if (best === 0) continue
    for (let i = k + 1; i < n; i++) {
      const factor = at(i, k) / at(k, k)
      lu[i * n + k] = factor
      for (let j = k + 1; j < n; j++) lu[i * n + j] = at(i, j) - factor * at(k, j)
    }
  }
  return { lu, rows, columns, sign }
}

const unitLower = { lower: true, transposed: false, unit: true } as const
const upper = { lower: false, transposed: false, unit: false } as const

/** x [n, m] of `a x = b`, by partial pivoting. */
export const solveInF64 = (a: TypedArray, n: number, b: TypedArray, m: number): Float64Array => {
  const { lu, rows } = factorise(a, n, 'partial')
  const x = new Float64Array(n * m)
  for (const [i, from] of rows.entries()) for (let c = 0; c < m; c++) x[i * m + c] = b[from * m + c] ?? 0
  solveTriangularInPlace(lu, n, x, m, unitLower)
  solveTriangularInPlace(lu, n, x, m, upper)
  return x
}

const diagonalOf = ({ lu, rows: { length: n } }: Factors): readonly number[] =>
  Array.from({ length: n }, (_, i) => lu[i * n + i] ?? 0)

/** The determinant, and its sign and the logarithm of its size, which neither overflow nor vanish. */
export const determinantInF64 = (a: TypedArray, n: number) => {
  const factors = factorise(a, n, 'partial')
  const pivots = diagonalOf(factors)
  return {
    det: pivots.reduce<number>((product, pivot) => product * pivot, factors.sign),
    sign: pivots.reduce<number>((product, pivot) => product * Math.sign(pivot), factors.sign),
    logAbsDet: pivots.reduce((total, pivot) => total + Math.log(Math.abs(pivot)), 0),
  }
}

/**
 * Cofactors [n, n]: det(a) a⁻ᵀ where a is regular, and what that tends to where it is not. With complete pivoting a
 * lost rank shows in the last pivots; the last one is never divided by:
 *
 * u_nn U⁻¹ = [[u_nn V⁻¹, -V⁻¹ w], [0, 1]] for U = [[V, w], [0, u_nn]], and adj U = det V · u_nn U⁻¹
 */
export const cofactorsInF64 = (a: TypedArray, n: number): Float64Array => {
  const factors = factorise(a, n, 'complete')
  const { lu, rows, columns, sign } = factors
  const pivots = diagonalOf(factors)
  const last = pivots[n - 1] ?? 1
  const before = pivots.slice(0, -1).reduce<number>((product, pivot) => product * pivot, sign)
  const result = new Float64Array(n * n)
  if (before === 0) return result // two ranks are missing: every minor is 0
  // y = u_nn U⁻¹ L⁻¹, column by column; the last row of L⁻¹ counts once, the others times u_nn
  const y = new Float64Array(n * n)
  for (let i = 0; i < n; i++) y[i * n + i] = 1
  solveTriangularInPlace(lu, n, y, n, unitLower)
  for (let i = n - 2; i >= 0; i--) {
    for (let c = 0; c < n; c++) {
      let rest = last * (y[i * n + c] ?? 0)
      for (let k = i + 1; k < n; k++) rest -= (lu[i * n + k] ?? 0) * (y[k * n + c] ?? 0)
      y[i * n + c] = rest / (pivots[i] ?? 1)
    }
  }
  // adj(a) = det V · columns · y · rows; cofactors are its transpose
  for (const [j, column] of columns.entries()) {
    for (const [i, row] of rows.entries()) result[row * n + column] = before * (y[j * n + i] ?? 0)
  }
  return result
}
