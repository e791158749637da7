/* Small compositions on matrices that other files share. */
import { range } from '../aval.js'
import { array, type Tensor } from '../tensor.js'
import { axisLength } from './axes.js'
import { expandDims, transpose } from './broadcast.js'
import { cast, equal } from './choice.js'
import { constant } from './constant.js'
import { take } from './indexing.js'
import { iota } from './sequence.js'

/** The last two axes exchanged. */
export const matrixTranspose = (x: Tensor): Tensor => transpose(x, [...range(x.rank - 2), x.rank - 1, x.rank - 2])

/** Identity matrix [n, n]. */
export const eye = (n: number, dtype: Tensor['dtype'] = 'f32'): Tensor =>
  cast(equal(expandDims(iota(n), 1), expandDims(iota(n), 0)), dtype)

/** The last axis in reverse order. */
export const flipLast = (x: Tensor): Tensor => {
  const n = axisLength(x.shape, x.rank - 1)
  return take(x, constant(array(range(n).reverse(), 'i32')), x.rank - 1)
}
