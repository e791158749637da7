/* Singular value decomposition with whole orthonormal bases, also where the rank is not full. */
import type { TypedArray } from '../aval.js'
import { singularDecomposition } from './jacobi.js'

/** Below this share of the largest singular value, what rounding left is no direction: a column is made orthogonal again. */
const lost = 1e-14

/** Removes from column j of u [m, k] what lies along the columns before it, and gives it length 1; its length before that. */
const orthonormalise = (u: Float64Array, m: number, k: number, j: number): number => {
  for (let before = 0; before < j; before++) {
    let along = 0
    for (let i = 0; i < m; i++) along += (u[i * k + before] ?? 0) * (u[i * k + j] ?? 0)
    for (let i = 0; i < m; i++) u[i * k + j] = (u[i * k + j] ?? 0) - along * (u[i * k + before] ?? 0)
  }
  let squares = 0
  for (let i = 0; i < m; i++) squares += (u[i * k + j] ?? 0) ** 2
  const norm = Math.sqrt(squares)
  if (norm > 0) for (let i = 0; i < m; i++) u[i * k + j] = (u[i * k + j] ?? 0) / norm
  return norm
}

/** The row in which the columns before j have least weight: its unit vector is farthest from their space. */
const farthestRow = (u: Float64Array, m: number, k: number, j: number): number => {
  let [best, least] = [0, Number.POSITIVE_INFINITY]
  for (let i = 0; i < m; i++) {
    let weight = 0
    for (let before = 0; before < j; before++) weight += (u[i * k + before] ?? 0) ** 2
    if (weight < least) [best, least] = [i, weight]
  }
  return best
}

/** Columns of singular values that are next to nothing become unit vectors at right angles to those before them. */
const completed = (u: Float64Array, m: number, values: Float64Array): Float64Array => {
  const k = values.length
  for (const [j, value] of values.entries()) {
    if (value > lost * (values[0] ?? 0)) continue
    if (orthonormalise(u, m, k, j) < 0.5) {
      const row = farthestRow(u, m, k, j)
      for (let i = 0; i < m; i++) u[i * k + j] = Number(i === row)
      orthonormalise(u, m, k, j)
    }
    orthonormalise(u, m, k, j)
  }
  return u
}

/** u [m, k] and v [n, k] with orthonormal columns, s descending, k = min(m, n): `x = u diag(s) vᵀ`. All NaN if x is not finite. */
export const svdInF64 = (x: TypedArray, m: number, n: number) => {
  const { u, v, values } = singularDecomposition(x, m, n)
  if (values.every(Number.isFinite)) return { u: completed(u, m, values), s: values, v: completed(v, n, values) }
  return { u: u.fill(Number.NaN), s: values.fill(Number.NaN), v: v.fill(Number.NaN) }
}
