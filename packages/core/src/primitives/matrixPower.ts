import { printAval } from '../aval.js'
import { ArgumentError } from '../errors.js'
import type { Tensor } from '../tensor.js'
import { axisLength } from './axes.js'
import { broadcastTo } from './broadcast.js'
import { matmul } from './contraction.js'
import { eye } from './matrix.js'
import { checkSquare } from './matrixBatch.js'
import { inv } from './solve.js'

/** aⁿ for n >= 1, by squares: log n products. */
const raised = (a: Tensor, n: number): Tensor => {
  if (n === 1) return a
  const half = raised(a, Math.floor(n / 2))
  const even = matmul(half, half)
  return n % 2 === 0 ? even : matmul(even, a)
}

/**
 * aⁿ for a whole n: the identity for 0, powers of the inverse below. Shape: [...b, n, n] -> the same.
 *
 * @throws ArgumentError unless n is a whole number; ShapeError unless the last two axes are equal; DTypeError
 * @see torch.linalg.matrix_power
 * @example matrixPower(array([[1, 1], [0, 1]]), 5) // => [[1, 5], [0, 1]]
 */
export const matrixPower = (a: Tensor, n: number): Tensor => {
  checkSquare('matrixPower', a, 'powers are of square matrices')
  if (!Number.isSafeInteger(n)) {
    throw new ArgumentError({
      op: 'matrixPower',
      expected: 'n must be a whole number.',
      received: `a ${printAval(a.aval)}, n ${n}`,
      todo: 'take a function of the eigenvalues of a symmetric matrix: eigh',
    })
  }
  if (n === 0) return broadcastTo(eye(axisLength(a.shape, a.rank - 1), a.dtype), a.shape)
  return n > 0 ? raised(a, n) : raised(inv(a), -n)
}
