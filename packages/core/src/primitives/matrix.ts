/* Small compositions on matrices that other files share. */
import { range } from '../aval.js'
import type { Tensor } from '../tensor.js'
import { checkLengths, normalAxis } from './axes.js'
import { expandDims, transpose } from './broadcast.js'
import { cast, equal } from './choice.js'
import { iota } from './sequence.js'

/**
 * The last two axes exchanged.
 *
 * @throws AxisError for less than two axes
 * @example matrixTranspose(array([[1, 2], [3, 4]])) // => [[1, 3], [2, 4]]
 */
export const matrixTranspose = (x: Tensor): Tensor => {
  normalAxis('matrixTranspose', x.aval, -2)
  return transpose(x, [...range(x.rank - 2), x.rank - 1, x.rank - 2])
}

/**
 * Identity matrix [n, n].
 *
 * @throws ShapeError unless n is a whole number from 0 on
 * @example eye(2) // => [[1, 0], [0, 1]]
 */
export const eye = (n: number, dtype: Tensor['dtype'] = 'f32'): Tensor => {
  checkLengths('eye', [n], 'n')
  return cast(equal(expandDims(iota(n), 1), expandDims(iota(n), 0)), dtype)
}
