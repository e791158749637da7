/* take and scatterAdd, each the other's transpose. Letters: x primal, i indices, u updates, ct cotangent. */
import { aval, printAval, type Shape, sizeOf } from '../aval.js'
import { DTypeError, IndexError, ShapeError } from '../errors.js'
import type { Tensor } from '../tensor.js'
import { bind1 } from '../trace/bind.js'
import { add, mul } from './arithmetic.js'
import { axisLength, checkLengths, normalAxis } from './axes.js'
import { broadcastTo, expandDims, moveAxis, reshape, transpose, zeros } from './broadcast.js'
import { cast, equal } from './choice.js'
import { dataAttrs, definePrimitive, type HostArray, notLinear, zeroTangent } from './primitive.js'
import { iota } from './sequence.js'

export interface AxisAttrs {
  readonly axis: number
}

const taken = (x: Shape, indices: Shape, axis: number): number[] => [
  ...x.slice(0, axis),
  ...indices,
  ...x.slice(axis + 1),
]

export const checkIndices = (op: string, indices: HostArray, length: number): void => {
  for (const [at, index] of indices.data.entries()) {
    if (index < 0 || index >= length) {
      throw new IndexError({
        op,
        expected: `an index must be from 0 to ${length - 1}.`,
        received: `${index} at place ${at} of indices ${printAval(indices)}`,
        todo: 'check the indices before the call; -1 does not mean the last one',
      })
    }
  }
}

/** Rows of several examples as one table: example e's index i is row `e·length + i`. */
const shifted = (indices: Tensor, length: number): Tensor => {
  const [size] = indices.shape
  const starts = mul(iota(size ?? 0), length)
  return add(indices, reshape(starts, [size ?? 0, ...indices.shape.slice(1).map(() => 1)]))
}

export const takePrimitive = definePrimitive({
  name: 'take',
  arity: 2,
  attrs: dataAttrs<AxisAttrs>('axis'),
  abstractEval: ([x, i], { axis }) => aval(taken(x.shape, i.shape, axis), x.dtype),
  evaluate: ([x, i], { axis }, [y]) => {
    const length = axisLength(x.shape, axis)
    const inner = sizeOf(x.shape.slice(axis + 1))
    const outer = sizeOf(x.shape.slice(0, axis))
    checkIndices('take', i, length)
    const many = i.data.length
    for (let o = 0; o < outer; o++) {
      for (const [at, index] of i.data.entries()) {
        const from = (o * length + index) * inner
        y.data.set(x.data.subarray(from, from + inner), (o * many + at) * inner)
      }
    }
  },
  jvp: [(dx, [_, i], _y, { axis }) => take(dx, i, axis), zeroTangent],
  transpose: [(ct, [x, i], { axis }) => scatterAdd(zeros(x.shape, ct.dtype), i, ct, axis), notLinear],
  batch: ([x, i], [xMapped, iMapped], { axis }, size) => {
    if (!iMapped) return take(x, i, axis + 1)
    if (!xMapped) {
      // the batch axis of the indices lands behind the axes in front of `axis`
      return moveAxis(take(x, i, axis), axis, 0)
    }
    const length = axisLength(x.shape, axis + 1)
    const table = moveAxis(x, axis + 1, 1)
    const rows = reshape(table, [size * length, ...table.shape.slice(2)])
    const found = take(rows, shifted(i, length), 0) // [size, ...indices, ...axes in front of `axis`, ...axes behind]
    const many = i.rank - 1
    const order = [
      0,
      ...axesFrom(1 + many, axis),
      ...axesFrom(1, many),
      ...axesFrom(1 + many + axis, x.rank - 2 - axis),
    ]
    return transpose(found, order)
  },
  properties: { flops: () => 0 },
})

const axesFrom = (start: number, n: number): number[] => Array.from({ length: n }, (_, i) => start + i)

export const checkIndicesDType = (op: string, x: Tensor, indices: Tensor): void => {
  if (indices.dtype !== 'i32') {
    throw new DTypeError({
      op,
      expected: 'indices must have dtype i32.',
      received: `indices ${printAval(indices.aval)} for x ${printAval(x.aval)}`,
      todo: "cast(indices, 'i32')",
    })
  }
}

/**
 * Entries of x along an axis, picked by index: an embedding look-up for axis 0.
 * Shape: x [...a, n, ...b], indices [...i] -> [...a, ...i, ...b].
 *
 * @param indices i32, each from 0 to n - 1; the reference evaluator checks them, other engines may not
 * @throws IndexError, DTypeError, AxisError
 * @example take(array([10, 20, 30]), array([2, 0], 'i32')) // => [30, 10]
 */
export const take = (x: Tensor, indices: Tensor, axis = 0): Tensor => {
  checkIndicesDType('take', x, indices)
  return bind1(takePrimitive, [x, indices], { axis: normalAxis('take', x.aval, axis) })
}

export const scatterAddPrimitive = definePrimitive({
  name: 'scatterAdd',
  arity: 3,
  attrs: dataAttrs<AxisAttrs>('axis'),
  abstractEval: ([x]) => x,
  evaluate: ([x, i, u], { axis }, [y]) => {
    const length = axisLength(x.shape, axis)
    const inner = sizeOf(x.shape.slice(axis + 1))
    const outer = sizeOf(x.shape.slice(0, axis))
    checkIndices('scatterAdd', i, length)
    const many = i.data.length
    const total = Float64Array.from(x.data) // sums in f64, rounded once
    for (let o = 0; o < outer; o++) {
      for (const [at, index] of i.data.entries()) {
        const to = (o * length + index) * inner
        const from = (o * many + at) * inner
        for (let k = 0; k < inner; k++) total[to + k] = (total[to + k] ?? 0) + (u.data[from + k] ?? 0)
      }
    }
    y.data.set(total)
  },
  jvp: [(dx) => dx, zeroTangent, (du, [x, i], _, { axis }) => scatterAdd(zeros(x.shape, du.dtype), i, du, axis)],
  transpose: [(ct) => ct, notLinear, (ct, [_, i], { axis }) => take(ct, i, axis)],
  batch: ([x, i, u], [xMapped, iMapped, uMapped], { axis }, size) => {
    const each = (t: Tensor, mapped: boolean): Tensor => (mapped ? t : broadcastTo(t, [size, ...t.shape]))
    const [xs, is, us] = [each(x, xMapped), each(i, iMapped), each(u, uMapped)]
    const length = axisLength(xs.shape, axis + 1)
    const many = is.rank - 1
    const table = moveAxis(xs, axis + 1, 1)
    const rows = reshape(table, [size * length, ...table.shape.slice(2)])
    // updates [size, ...front, ...indices, ...behind] -> [size, ...indices, ...front, ...behind]
    const order = [
      0,
      ...axesFrom(1 + axis, many),
      ...axesFrom(1, axis),
      ...axesFrom(1 + axis + many, us.rank - 1 - axis - many),
    ]
    const sums = scatterAdd(rows, shifted(is, length), transpose(us, order), 0)
    return moveAxis(reshape(sums, table.shape), 1, axis + 1)
  },
  properties: { flops: ([, , u]) => (u === undefined ? 0 : sizeOf(u.shape)) },
})

/**
 * x with updates added along an axis at the given indices; equal indices add up.
 * Shape: x [...a, n, ...b], indices [...i], updates [...a, ...i, ...b] -> [...a, n, ...b].
 *
 * @throws ShapeError, IndexError, DTypeError, AxisError
 * @example scatterAdd(zeros([3]), array([1, 1], 'i32'), array([5, 6])) // => [0, 11, 0]
 */
export const scatterAdd = (x: Tensor, indices: Tensor, updates: Tensor, axis = 0): Tensor => {
  checkIndicesDType('scatterAdd', x, indices)
  const at = normalAxis('scatterAdd', x.aval, axis)
  const wanted = aval(taken(x.shape, indices.shape, at), x.dtype)
  if (printAval(wanted) !== printAval(updates.aval)) {
    throw new ShapeError({
      op: 'scatterAdd',
      expected: `updates must be ${printAval(wanted)}: x with the indices' shape in place of axis ${at}.`,
      received: `x ${printAval(x.aval)}, indices ${printAval(indices.aval)}, updates ${printAval(updates.aval)}`,
      todo: 'reshape or broadcast the updates',
    })
  }
  return bind1(scatterAddPrimitive, [x, indices, updates], { axis: at })
}

/**
 * Rows with a single 1 at the label: [...i] -> [...i, classes]. A label outside of 0 to classes - 1 gives a row of 0.
 *
 * @param labels i32, or another integer dtype
 * @throws DTypeError for other labels; ShapeError unless classes is a whole number from 0 on
 * @example oneHot(array([2, 0], 'i32'), 3) // => [[0, 0, 1], [1, 0, 0]]
 */
export const oneHot = (labels: Tensor, classes: number, dtype: Tensor['dtype'] = 'f32'): Tensor => {
  checkLengths('oneHot', [classes], 'classes')
  if (labels.dtype !== 'i32' && labels.dtype !== 'u32') {
    throw new DTypeError({
      op: 'oneHot',
      expected: 'labels must have an integer dtype.',
      received: `labels ${printAval(labels.aval)}`,
      todo: "cast(labels, 'i32')",
    })
  }
  return cast(equal(expandDims(labels, -1), iota(classes, labels.dtype)), dtype)
}
