/* Singular value decomposition. Letters: x = u diag(s) vᵀ; m rows, n columns of x, k = min(m, n); leading axes are a batch. */
import { aval } from '../aval.js'
import { svdInF64 } from '../reference/svd.js'
import type { Tensor } from '../tensor.js'
import { bind } from '../trace/bind.js'
import { add, div, mul, sub } from './arithmetic.js'
import { axisLength } from './axes.js'
import { expandDims } from './broadcast.js'
import { equal, where } from './choice.js'
import { matmul } from './contraction.js'
import { diagonal } from './diagonal.js'
import { matrixTranspose } from './matrix.js'
import { checkMatrix, eachMatrix, factorFlops, matrixSides } from './matrixBatch.js'
import { definePrimitive, type NoAttrs, noAttrs, notLinear, type Primitive } from './primitive.js'

/** x / y, taken as 0 where y is 0. */
const quotient = (x: Tensor, y: Tensor): Tensor => {
  const none = equal(y, 0)
  return where(none, 0, div(x, where(none, 1, y)))
}

/** What of y lies outside of the space of u's columns. */
const outside = (u: Tensor, y: Tensor): Tensor => sub(y, matmul(u, matmul(matrixTranspose(u), y)))

/**
 * Tangents of u, s and v. With p = uᵀ dx v: ds = diag p, and du = u a + (rest), dv = v b + (rest) with antisymmetric a, b
 * that solve p = a s + ds - s b off the diagonal:
 *
 * (a + b)_ij = (p + pᵀ)_ij / (s_j - s_i),   (a - b)_ij = (p - pᵀ)_ij / (s_j + s_i)
 *
 * No product of singular values occurs, so none overflows. Where s_i = s_j the first turns u_i, u_j and v_i, v_j alike:
 * it is left out. The rest is what leaves the space of the columns: (1 - u uᵀ) dx v / s, and the like for v.
 */
const tangents = (dx: Tensor, u: Tensor, s: Tensor, v: Tensor): readonly [du: Tensor, ds: Tensor, dv: Tensor] => {
  const [m, n, k] = [axisLength(u.shape, u.rank - 2), axisLength(v.shape, v.rank - 2), axisLength(s.shape, s.rank - 1)]
  const [moved, back] = [matmul(dx, v), matmul(matrixTranspose(dx), u)]
  const p = matmul(matrixTranspose(u), moved)
  const [row, column] = [expandDims(s, -2), expandDims(s, -1)]
  const alike = quotient(add(p, matrixTranspose(p)), sub(row, column))
  const apart = quotient(sub(p, matrixTranspose(p)), add(row, column))
  const [du, dv] = [matmul(u, mul(add(alike, apart), 0.5)), matmul(v, mul(sub(alike, apart), 0.5))]
  return [
    m > k ? add(du, quotient(outside(u, moved), row)) : du,
    diagonal(p),
    n > k ? add(dv, quotient(outside(v, back), row)) : dv,
  ]
}

export const svdPrimitive: Primitive<NoAttrs> = definePrimitive({
  name: 'svd',
  arity: 1,
  attrs: noAttrs,
  abstractEval: ([x]) => {
    const [m, n] = matrixSides(x)
    const [lead, k] = [x.shape.slice(0, -2), Math.min(m, n)]
    return [
      [...lead, m, k],
      [...lead, k],
      [...lead, k, n],
    ].map((shape) => aval(shape, x.dtype))
  },
  evaluate: ([x], _, [u, s, vt]) => {
    const [m, n] = matrixSides(x)
    const k = Math.min(m, n)
    eachMatrix(x, (matrix, i) => {
      const parts = svdInF64(matrix, m, n)
      u.data.set(parts.u, i * m * k)
      s?.data.set(parts.s, i * k)
      if (vt === undefined) return
      for (let j = 0; j < k; j++) for (let c = 0; c < n; c++) vt.data[(i * k + j) * n + c] = parts.v[c * k + j] ?? 0
    })
  },
  jvp: [
    (dx, _, [u, s, vt]) => {
      if (s === undefined || vt === undefined) throw new Error('svd has three results')
      const [du, ds, dv] = tangents(dx, u, s, matrixTranspose(vt))
      return [du, ds, matrixTranspose(dv)]
    },
  ],
  transpose: notLinear,
  batch: ([x]) => bind(svdPrimitive, [x], {}),
  properties: { flops: ([x]) => 24 * factorFlops(x) },
})

/**
 * Singular value decomposition `x = u diag(s) vᵀ`: u and v with orthonormal columns, s descending; a pair of columns of
 * u and v is unique up to sign, and less where singular values coincide.
 * Shape: [...b, m, n] -> u [...b, m, k], s [...b, k], vᵀ [...b, k, n], k = min(m, n).
 *
 * The derivative of u and v needs distinct singular values, and of a matrix that is not square none that is 0. Where two
 * coincide exactly, their turning into each other is left out, and what leaves the space of a vector with s = 0 is, too:
 * right for functions that do not depend on the choice. For a function of s alone, `singularValues` has finite
 * derivatives everywhere. On every engine it is evaluated on the host, in f64.
 *
 * @throws ShapeError for less than two axes or an empty matrix; DTypeError
 * @see torch.linalg.svd(x, full_matrices=False); jnp.linalg.svd
 * @example svd(array([[0, 2], [1, 0]]))[1] // => [2, 1]
 */
export const svd = (x: Tensor): readonly [u: Tensor, s: Tensor, vt: Tensor] => {
  checkMatrix('svd', x, 'x')
  const [u, s, vt] = bind(svdPrimitive, [x], {})
  if (u === undefined || s === undefined || vt === undefined) throw new Error('svd has three results')
  return [u, s, vt]
}
