/*
 * takeAlongAxis and scatterAddAlongAxis, each the other's transpose: every row along an axis has indices of its own.
 * Letters: x primal, i indices, u updates, ct cotangent; tensors are seen as [outer, n, inner] around the axis.
 */
import { aval, printAval, type Shape, sameShape, sizeOf } from '../aval.js'
import { ShapeError } from '../errors.js'
import type { Tensor } from '../tensor.js'
import { bind1 } from '../trace/bind.js'
import { add, mul } from './arithmetic.js'
import { axisLength, normalAxis } from './axes.js'
import { broadcastTo, reshape, zeros } from './broadcast.js'
import { checkKind } from './elementwise.js'
import { type AxisAttrs, checkIndices, checkIndicesDType, scatterAdd, take } from './indexing.js'
import { dataAttrs, definePrimitive, notLinear, type Primitive, zeroTangent } from './primitive.js'
import { iota } from './sequence.js'

const around = (shape: Shape, axis: number) => ({
  outer: sizeOf(shape.slice(0, axis)),
  n: axisLength(shape, axis),
  inner: sizeOf(shape.slice(axis + 1)),
})

/** Calls `visit(p, place)` for each index p, with the place in the flat x that it names. */
const eachPlace = (
  x: Shape,
  indices: { readonly data: ArrayLike<number>; readonly shape: Shape },
  axis: number,
  visit: (p: number, place: number) => void,
): void => {
  const { outer, n, inner } = around(x, axis)
  const m = axisLength(indices.shape, axis)
  for (let o = 0, p = 0; o < outer; o++) {
    for (let j = 0; j < m; j++) {
      for (let k = 0; k < inner; k++, p++) visit(p, (o * n + (indices.data[p] ?? 0)) * inner + k)
    }
  }
}

/** Places in the flat x: (o n + i) inner + k. */
const flatPlaces = (x: Shape, indices: Tensor, axis: number): Tensor => {
  const { outer, n, inner } = around(x, axis)
  const rows = reshape(mul(iota(outer), n), [outer, 1, 1])
  const columns = reshape(iota(inner), [1, 1, inner])
  const rank3 = reshape(indices, [outer, axisLength(indices.shape, axis), inner])
  return reshape(add(mul(add(rank3, rows), inner), columns), [indices.size])
}

/** All operands with the batch axis in front. */
const eachMapped = (xs: readonly Tensor[], mapped: readonly boolean[], size: number): readonly Tensor[] =>
  xs.map((x, at) => (mapped[at] ? x : broadcastTo(x, [size, ...x.shape])))

export const takeAlongAxisPrimitive: Primitive<AxisAttrs> = definePrimitive({
  name: 'takeAlongAxis',
  arity: 2,
  attrs: dataAttrs<AxisAttrs>('axis'),
  abstractEval: ([x, i]) => aval(i.shape, x.dtype),
  evaluate: ([x, i], { axis }, [y]) => {
    checkIndices('takeAlongAxis', i, axisLength(x.shape, axis))
    eachPlace(x.shape, i, axis, (p, place) => {
      y.data[p] = x.data[place] ?? 0
    })
  },
  jvp: [(dx, [_, i], _y, attrs) => bind1(takeAlongAxisPrimitive, [dx, i], attrs), zeroTangent],
  transpose: [
    (ct, [x, i], attrs) => bind1(scatterAddAlongAxisPrimitive, [zeros(x.shape, ct.dtype), i, ct], attrs),
    notLinear,
  ],
  batch: (operands, mapped, { axis }, size) =>
    bind1(takeAlongAxisPrimitive, eachMapped(operands, mapped, size), { axis: axis + 1 }),
  decompose: ([x, i], { axis }) => reshape(take(reshape(x, [x.size]), flatPlaces(x.shape, i, axis)), i.shape),
  properties: { flops: () => 0 },
})

export const scatterAddAlongAxisPrimitive: Primitive<AxisAttrs> = definePrimitive({
  name: 'scatterAddAlongAxis',
  arity: 3,
  attrs: dataAttrs<AxisAttrs>('axis'),
  abstractEval: ([x]) => x,
  evaluate: ([x, i, u], { axis }, [y]) => {
    checkIndices('scatterAddAlongAxis', i, axisLength(x.shape, axis))
    const total = Float64Array.from(x.data) // sums in f64, rounded once
    eachPlace(x.shape, i, axis, (p, place) => {
      total[place] = (total[place] ?? 0) + (u.data[p] ?? 0)
    })
    y.data.set(total)
  },
  jvp: [
    (dx) => dx,
    zeroTangent,
    (du, [x, i], _, attrs) => bind1(scatterAddAlongAxisPrimitive, [zeros(x.shape, du.dtype), i, du], attrs),
  ],
  transpose: [(ct) => ct, notLinear, (ct, [_, i], attrs) => bind1(takeAlongAxisPrimitive, [ct, i], attrs)],
  batch: (operands, mapped, { axis }, size) =>
    bind1(scatterAddAlongAxisPrimitive, eachMapped(operands, mapped, size), { axis: axis + 1 }),
  decompose: ([x, i, u], { axis }) =>
    reshape(scatterAdd(reshape(x, [x.size]), flatPlaces(x.shape, i, axis), reshape(u, [u.size])), x.shape),
  properties: { flops: ([, , u]) => (u === undefined ? 0 : sizeOf(u.shape)) },
})

/** The shape with another length of one axis. */
const withLength = (shape: Shape, axis: number, length: number): number[] =>
  shape.map((n, at) => (at === axis ? length : n))

/**
 * Entries of x along an axis, each row by indices of its own: y_(..., j, ...) = x_(..., i_(..., j, ...), ...).
 * Shape: x [...a, n, ...b], indices [...a, m, ...b] -> [...a, m, ...b]; of the other axes, those of length 1 are
 * repeated, in x and in the indices. `take` picks the same entries of all rows.
 *
 * @param indices i32, each from 0 to n - 1; checked as those of `take`
 * @param axis the last by default
 * @throws ShapeError, IndexError, DTypeError, AxisError
 * @see torch.gather, torch.take_along_dim, numpy.take_along_axis
 * @example takeAlongAxis(array([[1, 2], [3, 4]]), array([[1], [0]], 'i32')) // => [[2], [3]]
 */
export const takeAlongAxis = (x: Tensor, indices: Tensor, axis = -1): Tensor => {
  checkKind('takeAlongAxis', 'any', x)
  checkIndicesDType('takeAlongAxis', x, indices)
  const at = normalAxis('takeAlongAxis', x.aval, axis)
  const common = x.shape.map((n, i) => (n === 1 ? (indices.shape[i] ?? 1) : n))
  const [n, m] = [axisLength(x.shape, at), indices.shape[at] ?? 1]
  const fits =
    indices.rank === x.rank && common.every((c, i) => i === at || indices.shape[i] === c || indices.shape[i] === 1)
  if (!fits) {
    throw new ShapeError({
      op: 'takeAlongAxis',
      expected: `x and indices must have the same axes, but for the length of axis ${at}; those of length 1 are repeated.`,
      received: `x ${printAval(x.aval)}, indices ${printAval(indices.aval)}`,
      todo: 'take(x, indices, axis) picks the same entries of all rows',
    })
  }
  const operands = [broadcastTo(x, withLength(common, at, n)), broadcastTo(indices, withLength(common, at, m))]
  return bind1(takeAlongAxisPrimitive, operands, { axis: at })
}

/**
 * x with updates added along an axis, each row at indices of its own; equal indices of a row add up:
 * y_(..., i_(..., j, ...), ...) += u_(..., j, ...). It is the transpose of `takeAlongAxis`.
 * Shape: x [...a, n, ...b], indices and updates [...a, m, ...b] -> [...a, n, ...b].
 *
 * @param indices i32, each from 0 to n - 1; checked as those of `take`
 * @param axis the last by default
 * @throws ShapeError, IndexError, DTypeError, AxisError
 * @see torch.scatter_add
 * @example scatterAddAlongAxis(zeros([2, 2]), array([[1], [0]], 'i32'), array([[5], [6]])) // => [[0, 5], [6, 0]]
 */
export const scatterAddAlongAxis = (x: Tensor, indices: Tensor, updates: Tensor, axis = -1): Tensor => {
  checkKind('scatterAddAlongAxis', 'numeric', x)
  checkIndicesDType('scatterAddAlongAxis', x, indices)
  const at = normalAxis('scatterAddAlongAxis', x.aval, axis)
  const wanted = aval(withLength(x.shape, at, indices.shape[at] ?? 1), x.dtype)
  if (printAval(wanted) !== printAval(updates.aval) || !sameShape(indices.shape, wanted.shape)) {
    throw new ShapeError({
      op: 'scatterAddAlongAxis',
      expected: `indices and updates must have the shape of x, but for the length of axis ${at}; updates its dtype.`,
      received: `x ${printAval(x.aval)}, indices ${printAval(indices.aval)}, updates ${printAval(updates.aval)}`,
      todo: 'broadcast the indices or the updates, or slice x',
    })
  }
  return bind1(scatterAddAlongAxisPrimitive, [x, indices, updates], { axis: at })
}
