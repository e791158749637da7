import { printAval, range } from '../aval.js'
import { ArgumentError, ShapeError } from '../errors.js'
import type { Tensor } from '../tensor.js'
import { normalAxis } from './axes.js'
import { dotGeneral } from './contraction.js'

/**
 * Product of two tensors, summed over axes of both: the last `axes` of x with the first of y in their order, or those
 * named. Shape: the other axes of x, then the other axes of y.
 *
 * @param axes how many (2 by default), or the axes of x and, in the same order, those of y
 * @throws ArgumentError for a number that is none of axes; ShapeError unless paired axes have the same length; AxisError
 * @see numpy.tensordot, torch.tensordot
 * @example tensordot(array([[1, 2], [3, 4]]), array([1, 10]), 1) // => [21, 43]
 * @example tensordot(array([[1, 2], [3, 4]]), array([1, 10]), [[0], [0]]) // => [31, 42]
 */
export const tensordot = (
  x: Tensor,
  y: Tensor,
  axes: number | readonly [readonly number[], readonly number[]] = 2,
): Tensor => {
  const received = `x ${printAval(x.aval)}, y ${printAval(y.aval)}`
  if (typeof axes === 'number' && !(Number.isInteger(axes) && axes >= 0 && axes <= Math.min(x.rank, y.rank))) {
    throw new ArgumentError({
      op: 'tensordot',
      expected: `the number of axes must be from 0 to ${Math.min(x.rank, y.rank)}.`,
      received: `${received}, axes ${axes}`,
      todo: 'name the axes of both: [[0], [1]]',
    })
  }
  const [left, right] = typeof axes === 'number' ? [range(axes, x.rank - axes), range(axes)] : axes
  const contract = [
    left.map((axis) => normalAxis('tensordot', x.aval, axis)),
    right.map((axis) => normalAxis('tensordot', y.aval, axis)),
  ] as const
  if (
    left.length !== right.length ||
    !contract[0].every((axis, i) => x.shape[axis] === y.shape[contract[1][i] ?? -1])
  ) {
    throw new ShapeError({
      op: 'tensordot',
      expected: 'paired axes must have the same length.',
      received: `${received}, axes [${left.join(',')}] and [${right.join(',')}]`,
      todo: 'name the axes of both in the same order',
    })
  }
  return dotGeneral(x, y, { contract, batch: [[], []] })
}
