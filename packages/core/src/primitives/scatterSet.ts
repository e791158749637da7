/*
 * scatterSet: a primitive tells which update comes last at each place, the rest is take and where. Letters: x primal,
 * i indices, u updates, c a place, j the number of an update; n places, m updates.
 */
import { aval, printAval } from '../aval.js'
import { ShapeError } from '../errors.js'
import type { Tensor } from '../tensor.js'
import { bind1 } from '../trace/bind.js'
import { add, maximum, mul, sub } from './arithmetic.js'
import { normalAxis } from './axes.js'
import { broadcastTo, expandDims, full, reshape } from './broadcast.js'
import { equal, greaterEqual, where } from './choice.js'
import { checkIndices, checkIndicesDType, take } from './indexing.js'
import { dataAttrs, definePrimitive, notLinear, type Primitive, zeroTangent } from './primitive.js'
import { max } from './reduction.js'
import { iota } from './sequence.js'

export interface LastUpdateAttrs {
  readonly length: number
}

/** Most comparisons of an index with a place. */
const comparedLimit = 65536

export const lastUpdatePrimitive: Primitive<LastUpdateAttrs> = definePrimitive({
  name: 'lastUpdate',
  arity: 1,
  attrs: dataAttrs<LastUpdateAttrs>('length'),
  abstractEval: (_, { length }) => aval([length], 'i32'),
  evaluate: ([i], { length }, [y]) => {
    checkIndices('scatterSet', i, length)
    y.data.fill(-1)
    for (const [j, place] of i.data.entries()) y.data[place] = j
  },
  jvp: [zeroTangent],
  transpose: notLinear,
  // example e's places are those from e n on, its updates those from e m on
  batch: ([i], _, { length }, size) => {
    const m = i.shape[1] ?? 0
    const [places, updates] = [expandDims(mul(iota(size), length), 1), expandDims(mul(iota(size), m), 1)]
    const flat = bind1(lastUpdatePrimitive, [reshape(add(i, places), [size * m])], { length: size * length })
    return maximum(sub(reshape(flat, [size, length]), updates), -1)
  },
  decompose: ([i], { length }) => {
    const m = i.size
    if (m === 0 || length === 0) return full([length], -1, 'i32')
    if (m * length > comparedLimit) return null
    const isHere = equal(expandDims(iota(length), 1), expandDims(i, 0))
    return max(where(isHere, expandDims(iota(m), 0), -1), 1)
  },
  properties: { flops: () => 0 },
})

/**
 * x with updates in place of its entries at the given indices; where indices are equal the last update stays.
 * Shape: x [...a, n, ...b], indices [...i], updates [...a, ...i, ...b] -> [...a, n, ...b], as `scatterAdd`.
 *
 * @param indices i32, each from 0 to n - 1; checked as those of `take`
 * @throws ShapeError, IndexError, DTypeError, AxisError
 * @see x.at[indices].set(updates) of JAX, x[indices] = updates of NumPy
 * @example scatterSet(array([1, 2, 3]), array([2, 0, 2], 'i32'), array([7, 8, 9])) // => [8, 2, 9]
 */
export const scatterSet = (x: Tensor, indices: Tensor, updates: Tensor, axis = 0): Tensor => {
  checkIndicesDType('scatterSet', x, indices)
  const at = normalAxis('scatterSet', x.aval, axis)
  const [front, [n = 0], behind] = [x.shape.slice(0, at), x.shape.slice(at, at + 1), x.shape.slice(at + 1)]
  const wanted = aval([...front, ...indices.shape, ...behind], x.dtype)
  if (printAval(wanted) !== printAval(updates.aval)) {
    throw new ShapeError({
      op: 'scatterSet',
      expected: `updates must be ${printAval(wanted)}: x with the indices' shape in place of axis ${at}.`,
      received: `x ${printAval(x.aval)}, indices ${printAval(indices.aval)}, updates ${printAval(updates.aval)}`,
      todo: 'reshape or broadcast the updates',
    })
  }
  if (indices.size === 0) return x
  const last = bind1(lastUpdatePrimitive, [reshape(indices, [indices.size])], { length: n })
  const rows = take(reshape(updates, [...front, indices.size, ...behind]), maximum(last, 0), at)
  return where(broadcastTo(reshape(greaterEqual(last, 0), [n, ...behind.map(() => 1)]), x.shape), rows, x)
}
