/* Product over axes: halves are multiplied until one is left, so that its derivative is right where elements are 0. */
import { dropAxes, range, sizeOf } from '../aval.js'
import type { Tensor } from '../tensor.js'
import { mul } from './arithmetic.js'
import { type Axes, axisLength, normalAxes } from './axes.js'
import { ones, reshape, transpose } from './broadcast.js'
import { checkKind } from './elementwise.js'
import type { ReduceOptions } from './reduction.js'
import { concat, slice } from './sequence.js'

/** The product along axis 0, pairs first. */
const productOfRows = (x: Tensor): Tensor => {
  const n = axisLength(x.shape, 0)
  const rest = x.shape.slice(1)
  if (n === 0) return ones(rest, x.dtype)
  if (n === 1) return reshape(x, rest)
  const half = Math.floor(n / 2)
  const rows = (from: number, to: number): Tensor => slice(x, [from, ...rest.map(() => 0)], [to, ...rest])
  const pairs = mul(rows(0, half), rows(half, 2 * half))
  return productOfRows(n % 2 === 0 ? pairs : concat([pairs, rows(2 * half, n)]))
}

/**
 * Product over the axes (all by default). The product of nothing is 1.
 *
 * @param axes negative ones count from the end
 * @throws AxisError, DTypeError
 * @example prod(array([[1, 2], [3, 4]]), 0) // => [3, 8]
 */
export const prod = (x: Tensor, axes?: Axes, options: ReduceOptions = {}): Tensor => {
  checkKind('prod', 'numeric', x)
  const over = normalAxes('prod', x.aval, axes)
  const kept = range(x.rank).filter((axis) => !over.includes(axis))
  const front = transpose(x, [...over, ...kept])
  const rows = reshape(front, [sizeOf(over.map((axis) => axisLength(x.shape, axis))), ...dropAxes(x.shape, over)])
  const shape = x.shape.map((n, axis) => (over.includes(axis) ? 1 : n))
  const y = productOfRows(rows)
  return options.keepDims === true ? reshape(y, shape) : y
}
