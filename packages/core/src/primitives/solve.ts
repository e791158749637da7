/* Systems with any square matrix. Letters: a x = b. */
import { solveInF64 } from '../reference/lu.js'
import type { Tensor } from '../tensor.js'
import { bind1 } from '../trace/bind.js'
import { neg } from './arithmetic.js'
import { axisLength } from './axes.js'
import { broadcastTo } from './broadcast.js'
import { matmul } from './contraction.js'
import { eye, matrixTranspose } from './matrix.js'
import { checkSquare, eachMatrix, factorFlops, matrixSides } from './matrixBatch.js'
import { definePrimitive, type NoAttrs, noAttrs, notLinear, type Primitive } from './primitive.js'
import { solveSystems, substitutionFlops, systemsBatch } from './systems.js'

const solveOne = (a: Tensor, b: Tensor): Tensor => bind1(solvePrimitive, [a, b], {})

export const solvePrimitive: Primitive<NoAttrs> = definePrimitive({
  name: 'solve',
  arity: 2,
  attrs: noAttrs,
  abstractEval: ([_, b]) => b,
  evaluate: ([a, b], _, [x]) => {
    const [n, m] = matrixSides(b)
    eachMatrix(a, (matrix, i) => {
      x.data.set(solveInF64(matrix, n, b.data.subarray(i * n * m, (i + 1) * n * m), m), i * n * m)
    })
  },
  jvp: [
    // a dx = -da x
    (da, [a], [x]) => neg(solveOne(a, matmul(da, x))),
    (db, [a]) => solveOne(a, db),
  ],
  transpose: [notLinear, (ct, [a]) => solveOne(matrixTranspose(a), ct)],
  batch: systemsBatch(solveOne),
  properties: { flops: (operands) => (2 / 3) * factorFlops(operands[0]) + 2 * substitutionFlops(operands) },
})

/**
 * x of `a x = b`, by LU decomposition with partial pivoting.
 * Shapes: a [...l, n, n], b [...l, n, m] -> [...l, n, m], or b [n] -> [...l, n]; leading axes broadcast.
 *
 * A singular a gives infinities or NaN. On every engine it is evaluated on the host, in f64.
 *
 * @throws ShapeError where the operands do not fit; DTypeError
 * @see torch.linalg.solve; jnp.linalg.solve
 * @example solve(array([[2, 1], [1, 3]]), array([3, 4])) // => [1, 1]
 */
export const solve = (a: Tensor, b: Tensor): Tensor => solveSystems('solve', a, b, solveOne)

/**
 * The inverse: `a inv(a) = 1`. Shape: [...b, n, n] -> the same. For `inv(a) b`, `solve(a, b)` is quicker and more exact.
 *
 * A singular a gives infinities or NaN. On every engine it is evaluated on the host, in f64.
 *
 * @throws ShapeError unless the last two axes are equal; DTypeError
 * @example inv(array([[2, 0], [0, 4]])) // => [[0.5, 0], [0, 0.25]]
 */
export const inv = (a: Tensor): Tensor => {
  checkSquare('inv', a, 'use pinv for a matrix that is not square')
  return solveOne(a, broadcastTo(eye(axisLength(a.shape, a.rank - 1), a.dtype), a.shape))
}
