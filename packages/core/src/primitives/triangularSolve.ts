/* Systems with a triangular matrix. Letters: op(a) x = b, where op(a) is a or aᵀ; x̄ cotangent of x. */

import { solveTriangularInPlace, type Triangle } from '../reference/triangular.js'
import type { Tensor } from '../tensor.js'
import { bind1 } from '../trace/bind.js'
import { neg } from './arithmetic.js'
import { matmul } from './contraction.js'
import { tril, triu } from './diagonal.js'
import { matrixTranspose } from './matrix.js'
import { eachMatrix, matrixSides } from './matrixBatch.js'
import { dataAttrs, definePrimitive, notLinear, type Primitive } from './primitive.js'
import { solveSystems, substitutionFlops, systemsBatch } from './systems.js'

export type TriangularSolveAttrs = Triangle

/** op of the triangle that is read; a unit diagonal is not. */
const readPart = (da: Tensor, { lower, transposed, unit }: Triangle): Tensor => {
  const part = lower ? tril(da, unit ? -1 : 0) : triu(da, unit ? 1 : 0)
  return transposed ? matrixTranspose(part) : part
}

const solve = (a: Tensor, b: Tensor, attrs: Triangle): Tensor => bind1(triangularSolvePrimitive, [a, b], attrs)

export const triangularSolvePrimitive: Primitive<TriangularSolveAttrs> = definePrimitive({
  name: 'triangularSolve',
  arity: 2,
  attrs: dataAttrs<TriangularSolveAttrs>('lower', 'transposed', 'unit'),
  abstractEval: ([_, b]) => b,
  evaluate: ([a, b], attrs, [x]) => {
    const [n, m] = matrixSides(b)
    eachMatrix(a, (matrix, i) => {
      const columns = Float64Array.from<number>(b.data.subarray(i * n * m, (i + 1) * n * m))
      solveTriangularInPlace(matrix, n, columns, m, attrs)
      x.data.set(columns, i * n * m)
    })
  },
  jvp: [
    // op(a) dx = -op(da) x
    (da, [a], [x], attrs) => neg(solve(a, matmul(readPart(da, attrs), x), attrs)),
    (db, [a], _, attrs) => solve(a, db, attrs),
  ],
  transpose: [notLinear, (ct, [a], attrs) => solve(a, ct, { ...attrs, transposed: !attrs.transposed })],
  batch: systemsBatch(solve),
  properties: { flops: substitutionFlops },
})

/** Which triangle `triangularSolve` reads, and how. */
export interface TriangularSolveOptions {
  /** The lower triangle; true by default. */
  readonly lower?: boolean
  /** Solves aᵀ x = b; false by default. */
  readonly transposed?: boolean
  /** Takes the diagonal for ones; false by default. */
  readonly unitDiagonal?: boolean
}

/**
 * x of `a x = b` for a triangular a, by substitution: the other triangle is not read.
 * Shapes: a [...l, n, n], b [...l, n, m] -> [...l, n, m], or b [n] -> [...l, n]; leading axes broadcast.
 *
 * A zero on the diagonal gives infinities or NaN. On every engine it is evaluated on the host, in f64.
 *
 * @throws ShapeError where the operands do not fit; DTypeError
 * @see torch.linalg.solve_triangular; jax.scipy.linalg.solve_triangular
 * @example triangularSolve(array([[2, 0], [1, 4]]), array([2, 9])) // => [1, 2]
 */
export const triangularSolve = (a: Tensor, b: Tensor, options: TriangularSolveOptions = {}): Tensor => {
  const { lower = true, transposed = false, unitDiagonal = false } = options
  const attrs = { lower, transposed, unit: unitDiagonal }
  return solveSystems('triangularSolve', a, b, (matrix, right) => solve(matrix, right, attrs))
}
