/*
 * Reshaping, permuting, and the pair of broadcastTo and reduceSum, each the other's transpose.
 * All of them are linear: the tangent goes through the same operation.
 */
import { aval, dropAxes, printAval, range, type Shape, sameShape, sizeOf, stridesOf } from '../aval.js'
import { AxisError, ShapeError } from '../errors.js'
import { literal, type Tensor } from '../tensor.js'
import { bind1 } from '../trace/bind.js'
import { type Axes, axisLength, checkLengths, normalAxes, normalAxis } from './axes.js'
import { dataAttrs, definePrimitive } from './primitive.js'
import { eachIndex } from './strided.js'

// ---------------------------------------------------------------- reshape

export const reshapePrimitive = definePrimitive({
  name: 'reshape',
  arity: 1,
  attrs: dataAttrs<{ readonly shape: Shape }>('shape'),
  abstractEval: ([x], { shape }) => aval(shape, x.dtype),
  evaluate: ([x], _, [y]) => y.data.set(x.data),
  jvp: [(dx, _x, _y, { shape }) => reshape(dx, shape)],
  transpose: [(ct, [x]) => reshape(ct, x.shape)],
  batch: ([x], _, { shape }, size) => reshape(x, [size, ...shape]),
  properties: { flops: () => 0 },
})

/**
 * The same elements, in row-major order, under another shape. One length may be -1: the rest.
 *
 * @throws ShapeError if the sizes differ
 * @example reshape(array([1, 2, 3, 4]), [2, -1]).shape // => [2, 2]
 */
export const reshape = (x: Tensor, shape: Shape): Tensor => {
  const known = shape.filter((n) => n !== -1)
  const rest = sizeOf(known) === 0 ? 0 : x.size / sizeOf(known)
  const full = shape.map((n) => (n === -1 ? rest : n))
  if (shape.length - known.length > 1 || sizeOf(full) !== x.size || !full.every((n) => Number.isInteger(n) && n >= 0)) {
    throw new ShapeError({
      op: 'reshape',
      expected: 'the new shape must have as many elements as the tensor, and at most one -1.',
      received: `x ${printAval(x.aval)} (${x.size} elements), shape [${shape.join(',')}]`,
      todo: 'check the lengths',
    })
  }
  return sameShape(full, x.shape) ? x : bind1(reshapePrimitive, [x], { shape: full })
}

/**
 * Adds an axis of length 1 in front of `axis` (negative: counted from the end of the result).
 *
 * @example expandDims(array([1, 2]), 1) // => [[1], [2]]
 */
export const expandDims = (x: Tensor, axis: number): Tensor => {
  const at = normalAxis('expandDims', aval([...x.shape, 1], x.dtype), axis)
  return reshape(x, [...x.shape.slice(0, at), 1, ...x.shape.slice(at)])
}

/**
 * Drops axes of length 1: those named, or all.
 *
 * @example squeeze(array([[1, 2]])) // => [1, 2]
 */
export const squeeze = (x: Tensor, axes?: Axes): Tensor => {
  const drop = axes === undefined ? range(x.rank).filter((i) => x.shape[i] === 1) : normalAxes('squeeze', x.aval, axes)
  if (drop.some((axis) => x.shape[axis] !== 1)) {
    throw new ShapeError({
      op: 'squeeze',
      expected: 'only an axis of length 1 can be dropped.',
      received: `axes [${drop.join(',')}] of ${printAval(x.aval)}`,
      todo: 'name other axes, or reduce over them',
    })
  }
  return reshape(x, dropAxes(x.shape, drop))
}

// ---------------------------------------------------------------- transpose

const inverse = (permutation: readonly number[]): number[] =>
  range(permutation.length).map((i) => permutation.indexOf(i))

export const transposePrimitive = definePrimitive({
  name: 'transpose',
  arity: 1,
  attrs: dataAttrs<{ readonly permutation: readonly number[] }>('permutation'),
  abstractEval: ([x], { permutation }) =>
    aval(
      permutation.map((axis) => axisLength(x.shape, axis)),
      x.dtype,
    ),
  evaluate: ([x], { permutation }, [y]) => {
    const strides = stridesOf(x.shape)
    const from = permutation.map((axis) => strides[axis] ?? 0)
    eachIndex(y.shape, from, (to, at) => {
      y.data[to] = x.data[at] ?? 0
    })
  },
  jvp: [(dx, _x, _y, { permutation }) => transpose(dx, permutation)],
  transpose: [(ct, _x, { permutation }) => transpose(ct, inverse(permutation))],
  batch: ([x], _, { permutation }) => transpose(x, [0, ...permutation.map((axis) => axis + 1)]),
  properties: { flops: () => 0 },
})

/**
 * Axes in another order; reversed where no permutation is given. Result axis i is axis `permutation[i]` of x.
 *
 * @throws AxisError if it is no permutation of x's axes
 * @example transpose(array([[1, 2, 3]])).shape // => [3, 1]
 */
export const transpose = (x: Tensor, permutation: readonly number[] = range(x.rank).reverse()): Tensor => {
  const axes = permutation.map((axis) => normalAxis('transpose', x.aval, axis))
  if (axes.length !== x.rank || new Set(axes).size !== x.rank) {
    throw new AxisError({
      op: 'transpose',
      expected: 'the permutation must name each axis once.',
      received: `permutation [${permutation.join(',')}] of x ${printAval(x.aval)}`,
      todo: 'list all axes of the tensor',
    })
  }
  return axes.every((axis, i) => axis === i) ? x : bind1(transposePrimitive, [x], { permutation: axes })
}

/**
 * Moves one axis to another place; the others keep their order.
 *
 * @example moveAxis(zeros([2, 3, 4]), 0, 2).shape // => [3, 4, 2]
 */
export const moveAxis = (x: Tensor, from: number, to: number): Tensor => {
  const [a, b] = [normalAxis('moveAxis', x.aval, from), normalAxis('moveAxis', x.aval, to)]
  const rest = range(x.rank).filter((axis) => axis !== a)
  return transpose(x, [...rest.slice(0, b), a, ...rest.slice(b)])
}

// ---------------------------------------------------------------- broadcastTo and reduceSum

/** The axes along which `from` is repeated to become `to`, in `to`'s numbering. */
const repeatedAxes = (from: Shape, to: Shape): number[] => {
  const lead = to.length - from.length
  return range(to.length).filter((i) => i < lead || (from[i - lead] === 1 && to[i] !== 1))
}

export const broadcastToPrimitive = definePrimitive({
  name: 'broadcastTo',
  arity: 1,
  attrs: dataAttrs<{ readonly shape: Shape }>('shape'),
  abstractEval: ([x], { shape }) => aval(shape, x.dtype),
  evaluate: ([x], { shape }, [y]) => {
    if (x.data.length === 1) {
      y.data.fill(x.data[0] ?? 0)
      return
    }
    const lead = shape.length - x.shape.length
    const strides = stridesOf(x.shape)
    const from = shape.map((_, i) => (i < lead || x.shape[i - lead] === 1 ? 0 : (strides[i - lead] ?? 0)))
    eachIndex(shape, from, (to, at) => {
      y.data[to] = x.data[at] ?? 0
    })
  },
  jvp: [(dx, _x, _y, { shape }) => broadcastTo(dx, shape)],
  transpose: [(ct, [x], { shape }) => reshape(reduceSum(ct, repeatedAxes(x.shape, shape)), x.shape)],
  batch: ([x], _, { shape }, size) => {
    const ones = new Array<number>(shape.length - (x.rank - 1)).fill(1)
    return broadcastTo(reshape(x, [size, ...ones, ...x.shape.slice(1)]), [size, ...shape])
  },
  properties: { flops: () => 0 },
})

/**
 * Repeats axes of length 1, and new leading axes, until the tensor has the shape (NumPy's rule).
 *
 * @throws ShapeError if an axis is neither equal nor 1
 * @example broadcastTo(array([1, 2]), [3, 2]).shape // => [3, 2]
 */
export const broadcastTo = (x: Tensor, shape: Shape): Tensor => {
  if (sameShape(x.shape, shape)) return x
  checkLengths('broadcastTo', shape)
  const lead = shape.length - x.rank
  if (lead < 0 || !x.shape.every((n, i) => n === shape[i + lead] || n === 1)) {
    throw new ShapeError({
      op: 'broadcastTo',
      expected: 'each axis, counted from the last, must be 1 or equal to the new length.',
      received: `x ${printAval(x.aval)}, shape [${shape.join(',')}]`,
      todo: 'add axes of length 1 with expandDims where they are missing',
    })
  }
  return bind1(broadcastToPrimitive, [x], { shape: [...shape] })
}

export const reduceSumPrimitive = definePrimitive({
  name: 'reduceSum',
  arity: 1,
  attrs: dataAttrs<{ readonly axes: readonly number[] }>('axes'),
  abstractEval: ([x], { axes }) => aval(dropAxes(x.shape, axes), x.dtype),
  evaluate: ([x], { axes }, [y]) => {
    const kept = dropAxes(x.shape, axes)
    const keptStrides = stridesOf(kept)
    let next = 0
    const to = x.shape.map((_, i) => (axes.includes(i) ? 0 : (keptStrides[next++] ?? 0)))
    const total = new Float64Array(y.data.length) // sums in f64, rounded once
    eachIndex(x.shape, to, (from, at) => {
      total[at] = (total[at] ?? 0) + (x.data[from] ?? 0)
    })
    y.data.set(total)
  },
  jvp: [(dx, _x, _y, { axes }) => reduceSum(dx, axes)],
  transpose: [
    (ct, [x], { axes }) => {
      const kept = x.shape.map((n, i) => (axes.includes(i) ? 1 : n))
      return broadcastTo(reshape(ct, kept), x.shape)
    },
  ],
  batch: ([x], _, { axes }) =>
    reduceSum(
      x,
      axes.map((axis) => axis + 1),
    ),
  properties: { flops: ([x]) => (x === undefined ? 0 : sizeOf(x.shape)) },
})

/** Sum over exactly these (non-negative) axes; `sum` is the public form. */
export const reduceSum = (x: Tensor, axes: readonly number[]): Tensor =>
  axes.length === 0 ? x : bind1(reduceSumPrimitive, [x], { axes })

const filled = (op: string, shape: Shape, value: number, dtype: Tensor['dtype']): Tensor => {
  checkLengths(op, shape)
  return broadcastTo(literal(value, dtype, op), shape)
}

/**
 * A tensor of one value everywhere; it costs nothing until an engine needs it.
 *
 * @throws ShapeError for a length that is no whole number from 0 on; DTypeError for a value that dtype does not hold
 * @example full([2], 7) // => [7, 7]
 */
export const full = (shape: Shape, value: number, dtype: Tensor['dtype'] = 'f32'): Tensor =>
  filled('full', shape, value, dtype)

/**
 * A tensor of zeros.
 *
 * @example zeros([2]) // => [0, 0]
 */
export const zeros = (shape: Shape, dtype: Tensor['dtype'] = 'f32'): Tensor => filled('zeros', shape, 0, dtype)
/**
 * A tensor of ones.
 *
 * @example ones([2]) // => [1, 1]
 */
export const ones = (shape: Shape, dtype: Tensor['dtype'] = 'f32'): Tensor => filled('ones', shape, 1, dtype)

/**
 * Zeros of a tensor's shape and dtype.
 *
 * @example zerosLike(array([3, 4])) // => [0, 0]
 */
export const zerosLike = (x: Tensor): Tensor => zeros(x.shape, x.dtype)
/**
 * Ones of a tensor's shape and dtype.
 *
 * @example onesLike(array([3, 4])) // => [1, 1]
 */
export const onesLike = (x: Tensor): Tensor => ones(x.shape, x.dtype)
