/* Cholesky decomposition. Letters: a = l lᵀ, symmetric and positive definite. */
import { choleskyInF64 } from '../reference/cholesky.js'
import type { Tensor } from '../tensor.js'
import { bind1 } from '../trace/bind.js'
import { add, mul, sub } from './arithmetic.js'
import { axisLength } from './axes.js'
import { matmul } from './contraction.js'
import { tril } from './diagonal.js'
import { eye, matrixTranspose } from './matrix.js'
import { checkSquare, eachMatrix, factorFlops, matrixSides } from './matrixBatch.js'
import { definePrimitive, type NoAttrs, noAttrs, notLinear, type Primitive } from './primitive.js'
import { triangularSolve } from './triangularSolve.js'

/** The lower triangle with half of the diagonal: Φ(s) + Φ(s)ᵀ = s for a symmetric s. */
const lowerHalf = (s: Tensor): Tensor => sub(tril(s), mul(mul(s, eye(axisLength(s.shape, s.rank - 1), s.dtype)), 0.5))

export const choleskyPrimitive: Primitive<NoAttrs> = definePrimitive({
  name: 'cholesky',
  arity: 1,
  attrs: noAttrs,
  abstractEval: ([a]) => a,
  evaluate: ([a], _, [l]) => {
    const [, n] = matrixSides(a)
    eachMatrix(a, (matrix, i) => l.data.set(choleskyInF64(matrix, n), i * n * n))
  },
  // l⁻¹ da l⁻ᵀ = l⁻¹ dl + (l⁻¹ dl)ᵀ, and l⁻¹ dl is lower triangular: dl = l Φ(l⁻¹ da l⁻ᵀ)
  jvp: [
    (da, _, [l]) => {
      const half = triangularSolve(l, da)
      return matmul(l, lowerHalf(triangularSolve(l, matrixTranspose(half))))
    },
  ],
  transpose: notLinear,
  batch: ([a]) => bind1(choleskyPrimitive, [a], {}),
  properties: { flops: ([a]) => factorFlops(a) / 3 },
})

/**
 * l of `a = l lᵀ`, lower triangular with a positive diagonal. Shape: [...b, n, n] -> the same.
 *
 * The symmetric part of a, `(a + aᵀ) / 2`, is taken, so that the gradient is symmetric. A matrix that is not positive
 * definite gives NaN in its whole lower triangle. On every engine it is evaluated on the host, in f64.
 *
 * @throws ShapeError unless the last two axes are equal; DTypeError
 * @see Murray, arXiv 1602.07527, for the derivative
 * @example cholesky(array([[4, 2], [2, 5]])) // => [[2, 0], [1, 2]]
 */
export const cholesky = (a: Tensor): Tensor => {
  checkSquare('cholesky', a, 'form matmul(transpose(x), x) first')
  return bind1(choleskyPrimitive, [mul(add(a, matrixTranspose(a)), 0.5)], {})
}
