/* Orders of rows: argsort, sort, searchSorted. Letters: x primal, n length of the axis, j and k places in it. */
import { aval, printAval, range, type Shape, sizeOf, stridesOf } from '../aval.js'
import { DTypeError, ShapeError } from '../errors.js'
import type { Tensor } from '../tensor.js'
import { bind1 } from '../trace/bind.js'
import { takeAlongAxis } from './alongAxis.js'
import { add, minimum, sub } from './arithmetic.js'
import { axisLength, normalAxis } from './axes.js'
import { expandDims, moveAxis, reduceSum, zeros } from './broadcast.js'
import { cast, equal, less, lessEqual, logicalAnd, logicalNot, logicalOr, notEqual, where } from './choice.js'
import { checkKind } from './elementwise.js'
import { take } from './indexing.js'
import { dataAttrs, definePrimitive, notLinear, type Primitive, zeroTangent } from './primitive.js'
import { argmax } from './reduction.js'
import { iota } from './sequence.js'

export interface ArgsortAttrs {
  readonly axis: number
  readonly descending: boolean
}

/** Negative where a is less; NaN is more than all else. */
const compare = (a: number, b: number): number => {
  if (Number.isNaN(a) || Number.isNaN(b)) return Number(Number.isNaN(a)) - Number(Number.isNaN(b))
  return a < b ? -1 : a > b ? 1 : 0
}

/** The same of tensors: a < b, where NaN is more than all else. */
const isLess = (a: Tensor, b: Tensor): Tensor => logicalOr(less(a, b), logicalAnd(equal(a, a), notEqual(b, b)))

/** The longest axis whose elements are compared each with each: n² comparisons. */
const comparedLimit = 256

/** An element's place is the number of those that come before it; the order is the inverse of those places. */
const byCounting = (given: Tensor, { axis, descending }: ArgsortAttrs): Tensor | null => {
  const n = axisLength(given.shape, axis)
  if (given.size === 0) return zeros(given.shape, 'i32')
  if (n > comparedLimit) return null
  const x = moveAxis(given, axis, -1)
  const [j, k] = [expandDims(x, -1), expandDims(x, -2)] // rows and columns
  const isFirst = (a: Tensor, b: Tensor): Tensor => (descending ? isLess(b, a) : isLess(a, b))
  const isEarlier = less(expandDims(iota(n), 0), expandDims(iota(n), 1))
  const comesBefore = logicalOr(isFirst(k, j), logicalAnd(logicalNot(isFirst(j, k)), isEarlier))
  const places = reduceSum(cast(comesBefore, 'i32'), [x.rank])
  const found = equal(expandDims(places, -2), expandDims(iota(n), 1)) // rows: places; columns: elements
  return moveAxis(argmax(cast(found, 'i32'), -1), -1, axis)
}

/** Calls `visit` with the places of each row along an axis, in the flat array. */
const eachRow = (shape: Shape, axis: number, visit: (places: readonly number[]) => void): void => {
  const n = axisLength(shape, axis)
  const step = stridesOf(shape)[axis] ?? 1
  for (let first = 0; first < sizeOf(shape); first++) {
    if (Math.floor(first / step) % n === 0) visit(range(n).map((i) => first + i * step))
  }
}

export const argsortPrimitive: Primitive<ArgsortAttrs> = definePrimitive({
  name: 'argsort',
  arity: 1,
  attrs: dataAttrs<ArgsortAttrs>('axis', 'descending'),
  abstractEval: ([x]) => aval(x.shape, 'i32'),
  evaluate: ([x], { axis, descending }, [y]) =>
    eachRow(x.shape, axis, (places) => {
      const at = (i: number): number => x.data[places[i] ?? 0] ?? 0
      const order = range(places.length).sort((i, j) => (descending ? compare(at(j), at(i)) : compare(at(i), at(j))))
      for (const [i, place] of places.entries()) y.data[place] = order[i] ?? 0
    }),
  jvp: [zeroTangent],
  transpose: notLinear,
  batch: ([x], _, { axis, descending }) => bind1(argsortPrimitive, [x], { axis: axis + 1, descending }),
  decompose: ([x], attrs) => byCounting(x, attrs),
  properties: { flops: ([x]) => (x === undefined ? 0 : sizeOf(x.shape)) },
})

/** The order that is asked for. */
export interface SortOptions {
  /** From the largest to the smallest; of equal ones the first still comes first. */
  readonly descending?: boolean
}

const ordered = (
  op: string,
  x: Tensor,
  axis: number,
  { descending = false }: SortOptions,
): readonly [Tensor, number] => {
  checkKind(op, 'numeric', x)
  const at = normalAxis(op, x.aval, axis)
  return [bind1(argsortPrimitive, [x], { axis: at, descending }), at]
}

/**
 * Where the elements of each row are, from the smallest to the largest: the order that `sort` puts them in. It is
 * stable: of equal ones the first comes first. NaN counts as larger than all else. Shape: as x, i32.
 *
 * @param axis the last by default
 * @throws AxisError, DTypeError
 * @see numpy.argsort with kind 'stable'; torch.argsort with stable, which has NaN in the same place
 * @example argsort(array([30, 10, 20])) // => [1, 2, 0]
 */
export const argsort = (x: Tensor, axis = -1, options: SortOptions = {}): Tensor =>
  ordered('argsort', x, axis, options)[0]

/**
 * The elements of each row from the smallest to the largest, NaN behind them (in front, if descending). Derivatives go
 * to where an element came from; of equal ones the first comes first.
 *
 * @param axis the last by default
 * @throws AxisError, DTypeError
 * @see takeAlongAxis, for what else is to come in the order of `argsort`
 * @example sort(array([30, 10, 20])) // => [10, 20, 30]
 * @example sort(array([30, 10, 20]), -1, { descending: true }) // => [30, 20, 10]
 */
export const sort = (x: Tensor, axis = -1, options: SortOptions = {}): Tensor => {
  const [order, at] = ordered('sort', x, axis, options)
  return takeAlongAxis(x, order, at)
}

/** On which side of equal ones. */
export interface SearchOptions {
  /** 'left' (by default) in front of equal ones, 'right' behind them. */
  readonly side?: 'left' | 'right'
}

/**
 * Where values belong in a sorted list: the number of its elements that are less than the value (or equal to it, for
 * the side 'right'). NaN counts as larger than all else. Shape: sorted [n], values [...s] -> i32 [...s].
 *
 * @param sorted in ascending order; this is not checked
 * @throws ShapeError unless sorted has one axis (`vmap` searches several lists); DTypeError unless both have one dtype
 * @see numpy.searchsorted, torch.searchsorted
 * @example searchSorted(array([1, 3, 5]), array([0, 3, 4])) // => [0, 1, 2]
 * @example searchSorted(array([1, 3, 5]), array([0, 3, 4]), { side: 'right' }) // => [0, 2, 2]
 */
export const searchSorted = (sorted: Tensor, values: Tensor, { side = 'left' }: SearchOptions = {}): Tensor => {
  checkKind('searchSorted', 'numeric', sorted, 'sorted')
  checkKind('searchSorted', 'numeric', values, 'values')
  const received = `sorted ${printAval(sorted.aval)}, values ${printAval(values.aval)}`
  if (sorted.rank !== 1) {
    throw new ShapeError({
      op: 'searchSorted',
      expected: 'sorted must have one axis.',
      received,
      todo: 'vmap searches in several lists',
    })
  }
  if (sorted.dtype !== values.dtype) {
    throw new DTypeError({
      op: 'searchSorted',
      expected: 'sorted and values must have the same dtype.',
      received,
      todo: 'cast one of them',
    })
  }
  const isBefore = (s: Tensor): Tensor => (side === 'left' ? isLess(s, values) : logicalNot(isLess(values, s)))
  // bisection from the longest step to 1: `found` elements are known to lie before the value
  let found = zeros(values.shape, 'i32')
  for (let step = 2 ** Math.floor(Math.log2(sorted.size)); step >= 1; step /= 2) {
    const next = add(found, step)
    const there = isBefore(take(sorted, minimum(sub(next, 1), sorted.size - 1)))
    found = where(logicalAnd(lessEqual(next, sorted.size), there), next, found)
  }
  return found
}
