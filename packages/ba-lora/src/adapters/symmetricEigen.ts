/*
 * Eigenvalues and vectors of a symmetric matrix in f64: Householder reduction to tridiagonal form, then implicit QL.
 * About 10 n³ operations (1 s for n = 512), where Jacobi needs some 60 n³.
 * Source: the procedures tred2 and tql2 of Wilkinson and Reinsch, Handbook for Automatic Computation II (1971), as in EISPACK.
 * Letters: v the vectors, by columns in the end; d the diagonal; e the subdiagonal, e[i] beside d[i - 1].
 */

const at = (x: Float64Array, i: number): number => x[i] ?? 0

/** v holds the matrix and becomes the orthogonal V with Vᵀ matrix V tridiagonal. */
const tridiagonal = (v: Float64Array, n: number, d: Float64Array, e: Float64Array): void => {
  for (let j = 0; j < n; j++) d[j] = at(v, (n - 1) * n + j)
  for (let i = n - 1; i > 0; i--) {
    let scale = 0
    for (let k = 0; k < i; k++) scale += Math.abs(at(d, k))
    let h = 0
    if (scale === 0) {
      e[i] = at(d, i - 1)
      for (let j = 0; j < i; j++) {
        d[j] = at(v, (i - 1) * n + j)
        v[i * n + j] = v[j * n + i] = 0
      }
    } else {
      for (let k = 0; k < i; k++) {
        const x = at(d, k) / scale
        d[k] = x
        h += x * x
      }
      const f = at(d, i - 1)
      const g = f > 0 ? -Math.sqrt(h) : Math.sqrt(h)
      e[i] = scale * g
      h -= f * g
      d[i - 1] = f - g
      e.fill(0, 0, i)
      for (let j = 0; j < i; j++) {
        const x = at(d, j)
        v[j * n + i] = x
        let sum = at(e, j) + at(v, j * n + j) * x
        for (let k = j + 1; k < i; k++) {
          const y = at(v, k * n + j)
          sum += y * at(d, k)
          e[k] = at(e, k) + y * x
        }
        e[j] = sum
      }
      let p = 0
      for (let j = 0; j < i; j++) {
        const x = at(e, j) / h
        e[j] = x
        p += x * at(d, j)
      }
      const hh = p / (h + h)
      for (let j = 0; j < i; j++) e[j] = at(e, j) - hh * at(d, j)
      for (let j = 0; j < i; j++) {
        const [x, y] = [at(d, j), at(e, j)]
        for (let k = j; k < i; k++) v[k * n + j] = at(v, k * n + j) - (x * at(e, k) + y * at(d, k))
        d[j] = at(v, (i - 1) * n + j)
        v[i * n + j] = 0
      }
    }
    d[i] = h
  }
  accumulate(v, n, d)
  e[0] = 0
}

/** Multiplies the Householder reflections that `tridiagonal` left in v. */
const accumulate = (v: Float64Array, n: number, d: Float64Array): void => {
  const g = new Float64Array(n)
  for (let i = 0; i < n - 1; i++) {
    v[(n - 1) * n + i] = at(v, i * n + i)
    v[i * n + i] = 1
    const h = at(d, i + 1)
    if (h !== 0) {
      for (let k = 0; k <= i; k++) d[k] = at(v, k * n + i + 1) / h
      g.fill(0, 0, i + 1)
      for (let k = 0; k <= i; k++) {
        const x = at(v, k * n + i + 1)
        for (let j = 0; j <= i; j++) g[j] = at(g, j) + x * at(v, k * n + j)
      }
      for (let k = 0; k <= i; k++) {
        const x = at(d, k)
        for (let j = 0; j <= i; j++) v[k * n + j] = at(v, k * n + j) - at(g, j) * x
      }
    }
    for (let k = 0; k <= i; k++) v[k * n + i + 1] = 0
  }
  for (let j = 0; j < n; j++) {
    d[j] = at(v, (n - 1) * n + j)
    v[(n - 1) * n + j] = 0
  }
  v[(n - 1) * n + n - 1] = 1
}

/** Sweeps until the tridiagonal matrix is diagonal; rotates the columns of v along. */
const implicitQl = (v: Float64Array, n: number, d: Float64Array, e: Float64Array): void => {
  e.copyWithin(0, 1)
  e[n - 1] = 0
  let [shift, size] = [0, 0]
  for (let l = 0; l < n; l++) {
    size = Math.max(size, Math.abs(at(d, l)) + Math.abs(at(e, l)))
    let m = l
    while (m < n - 1 && Math.abs(at(e, m)) > Number.EPSILON * size) m++
    for (let sweep = 0; m > l && sweep < 60; sweep++) {
      const g = at(d, l)
      let p = (at(d, l + 1) - g) / (2 * at(e, l))
      const r = p < 0 ? -Math.hypot(p, 1) : Math.hypot(p, 1)
      d[l] = at(e, l) / (p + r)
      d[l + 1] = at(e, l) * (p + r)
      const next = at(d, l + 1)
      const h = g - at(d, l)
      for (let i = l + 2; i < n; i++) d[i] = at(d, i) - h
      shift += h
      p = at(d, m)
      let [c, c2, c3, s, s2] = [1, 1, 1, 0, 0]
      const beside = at(e, l + 1)
      for (let i = m - 1; i >= l; i--) {
        c3 = c2
        c2 = c
        s2 = s
        const ce = c * at(e, i)
        const cp = c * p
        const length = Math.hypot(p, at(e, i))
        e[i + 1] = s * length
        s = at(e, i) / length
        c = p / length
        p = c * at(d, i) - s * ce
        d[i + 1] = cp + s * (c * ce + s * at(d, i))
        for (let k = 0; k < n; k++) {
          const [x, y] = [at(v, k * n + i), at(v, k * n + i + 1)]
          v[k * n + i + 1] = s * x + c * y
          v[k * n + i] = c * x - s * y
        }
      }
      p = (-s * s2 * c3 * beside * at(e, l)) / next
      e[l] = s * p
      d[l] = c * p
      if (Math.abs(at(e, l)) <= Number.EPSILON * size) break
    }
    d[l] = at(d, l) + shift
    e[l] = 0
  }
}

/** An entry below this share of the largest is far below its rounding; as 0 it leads to no subnormal quotient. */
const negligible = 1e-60

/**
 * Eigenvalues, in no order, and orthonormal vectors by columns.
 *
 * @param matrix symmetric, n x n, row by row; not changed
 * @example symmetricEigen(Float64Array.of(2, 0, 0, 3), 2).values.toSorted() // => [2, 3]
 */
export const symmetricEigen = (
  matrix: Float64Array,
  n: number,
): { readonly values: Float64Array; readonly vectors: Float64Array } => {
  const largest = matrix.reduce((top, x) => Math.max(top, Math.abs(x)), 0)
  const scale = largest > 0 ? largest : 1
  const vectors = matrix.map((x) => (Math.abs(x) <= negligible * scale ? 0 : x / scale))
  const [values, beside] = [new Float64Array(n), new Float64Array(n)]
  if (n > 0) {
    tridiagonal(vectors, n, values, beside)
    implicitQl(vectors, n, values, beside)
  }
  return { values: values.map((x) => x * scale), vectors }
}
