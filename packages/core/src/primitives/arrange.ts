/* Elements in another arrangement, made of slices, joins and broadcasts. Letters: x primal, n length of an axis. */
import { printAval, range } from '../aval.js'
import { ArgumentError, ShapeError } from '../errors.js'
import { array, type Tensor } from '../tensor.js'
import { axisLength, checkLengths, normalAxis } from './axes.js'
import { broadcastTo, expandDims, reshape, squeeze, transpose } from './broadcast.js'
import { constant } from './constant.js'
import { take } from './indexing.js'
import { concat, slice } from './sequence.js'

/** The part of x from `start` to `limit` along one axis. */
const part = (x: Tensor, axis: number, start: number, limit: number): Tensor =>
  slice(
    x,
    x.shape.map((_, i) => (i === axis ? start : 0)),
    x.shape.map((n, i) => (i === axis ? limit : n)),
  )

/**
 * Exchanges two axes.
 *
 * @throws AxisError
 * @see numpy.swapaxes, torch.transpose(x, a, b)
 * @example swapAxes(array([[1, 2], [3, 4]]), 0, 1) // => [[1, 3], [2, 4]]
 */
export const swapAxes = (x: Tensor, a: number, b: number): Tensor => {
  const [i, j] = [normalAxis('swapAxes', x.aval, a), normalAxis('swapAxes', x.aval, b)]
  return transpose(
    x,
    range(x.rank).map((axis) => (axis === i ? j : axis === j ? i : axis)),
  )
}

/**
 * Elements moved `shift` places towards the end of an axis; those that leave it come in again at the other side:
 * y_i = x_((i - shift) mod n).
 *
 * @param shift a whole number; negative ones move towards the start
 * @param axis the last by default
 * @throws AxisError; ArgumentError for a shift that is no whole number
 * @example roll(array([1, 2, 3, 4]), 1) // => [4, 1, 2, 3]
 */
export const roll = (x: Tensor, shift: number, axis = -1): Tensor => {
  const at = normalAxis('roll', x.aval, axis)
  if (!Number.isInteger(shift)) {
    throw new ArgumentError({
      op: 'roll',
      expected: 'the shift must be a whole number.',
      received: `x ${printAval(x.aval)}, shift ${shift}`,
      todo: 'round it; interpolate for parts of a place',
    })
  }
  const n = axisLength(x.shape, at)
  const cut = n === 0 ? 0 : ((-shift % n) + n) % n
  return cut === 0 ? x : concat([part(x, at, cut, n), part(x, at, 0, cut)], at)
}

/**
 * The whole tensor, repeated along each axis. Shape: [...n_i] -> [...r_i n_i]; missing leading axes of x count as 1,
 * missing leading repeats too.
 *
 * @param repeats whole numbers from 0 on
 * @throws ShapeError for other repeats
 * @see numpy.tile, torch.tile
 * @example tile(array([1, 2]), [2, 2]) // => [[1, 2, 1, 2], [1, 2, 1, 2]]
 */
export const tile = (x: Tensor, repeats: readonly number[]): Tensor => {
  checkLengths('tile', repeats, 'repeats')
  const rank = Math.max(x.rank, repeats.length)
  const padded = (list: readonly number[]): number[] => [...new Array<number>(rank - list.length).fill(1), ...list]
  const [shape, times] = [padded(x.shape), padded(repeats)]
  const pairs = <T>(f: (n: number, r: number) => T): T[] => shape.map((n, i) => f(n, times[i] ?? 1))
  const spread = broadcastTo(reshape(x, pairs((n) => [1, n]).flat()), pairs((n, r) => [r, n]).flat())
  return reshape(
    spread,
    pairs((n, r) => n * r),
  )
}

/**
 * Each element of an axis, repeated where it is: r times, or r_i times the i-th. Shape: [...a, n, ...b] ->
 * [...a, n r, ...b], or [...a, Σ r_i, ...b]. (`tile` repeats the whole.)
 *
 * @param repeats whole numbers from 0 on: one, or one for each place of the axis
 * @param axis the first by default, as for `take`
 * @throws ShapeError for other repeats; AxisError
 * @see numpy.repeat, torch.repeat_interleave
 * @example repeat(array([1, 2]), 2) // => [1, 1, 2, 2]
 * @example repeat(array([1, 2]), [3, 1]) // => [1, 1, 1, 2]
 */
export const repeat = (x: Tensor, repeats: number | readonly number[], axis = 0): Tensor => {
  const at = normalAxis('repeat', x.aval, axis)
  const n = axisLength(x.shape, at)
  checkLengths('repeat', [repeats].flat(), 'repeats')
  if (typeof repeats !== 'number') {
    if (repeats.length !== n) {
      throw new ShapeError({
        op: 'repeat',
        expected: `there must be a number of repeats for each of the ${n} places of axis ${at}.`,
        received: `x ${printAval(x.aval)}, repeats [${repeats.join(',')}]`,
        todo: 'give one number for all of them',
      })
    }
    const places = repeats.flatMap((r, i) => new Array<number>(r).fill(i))
    return take(x, constant(array(places, 'i32')), at)
  }
  const [front, behind] = [x.shape.slice(0, at), x.shape.slice(at + 1)]
  const spread = broadcastTo(expandDims(x, at + 1), [...front, n, repeats, ...behind])
  return reshape(spread, [...front, n * repeats, ...behind])
}

/**
 * The parts of an axis, one behind the other; `concat` joins them again.
 *
 * @param parts the lengths of the parts, or how many equal ones
 * @param axis the first by default, as for `concat`
 * @throws ShapeError unless the lengths add up to that of the axis, or equal parts leave no rest; AxisError
 * @see torch.split with lengths, numpy.split with a number of parts; `split` is that of random keys
 * @example splitAlong(array([1, 2, 3, 4]), 2) // => [[1, 2], [3, 4]]
 * @example splitAlong(array([1, 2, 3, 4]), [1, 3]) // => [[1], [2, 3, 4]]
 */
export const splitAlong = (x: Tensor, parts: number | readonly number[], axis = 0): readonly Tensor[] => {
  const at = normalAxis('splitAlong', x.aval, axis)
  const n = axisLength(x.shape, at)
  const count = typeof parts === 'number' ? parts : parts.length
  checkLengths('splitAlong', [parts].flat(), 'parts')
  const lengths = typeof parts === 'number' ? new Array<number>(count).fill(n / count) : parts
  const ends = lengths.map((_, i) => lengths.slice(0, i + 1).reduce((sum, length) => sum + length, 0))
  if ((ends[count - 1] ?? 0) !== n || !lengths.every(Number.isInteger)) {
    throw new ShapeError({
      op: 'splitAlong',
      expected: `the lengths of the parts must add up to ${n}; a number of equal parts must divide it.`,
      received: `x ${printAval(x.aval)}, axis ${at}, parts ${typeof parts === 'number' ? parts : `[${parts.join(',')}]`}`,
      todo: 'give the length of each part',
    })
  }
  return ends.map((end, i) => part(x, at, end - (lengths[i] ?? 0), end))
}

/**
 * The entries of an axis, each without it; `stack` joins them again.
 *
 * @param axis the first by default, as for `stack`
 * @throws AxisError
 * @see torch.unbind, jnp.unstack
 * @example unstack(array([[1, 2], [3, 4]])) // => [[1, 2], [3, 4]]
 */
export const unstack = (x: Tensor, axis = 0): readonly Tensor[] => {
  const at = normalAxis('unstack', x.aval, axis)
  return range(axisLength(x.shape, at)).map((i) => squeeze(part(x, at, i, i + 1), at))
}
