/* The k largest of the last axis. Letters: x primal, i indices, d length of the last axis, n number of rows. */
import { aval, printAval } from '../aval.js'
import { ArgumentError, ShapeError } from '../errors.js'
import type { Tensor } from '../tensor.js'
import { bind1 } from '../trace/bind.js'
import { add, mul } from './arithmetic.js'
import { axisLength } from './axes.js'
import { expandDims, reshape } from './broadcast.js'
import { cast, equal, logicalAnd, notEqual, where } from './choice.js'
import { checkKind } from './elementwise.js'
import { take } from './indexing.js'
import { dataAttrs, definePrimitive, notLinear, type Primitive, zeroTangent } from './primitive.js'
import { argmax, max } from './reduction.js'
import { concat, iota } from './sequence.js'

export interface TopKAttrs {
  readonly k: number
}

const lastAxis = (x: Tensor): number => axisLength(x.shape, x.rank - 1)

/** Whether a is more than b, where NaN is more than all else. */
const isMore = (a: number, b: number): boolean => a > b || (Number.isNaN(a) && !Number.isNaN(b))

/** Indices of the k largest of a row, in order; of equal ones the first comes first. */
const largestOf = (row: ArrayLike<number>, k: number): readonly number[] => {
  const at = (j: number | undefined): number => row[j ?? 0] ?? 0
  const best: number[] = []
  for (let j = 0; j < row.length; j++) {
    if (best.length === k && !isMore(at(j), at(best[k - 1]))) continue
    let place = Math.min(best.length, k - 1)
    while (place > 0 && isMore(at(j), at(best[place - 1]))) place--
    best.splice(place, 0, j)
    if (best.length > k) best.pop()
  }
  return best
}

/**
 * One after the other: the first of the largest that are left. NaN is compared as infinity, and comes first of those.
 */
const oneByOne = (given: Tensor, k: number): Tensor => {
  const isNumber = equal(given, given)
  const x = where(isNumber, given, Number.POSITIVE_INFINITY)
  const places = iota(lastAxis(x))
  const found: Tensor[] = []
  let left = equal(x, x)
  for (let n = 0; n < k; n++) {
    const top = max(where(left, x, Number.NEGATIVE_INFINITY), -1, { keepDims: true })
    const isTop = logicalAnd(left, equal(x, top))
    const rank = where(isTop, where(isNumber, cast(isTop, 'i32'), 2), 0) // 2 for NaN, 1 for the other largest
    const at = expandDims(argmax(rank, -1), -1)
    found.push(at)
    left = logicalAnd(left, notEqual(places, at))
  }
  return concat(found, -1)
}

export const topKIndicesPrimitive: Primitive<TopKAttrs> = definePrimitive({
  name: 'topKIndices',
  arity: 1,
  attrs: dataAttrs<TopKAttrs>('k'),
  abstractEval: ([x], { k }) => aval([...x.shape.slice(0, -1), k], 'i32'),
  evaluate: ([x], { k }, [i]) => {
    const d = axisLength(x.shape, x.shape.length - 1)
    for (let row = 0; row * k < i.data.length; row++) {
      i.data.set(largestOf(x.data.subarray(row * d, (row + 1) * d), k), row * k)
    }
  },
  jvp: [zeroTangent],
  transpose: notLinear,
  batch: ([x], _, { k }) => bind1(topKIndicesPrimitive, [x], { k }),
  decompose: ([x], { k }) => oneByOne(x, k),
  properties: { flops: ([x]) => (x === undefined ? 0 : x.shape.reduce((n, length) => n * length, 1)) },
})

/**
 * The k largest of the last axis, descending, and where they are. Shape: [...n, d] -> values [...n, k], indices i32
 * [...n, k]. Of equal ones the first comes first. NaN counts as larger than all else, as in `sort`.
 *
 * The derivative flows to the values that were taken and to no others, also at ties.
 *
 * @param k from 1 to d
 * @throws ShapeError for a scalar; ArgumentError for another k; DTypeError
 * @see jax.lax.top_k, torch.topk, which have NaN in the same place
 * @example topK(array([3, 9, 1, 9]), 3) // => [[9, 9, 3], [1, 3, 0]]
 */
export const topK = (x: Tensor, k: number): readonly [values: Tensor, indices: Tensor] => {
  checkKind('topK', 'floating', x)
  checkK(x, k)
  const indices = bind1(topKIndicesPrimitive, [x], { k })
  const d = lastAxis(x)
  const starts = reshape(mul(iota(x.size / d), d), [...x.shape.slice(0, -1), 1])
  return [take(reshape(x, [x.size]), add(indices, starts)), indices]
}

const checkK = (x: Tensor, k: number): void => {
  const received = `x ${printAval(x.aval)}, k ${k}`
  if (x.rank === 0 || x.size === 0) {
    throw new ShapeError({
      op: 'topK',
      expected: 'the tensor must have a last axis, and elements.',
      received,
      todo: 'reshape(x, [-1]) for all of its elements',
    })
  }
  if (!(Number.isInteger(k) && k >= 1 && k <= lastAxis(x))) {
    throw new ArgumentError({
      op: 'topK',
      expected: `k must be a whole number from 1 to ${lastAxis(x)}, the length of the last axis.`,
      received,
      todo: 'Math.min(k, x.shape.at(-1)) takes all where there are fewer',
    })
  }
}
