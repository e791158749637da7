/*
 * Parts of a tensor whose place is known when a program runs only: made of take and where, so that their derivatives and
 * batches are those. Letters: x primal, u updates, n length of an axis, s start.
 */
import { printAval, range, type Shape } from '../aval.js'
import { DTypeError, ShapeError } from '../errors.js'
import type { Tensor } from '../tensor.js'
import { add, maximum, minimum, sub } from './arithmetic.js'
import { axisLength } from './axes.js'
import { broadcastTo, reshape, squeeze } from './broadcast.js'
import { greaterEqual, less, logicalAnd, where } from './choice.js'
import { checkKind } from './elementwise.js'
import { take } from './indexing.js'
import { iota, slice } from './sequence.js'

/** The start of each axis, moved so that the part lies inside: 0 <= s <= n - size. */
const clamped = (x: Tensor, starts: Tensor, sizes: Shape): readonly Tensor[] =>
  x.shape.map((n, axis) => {
    const start = squeeze(slice(starts, [axis], [axis + 1]), 0)
    return maximum(0, minimum(start, n - axisLength(sizes, axis)))
  })

const checkStarts = (op: string, x: Tensor, starts: Tensor): void => {
  checkKind(op, 'any', x)
  checkKind(op, 'any', starts, 'starts')
  if (starts.dtype !== 'i32') {
    throw new DTypeError({
      op,
      expected: 'starts must have dtype i32.',
      received: `starts ${printAval(starts.aval)} for x ${printAval(x.aval)}`,
      todo: "cast(starts, 'i32')",
    })
  }
  if (starts.rank !== 1 || starts.size !== x.rank) {
    throw new ShapeError({
      op,
      expected: `starts must be i32[${x.rank}]: a number for each axis of x.`,
      received: `x ${printAval(x.aval)}, starts ${printAval(starts.aval)}`,
      todo: 'give 0 for the axes that are taken whole',
    })
  }
}

/**
 * The part of x of the given lengths that begins at `starts`. A start that would put it over an edge is moved: to
 * max(0, min(s, n - size)) along each axis. `slice` is for starts that are known when the program is written.
 * Shape: x [...n], starts i32[rank] -> [...sizes].
 *
 * @param starts i32, one for each axis; may come from a computation
 * @param sizes from 0 to the length of each axis
 * @throws ShapeError, DTypeError
 * @see jax.lax.dynamic_slice
 * @example dynamicSlice(array([1, 2, 3, 4]), array([1], 'i32'), [2]) // => [2, 3]
 * @example dynamicSlice(array([1, 2, 3, 4]), array([9], 'i32'), [2]) // => [3, 4]
 */
export const dynamicSlice = (x: Tensor, starts: Tensor, sizes: readonly number[]): Tensor => {
  checkStarts('dynamicSlice', x, starts)
  const fits = (n: number, axis: number): boolean => {
    const size = sizes[axis] ?? -1
    return Number.isInteger(size) && size >= 0 && size <= n
  }
  if (sizes.length !== x.rank || !x.shape.every(fits)) {
    throw new ShapeError({
      op: 'dynamicSlice',
      expected: 'sizes must have a whole number for each axis, from 0 to its length.',
      received: `x ${printAval(x.aval)}, sizes [${sizes.join(',')}]`,
      todo: 'pad x for a part that is longer than it',
    })
  }
  return clamped(x, starts, sizes).reduce(
    (y, start, axis) => (sizes[axis] === x.shape[axis] ? y : take(y, add(iota(axisLength(sizes, axis)), start), axis)),
    x,
  )
}

/**
 * x with another tensor in place of a part that begins at `starts`, which are moved as those of `dynamicSlice`.
 * Shape: x [...n], updates [...m] with m <= n along each axis, starts i32[rank] -> [...n].
 *
 * @param starts i32, one for each axis; may come from a computation
 * @throws ShapeError, DTypeError
 * @see jax.lax.dynamic_update_slice
 * @example dynamicUpdateSlice(array([1, 2, 3, 4]), array([8, 9]), array([1], 'i32')) // => [1, 8, 9, 4]
 */
export const dynamicUpdateSlice = (x: Tensor, updates: Tensor, starts: Tensor): Tensor => {
  checkStarts('dynamicUpdateSlice', x, starts)
  checkKind('dynamicUpdateSlice', 'any', updates, 'updates')
  const received = `x ${printAval(x.aval)}, updates ${printAval(updates.aval)}`
  if (updates.dtype !== x.dtype) {
    throw new DTypeError({
      op: 'dynamicUpdateSlice',
      expected: 'x and updates must have the same dtype.',
      received,
      todo: 'cast the updates',
    })
  }
  if (updates.rank !== x.rank || !x.shape.every((n, axis) => axisLength(updates.shape, axis) <= n)) {
    throw new ShapeError({
      op: 'dynamicUpdateSlice',
      expected: 'updates must have the axes of x, none of them longer.',
      received,
      todo: 'slice the updates',
    })
  }
  if (updates.size === 0) return x
  const starting = clamped(x, starts, updates.shape)
  let [moved, inside]: [Tensor, Tensor | null] = [updates, null]
  for (const axis of range(x.rank)) {
    const [n, m] = [axisLength(x.shape, axis), axisLength(updates.shape, axis)]
    const start = starting[axis]
    if (n === m || start === undefined) continue
    // place i of x holds place i - s of the updates, where there is one
    const place = sub(iota(n), start)
    const here = reshape(
      logicalAnd(greaterEqual(place, 0), less(place, m)),
      x.shape.map((_, i) => (i === axis ? n : 1)),
    )
    const wide = broadcastTo(here, x.shape)
    inside = inside === null ? wide : logicalAnd(inside, wide)
    moved = take(moved, maximum(0, minimum(place, m - 1)), axis)
  }
  return inside === null ? updates : where(inside, moved, x)
}
