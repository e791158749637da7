/* Padding with something else than zeros. Letters: x primal, n length of an axis, i a place, which may lie outside. */
import { printAval, range } from '../aval.js'
import { ArgumentError, ShapeError } from '../errors.js'
import { array, type Tensor } from '../tensor.js'
import { axisLength } from './axes.js'
import { full } from './broadcast.js'
import { constant } from './constant.js'
import { take } from './indexing.js'
import { concat } from './sequence.js'

const modulo = (i: number, n: number): number => ((i % n) + n) % n

/** Which of an axis's n elements stands at place i. */
const sources = {
  // back and forth, with a period of 2 (n - 1): the outermost elements come once
  reflect: (i: number, n: number) => (n === 1 ? 0 : n - 1 - Math.abs(modulo(i, 2 * (n - 1)) - (n - 1))),
  replicate: (i: number, n: number) => Math.min(Math.max(i, 0), n - 1),
  circular: modulo,
} as const satisfies Record<string, (i: number, n: number) => number>

/**
 * What stands around a tensor: its elements mirrored at the outermost one (`'reflect'`), the outermost one
 * (`'replicate'`), its elements from the other side (`'circular'`), or a number.
 */
export type PadMode = keyof typeof sources | number

/**
 * Something around a tensor: `low[i]` elements in front of axis i, `high[i]` behind it. More than the axis holds is
 * reflected back and forth.
 *
 * @param mode what to pad with; `pad` gives zeros, and may put them between elements too
 * @throws ShapeError unless low and high have a whole number from 0 on for each axis, and where there is nothing to
 * repeat; ArgumentError for another mode
 * @see torch.nn.functional.pad; jnp.pad, where replicate is `edge` and circular is `wrap`
 * @example padWith(array([1, 2, 3]), [1], [2], 'reflect') // => [2, 1, 2, 3, 2, 1]
 * @example padWith(array([1, 2, 3]), [1], [2], 'replicate') // => [1, 1, 2, 3, 3, 3]
 * @example padWith(array([1, 2, 3]), [1], [2], 'circular') // => [3, 1, 2, 3, 1, 2]
 * @example padWith(array([1, 2, 3]), [1], [2], 7) // => [7, 1, 2, 3, 7, 7]
 */
export const padWith = (x: Tensor, low: readonly number[], high: readonly number[], mode: PadMode): Tensor => {
  checkWidths(x, low, high)
  if (typeof mode === 'number') return eachAxis(x, low, high, (y, axis, widths) => between(y, axis, widths, mode))
  const source = sources[mode]
  if (source === undefined) {
    throw new ArgumentError({
      op: 'padWith',
      expected: `the mode must be ${Object.keys(sources).join(', ')}, or a number.`,
      received: `mode ${String(mode)}`,
      todo: 'see PadMode for what each of them does',
    })
  }
  checkElements(x, low, high)
  return eachAxis(x, low, high, (y, axis, [front, behind]) => {
    const n = axisLength(y.shape, axis)
    const places = range(front + n + behind, -front).map((i) => source(i, n))
    return take(y, constant(array(places, 'i32')), axis)
  })
}

type Widths = readonly [front: number, behind: number]

/** Pads one axis after the other, but for those with nothing around. */
const eachAxis = (
  x: Tensor,
  low: readonly number[],
  high: readonly number[],
  padAxis: (y: Tensor, axis: number, widths: Widths) => Tensor,
): Tensor =>
  x.shape.reduce((y, _, axis) => {
    const widths = [low[axis] ?? 0, high[axis] ?? 0] as const
    return widths[0] + widths[1] === 0 ? y : padAxis(y, axis, widths)
  }, x)

/** One number around an axis: joined, not added, so that the elements stay as they are. */
const between = (x: Tensor, axis: number, widths: Widths, value: number): Tensor => {
  const [front, behind] = widths.map((width) => full(x.shape.with(axis, width), value, x.dtype))
  return front === undefined || behind === undefined ? x : concat([front, x, behind], axis)
}

const printed = (x: Tensor, low: readonly number[], high: readonly number[]): string =>
  `x ${printAval(x.aval)}, low [${low.join(',')}], high [${high.join(',')}]`

const checkWidths = (x: Tensor, low: readonly number[], high: readonly number[]): void => {
  if ([low, high].every((list) => list.length === x.rank && list.every((n) => Number.isInteger(n) && n >= 0))) return
  throw new ShapeError({
    op: 'padWith',
    expected: 'low and high need a whole number >= 0 for each axis.',
    received: printed(x, low, high),
    todo: 'use slice to cut',
  })
}

const checkElements = (x: Tensor, low: readonly number[], high: readonly number[]): void => {
  if (x.shape.every((n, axis) => n > 0 || (low[axis] ?? 0) + (high[axis] ?? 0) === 0)) return
  throw new ShapeError({
    op: 'padWith',
    expected: 'an axis that is padded must have an element to repeat.',
    received: printed(x, low, high),
    todo: 'pad with a number',
  })
}
