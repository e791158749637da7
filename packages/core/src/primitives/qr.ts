/* QR decomposition. Letters: a = q r, qᵀ q = 1, r upper triangular; m rows, n columns of a. */
import { aval, printAval } from '../aval.js'
import { ShapeError } from '../errors.js'
import { qrInF64 } from '../reference/qr.js'
import type { Tensor } from '../tensor.js'
import { bind } from '../trace/bind.js'
import { sub } from './arithmetic.js'
import { axisLength } from './axes.js'
import { matmul } from './contraction.js'
import { tril } from './diagonal.js'
import { checkKind } from './elementwise.js'
import { matrixTranspose } from './matrix.js'
import { eachMatrix, factorFlops, matrixSides } from './matrixBatch.js'
import { definePrimitive, type NoAttrs, noAttrs, notLinear, type Primitive } from './primitive.js'
import { concat, slice } from './sequence.js'
import { triangularSolve } from './triangularSolve.js'

/** Of matrices with at least as many rows as columns. */
export const qrPrimitive: Primitive<NoAttrs> = definePrimitive({
  name: 'qr',
  arity: 1,
  attrs: noAttrs,
  abstractEval: ([a]) => {
    const n = axisLength(a.shape, a.shape.length - 1)
    return [a, aval([...a.shape.slice(0, -2), n, n], a.dtype)]
  },
  evaluate: ([a], _, [q, r]) => {
    const [m, n] = matrixSides(a)
    eachMatrix(a, (matrix, i) => {
      const factors = qrInF64(matrix, m, n)
      q.data.set(factors.q, i * m * n)
      r?.data.set(factors.r, i * n * n)
    })
  },
  // with x = da r⁻¹ and c = qᵀ x: dr r⁻¹ is upper triangular and qᵀ dq antisymmetric, so qᵀ dq = w, the lower triangle of
  // c less its transpose; dr = (c - w) r, dq = q w + (x - q c)
  jvp: [
    (da, _, [q, r]) => {
      if (r === undefined) throw new Error('qr has two results')
      const x = matrixTranspose(triangularSolve(r, matrixTranspose(da), { lower: false, transposed: true }))
      const c = matmul(matrixTranspose(q), x)
      const below = tril(c, -1)
      const rest = sub(c, sub(below, matrixTranspose(below)))
      return [sub(x, matmul(q, rest)), matmul(rest, r)]
    },
  ],
  transpose: notLinear,
  batch: ([a]) => bind(qrPrimitive, [a], {}),
  properties: { flops: ([a]) => 4 * factorFlops(a) },
})

const qrOfTall = (a: Tensor): readonly [Tensor, Tensor] => {
  const [q, r] = bind(qrPrimitive, [a], {})
  if (q === undefined || r === undefined) throw new Error('qr has two results')
  return [q, r]
}

/** Columns from `start` to `limit` of matrices. */
const columns = (a: Tensor, start: number, limit: number): Tensor => {
  const lead = a.shape.slice(0, -1)
  return slice(a, [...lead.map(() => 0), start], [...lead, limit])
}

/**
 * `a = q r`: q with orthonormal columns, r upper triangular with a diagonal that is not negative, which makes both unique.
 * Shape: [...b, m, n] -> q [...b, m, k], r [...b, k, n], k = min(m, n).
 *
 * The derivative needs independent columns (of a wide matrix: the first m): elsewhere it is not finite.
 * On every engine it is evaluated on the host, in f64.
 *
 * @throws ShapeError for less than two axes; DTypeError
 * @see torch.linalg.qr; jnp.linalg.qr. Signs differ where theirs leave r's diagonal negative.
 * @example qr(array([[3, 1], [4, 2]])) // => [[[0.6, -0.8], [0.8, 0.6]], [[5, 2.2], [0, 0.4]]]
 */
export const qr = (a: Tensor): readonly [q: Tensor, r: Tensor] => {
  checkKind('qr', 'floating', a, 'a')
  if (a.rank < 2) {
    throw new ShapeError({
      op: 'qr',
      expected: 'the tensor must have at least two axes.',
      received: `a ${printAval(a.aval)}`,
      todo: 'reshape it to a matrix',
    })
  }
  const [m, n] = matrixSides(a)
  if (m >= n) return qrOfTall(a)
  const [q, r] = qrOfTall(columns(a, 0, m))
  return [q, concat([r, matmul(matrixTranspose(q), columns(a, m, n))], -1)]
}
