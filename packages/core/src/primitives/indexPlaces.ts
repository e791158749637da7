/* NumPy's x[...] for what is known when a program is written, and one tensor of indices. */
import { printAval, range } from '../aval.js'
import { ArgumentError, IndexError } from '../errors.js'
import { Tensor } from '../tensor.js'
import { axisLength } from './axes.js'
import { reshape } from './broadcast.js'
import { checkKind } from './elementwise.js'
import { flip } from './flip.js'
import { take } from './indexing.js'
import { slice } from './sequence.js'

/** `start:stop:step` as a list; what is left out or `null` is as far as the axis goes. */
export type IndexSpan = readonly [start?: number | null, stop?: number | null, step?: number | null]

/**
 * What stands for one axis: a whole number (the axis goes), a span, a tensor of indices, `':'` (all of it); or for none:
 * `null` (a new axis of length 1); or for as many as are left: `'...'`.
 */
export type IndexPlace = number | IndexSpan | Tensor | null | '...' | ':'

/** A walk along one axis of x: `count` places from `start`, `step` apart (negative: towards the start). */
interface Walk {
  readonly start: number
  readonly count: number
  readonly step: number
}

const printPlace = (place: IndexPlace): string => {
  if (place instanceof Tensor) return printAval(place.aval)
  if (typeof place === 'string') return `'${place}'`
  return place === null || typeof place === 'number' ? String(place) : `[${place.map(String).join(',')}]`
}

const received = (x: Tensor, places: readonly IndexPlace[]): string =>
  `x ${printAval(x.aval)}, places (${places.map(printPlace).join(', ')})`

const wrong = (x: Tensor, places: readonly IndexPlace[], expected: string, todo: string): ArgumentError =>
  new ArgumentError({ op: 'index', expected, received: received(x, places), todo })

/** Python's slice.indices: bounds count from the end if negative, and stop at the edges. */
const walkOf = ([from, to, by]: IndexSpan, n: number): Walk => {
  const step = by ?? 1
  const [low, high] = step > 0 ? [0, n] : [-1, n - 1]
  const bound = (given: number | null | undefined, fallback: number): number =>
    given === null || given === undefined ? fallback : Math.min(high, Math.max(low, given < 0 ? given + n : given))
  const start = bound(from, step > 0 ? low : high)
  const stop = bound(to, step > 0 ? high : low)
  return { start, step, count: Math.max(0, Math.ceil((stop - start) / step)) }
}

/** A place for each axis of x, with `'...'` written out; new axes stay where they are. */
const expanded = (x: Tensor, places: readonly IndexPlace[]): readonly Exclude<IndexPlace, '...' | ':'>[] => {
  const dots = places.filter((place) => place === '...').length
  const named = places.filter((place) => place !== null && place !== '...').length
  const tensors = places.filter((place) => place instanceof Tensor).length
  if (dots > 1 || tensors > 1 || named > x.rank) {
    throw wrong(
      x,
      places,
      `there may be one '...', one tensor, and ${x.rank} places besides new axes.`,
      'index again for a second tensor, or take from the flattened tensor',
    )
  }
  const rest = new Array<IndexSpan>(x.rank - named).fill([])
  const all: readonly IndexPlace[] = dots === 1 ? places : [...places, '...']
  return all.flatMap((place): readonly Exclude<IndexPlace, '...' | ':'>[] =>
    place === '...' ? rest : place === ':' ? [[]] : [place],
  )
}

const isWhole = (n: number | null | undefined): boolean => n === null || n === undefined || Number.isInteger(n)

const checkPlace = (x: Tensor, places: readonly IndexPlace[], place: IndexPlace): void => {
  if (place === null || place instanceof Tensor) return
  const numbers = typeof place === 'number' ? [place] : place
  const isSpan = typeof place === 'number' || (Array.isArray(place) && place.length <= 3 && place[2] !== 0)
  if (isSpan && typeof numbers !== 'string' && numbers.every(isWhole)) return
  throw wrong(
    x,
    places,
    "a place must be a whole number, [start, stop, step] with a step that is not 0, null, ':', '...' or a tensor.",
    'write one place for each axis',
  )
}

/**
 * Part of a tensor, as NumPy's x[...]: one place for each axis, and what is left is taken whole.
 *
 * - a whole number: that entry, without the axis; negative ones count from the end;
 * - `[start, stop, step]`: a span as Python's start:stop:step; `null` or nothing for an end that is open; `':'` for all;
 * - `null`: a new axis of length 1;
 * - `'...'`: all axes that are left, taken whole;
 * - a tensor i32: those entries, as `take` picks them (a negative one is no index); its axes stand where the axis was.
 *
 * All but the tensor is known when the program is written; see `dynamicSlice` for a start that is computed.
 *
 * @throws IndexError for a number beyond the axis; ArgumentError for too many places or for what is none; DTypeError for
 * a tensor that is not i32
 * @example index(array([[1, 2, 3], [4, 5, 6]]), 0) // => [1, 2, 3]
 * @example index(array([[1, 2, 3], [4, 5, 6]]), '...', [null, null, -1]) // => [[3, 2, 1], [6, 5, 4]]
 * @example index(array([[1, 2, 3], [4, 5, 6]]), ':', array([2, 0], 'i32')) // => [[3, 1], [6, 4]]
 */
export const index = (x: Tensor, ...places: readonly IndexPlace[]): Tensor => {
  checkKind('index', 'any', x)
  const full = expanded(x, places)
  for (const place of full) checkPlace(x, places, place)
  const walks: Walk[] = []
  const shape: number[] = [] // before the tensor's axes take the place of one
  let picked: { readonly axis: number; readonly indices: Tensor } | null = null
  for (const place of full) {
    if (place === null) {
      shape.push(1)
      continue
    }
    const n = axisLength(x.shape, walks.length)
    if (typeof place === 'number') {
      walks.push({ start: entry(x, places, place, n), count: 1, step: 1 })
      continue
    }
    if (place instanceof Tensor) picked = { axis: shape.length, indices: place }
    const walk = walkOf(place instanceof Tensor ? [] : place, n)
    walks.push(walk)
    shape.push(walk.count)
  }
  const part = reshape(walked(x, walks), shape)
  return picked === null ? part : take(part, picked.indices, picked.axis)
}

const entry = (x: Tensor, places: readonly IndexPlace[], given: number, n: number): number => {
  const at = given < 0 ? given + n : given
  if (at >= 0 && at < n) return at
  throw new IndexError({
    op: 'index',
    expected: n === 0 ? 'an axis of length 0 has no entries.' : `a number must be from ${-n} to ${n - 1}.`,
    received: `${given} in ${received(x, places)}`,
    todo: 'a span [start, stop] may reach beyond the end',
  })
}

/** The walks as one slice; axes walked backwards are turned round after it. */
const walked = (x: Tensor, walks: readonly Walk[]): Tensor => {
  const low = ({ start, count, step }: Walk): number =>
    count === 0 ? 0 : step > 0 ? start : start + (count - 1) * step
  const sliced = slice(
    x,
    walks.map(low),
    walks.map((walk) => (walk.count === 0 ? 0 : low(walk) + (walk.count - 1) * Math.abs(walk.step) + 1)),
    walks.map(({ step }) => Math.abs(step)),
  )
  const backwards = range(walks.length).filter((axis) => (walks[axis]?.step ?? 1) < 0 && (walks[axis]?.count ?? 0) > 1)
  return flip(sliced, backwards)
}
