/* Diagonals and triangles of matrices: the last two axes; leading ones are a batch. Letters: k offset, above 0 upwards. */
import { printAval } from '../aval.js'
import { ArgumentError } from '../errors.js'
import type { Tensor } from '../tensor.js'
import { sub } from './arithmetic.js'
import { axisLength, normalAxis } from './axes.js'
import { expandDims, reshape, zerosLike } from './broadcast.js'
import { greaterEqual, lessEqual, where } from './choice.js'
import { checkKind } from './elementwise.js'
import { sum } from './reduction.js'
import { iota, pad, slice } from './sequence.js'

/** Rows and columns of a matrix, and the offset checked. */
const sides = (op: string, x: Tensor, offset: number): readonly [m: number, n: number] => {
  checkKind(op, 'any', x)
  const [rows, columns] = [normalAxis(op, x.aval, -2), normalAxis(op, x.aval, -1)]
  checkOffset(op, x, offset)
  return [axisLength(x.shape, rows), axisLength(x.shape, columns)]
}

const checkOffset = (op: string, x: Tensor, offset: number): void => {
  if (Number.isInteger(offset)) return
  throw new ArgumentError({
    op,
    expected: 'the offset must be a whole number.',
    received: `x ${printAval(x.aval)}, offset ${offset}`,
    todo: 'give the number of places above (negative: below) the main diagonal',
  })
}

/** Place of a diagonal's first element in the flat matrix with n columns; each next one lies n + 1 further on. */
const firstPlace = (n: number, offset: number): number => (offset >= 0 ? offset : -offset * n)

/**
 * The elements `x[..., i, i + offset]`. Shape: [...b, m, n] -> [...b, length of that diagonal]; empty where there is none.
 *
 * @throws AxisError for less than two axes; ArgumentError for an offset that is no whole number
 * @see torch.diagonal(x, offset, -2, -1); jnp.diagonal(x, offset, -2, -1)
 * @example diagonal(array([[1, 2], [3, 4]])) // => [1, 4]
 */
export const diagonal = (x: Tensor, offset = 0): Tensor => {
  const [m, n] = sides('diagonal', x, offset)
  const length = Math.max(0, Math.min(m + Math.min(offset, 0), n - Math.max(offset, 0)))
  const lead = x.shape.slice(0, -2)
  const start = length === 0 ? 0 : firstPlace(n, offset)
  const limit = length === 0 ? 0 : start + (length - 1) * (n + 1) + 1
  const ones = lead.map(() => 1)
  return slice(reshape(x, [...lead, m * n]), [...lead.map(() => 0), start], [...lead, limit], [...ones, n + 1])
}

/**
 * Matrices with the last axis on a diagonal, and zeros elsewhere: `y[..., i, i + offset] = x[..., i]`.
 * Shape: [...b, n] -> [...b, n + |offset|, n + |offset|]. For the diagonal of a matrix see `diagonal`.
 *
 * @throws AxisError for a scalar; ArgumentError for an offset that is no whole number
 * @see torch.diag_embed; np.diag
 * @example diag(array([1, 2])) // => [[1, 0], [0, 2]]
 */
export const diag = (x: Tensor, offset = 0): Tensor => {
  checkKind('diag', 'any', x)
  const n = axisLength(x.shape, normalAxis('diag', x.aval, -1))
  checkOffset('diag', x, offset)
  const lead = x.shape.slice(0, -1)
  const none = lead.map(() => 0)
  const side = n + Math.abs(offset)
  const start = n === 0 ? 0 : firstPlace(side, offset)
  const span = n === 0 ? 0 : (n - 1) * (side + 1) + 1
  const flat = pad(x, [...none, start], [...none, side * side - start - span], [...none, side])
  return reshape(flat, [...lead, side, side])
}

/**
 * Σ_i x[..., i, i]. Shape: [...b, m, n] -> [...b].
 *
 * @throws AxisError for less than two axes; DTypeError
 * @example trace(array([[1, 2], [3, 4]])) // => 5
 */
export const trace = (x: Tensor): Tensor => {
  checkKind('trace', 'numeric', x)
  normalAxis('trace', x.aval, -2)
  return sum(diagonal(x), -1)
}

const triangle =
  (op: string, keeps: (column: Tensor, offset: number) => Tensor) =>
  (x: Tensor, offset = 0): Tensor => {
    const [m, n] = sides(op, x, offset)
    const fromDiagonal = sub(expandDims(iota(n), 0), expandDims(iota(m), 1))
    return where(keeps(fromDiagonal, offset), x, zerosLike(x))
  }

/**
 * The lower triangle, with zeros above the diagonal that `offset` names: `y_ij = x_ij` where `j - i <= offset`, else 0.
 *
 * @throws AxisError for less than two axes; ArgumentError for an offset that is no whole number
 * @example tril(array([[1, 2], [3, 4]])) // => [[1, 0], [3, 4]]
 */
export const tril = triangle('tril', lessEqual)

/**
 * The upper triangle, with zeros below the diagonal that `offset` names: `y_ij = x_ij` where `j - i >= offset`, else 0.
 *
 * @throws AxisError for less than two axes; ArgumentError for an offset that is no whole number
 * @example triu(array([[1, 2], [3, 4]])) // => [[1, 2], [0, 4]]
 */
export const triu = triangle('triu', greaterEqual)
