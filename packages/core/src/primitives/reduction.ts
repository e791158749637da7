/* Extremes over axes, and the public reductions. Letters: x primal, y result, dx tangent. */
import { aval, dropAxes, printAval, type Shape, sizeOf, stridesOf } from '../aval.js'
import { ShapeError } from '../errors.js'
import type { Tensor } from '../tensor.js'
import { bind1 } from '../trace/bind.js'
import { abs, add, div, exp, log, mul, neg, sqrt, sub } from './arithmetic.js'
import { type Axes, axisLength, normalAxes, normalAxis } from './axes.js'
import { broadcastTo, reduceSum, reshape, squeeze, transpose } from './broadcast.js'
import { cast, equal, greater, where } from './choice.js'
import { checkKind, type Kind } from './elementwise.js'
import {
  dataAttrs,
  definePrimitive,
  type NoAttrs,
  noAttrs,
  notLinear,
  type Primitive,
  zeroTangent,
} from './primitive.js'
import { stopGradient } from './stopGradient.js'
import { eachIndex } from './strided.js'

export interface AxesAttrs {
  readonly axes: readonly number[]
}

/** `shape` with the reduced axes kept as length 1. */
const keptShape = (shape: Shape, axes: readonly number[]): number[] => shape.map((n, i) => (axes.includes(i) ? 1 : n))

/** A reduced result, repeated along the axes it was reduced over. */
const spread = (y: Tensor, shape: Shape, axes: readonly number[]): Tensor =>
  broadcastTo(reshape(y, keptShape(shape, axes)), shape)

// ---------------------------------------------------------------- largest

export const reduceMaxPrimitive: Primitive<AxesAttrs> = definePrimitive({
  name: 'reduceMax',
  arity: 1,
  attrs: dataAttrs<AxesAttrs>('axes'),
  abstractEval: ([x], { axes }) => aval(dropAxes(x.shape, axes), x.dtype),
  evaluate: ([x], { axes }, [y]) => {
    const strides = stridesOf(y.shape)
    let next = 0
    const to = x.shape.map((_, i) => (axes.includes(i) ? 0 : (strides[next++] ?? 0)))
    y.data.fill(x.dtype === 'i32' ? -(2 ** 31) : x.dtype === 'u32' || x.dtype === 'bool' ? 0 : Number.NEGATIVE_INFINITY)
    eachIndex(x.shape, to, (from, at) => {
      y.data[at] = Math.max(y.data[at] ?? 0, x.data[from] ?? 0)
    })
  },
  // the derivative is shared evenly among the places that attain the maximum
  jvp: [
    (dx, [x], [y], { axes }) => {
      const attained = cast(equal(x, spread(y, x.shape, axes)), x.dtype)
      return div(reduceSum(mul(dx, attained), axes), reduceSum(attained, axes))
    },
  ],
  transpose: notLinear,
  batch: ([x], _, { axes }) => bind1(reduceMaxPrimitive, [x], { axes: axes.map((axis) => axis + 1) }),
  properties: { flops: ([x]) => (x === undefined ? 0 : sizeOf(x.shape)) },
})

/** What becomes of the reduced axes. */
export interface ReduceOptions {
  /** Keep the reduced axes, with length 1. */
  readonly keepDims?: boolean
}

const finish = (y: Tensor, x: Tensor, axes: readonly number[], options: ReduceOptions): Tensor =>
  options.keepDims === true ? reshape(y, keptShape(x.shape, axes)) : y

const count = (x: Tensor, axes: readonly number[]): number =>
  axes.reduce((product, axis) => product * axisLength(x.shape, axis), 1)

/**
 * Sum over the axes (all by default).
 *
 * @param axes negative ones count from the end
 * @throws AxisError
 * @example sum(array([[1, 2], [3, 4]]), 0) // => [4, 6]
 */
export const sum = (x: Tensor, axes?: Axes, options: ReduceOptions = {}): Tensor => {
  checkKind('sum', 'numeric', x)
  const over = normalAxes('sum', x.aval, axes)
  return finish(reduceSum(x, over), x, over, options)
}

/**
 * Mean over the axes (all by default). The mean of nothing is NaN.
 *
 * @example mean(array([[1, 2], [3, 4]]), 0) // => [2, 3]
 */
export const mean = (x: Tensor, axes?: Axes, options: ReduceOptions = {}): Tensor => {
  checkKind('mean', 'floating', x)
  const over = normalAxes('mean', x.aval, axes)
  return finish(div(reduceSum(x, over), count(x, over)), x, over, options)
}

/**
 * Largest over the axes (all by default); a tie shares the derivative evenly. NaN where there is one.
 *
 * @example max(array([[1, 4], [3, 2]]), 1) // => [4, 3]
 */
export const max = (x: Tensor, axes?: Axes, options: ReduceOptions = {}): Tensor => {
  const over = extremeAxes('max', 'numeric', x, axes)
  return finish(over.length === 0 ? x : bind1(reduceMaxPrimitive, [x], { axes: over }), x, over, options)
}

/** The axes of an extreme value: there is none of nothing. */
const extremeAxes = (op: string, kind: Kind, x: Tensor, axes: Axes | undefined): readonly number[] => {
  checkKind(op, kind, x)
  const over = normalAxes(op, x.aval, axes)
  if (count(x, over) > 0) return over
  throw new ShapeError({
    op,
    expected: 'there must be at least one element to reduce.',
    received: `x ${printAval(x.aval)}, axes [${over.join(',')}]`,
    todo: 'leave empty axes out',
  })
}

/** The same numbers in the opposite order, exactly: -x of floats, -1 - x of whole numbers, which -x would overflow. */
const opposite = (x: Tensor): Tensor =>
  x.dtype === 'i32' ? sub(-1, x) : x.dtype === 'u32' ? sub(2 ** 32 - 1, x) : neg(x)

/**
 * Smallest over the axes (all by default); a tie shares the derivative evenly.
 *
 * @example min(array([[1, 4], [3, 2]]), 1) // => [1, 2]
 */
export const min = (x: Tensor, axes?: Axes, options: ReduceOptions = {}): Tensor =>
  opposite(max(opposite(x), extremeAxes('min', 'numeric', x, axes), options))

/**
 * Standard deviation over the axes (all by default): the root of `variance`. Its derivative at equal elements is NaN.
 *
 * @param options correction: 0 (default) divides by n, 1 by n - 1
 * @example std(array([1, 3])) // => 1
 */
export const std = (x: Tensor, axes?: Axes, options: ReduceOptions & { readonly correction?: number } = {}): Tensor => {
  checkKind('std', 'floating', x)
  return sqrt(variance(x, axes, options))
}

/**
 * Whether any element over the axes (all by default) is true; false of nothing.
 *
 * @param x bool
 * @example any(array([[true, false], [false, false]]), 1) // => [true, false]
 */
export const any = (x: Tensor, axes?: Axes, options: ReduceOptions = {}): Tensor => {
  checkKind('any', 'bool', x)
  return greater(sum(cast(x, 'i32'), axes, options), 0)
}

/**
 * Whether all elements over the axes (all by default) are true; true of nothing.
 *
 * @param x bool
 * @example all(array([[true, false], [true, true]]), 1) // => [false, true]
 */
export const all = (x: Tensor, axes?: Axes, options: ReduceOptions = {}): Tensor => {
  checkKind('all', 'bool', x)
  return equal(sum(cast(x, 'i32'), axes, options), count(x, normalAxes('all', x.aval, axes)))
}

/**
 * Mean squared distance from the mean, over the axes (all by default).
 *
 * @param options correction: 0 (default) divides by n, 1 by n - 1
 * @example variance(array([1, 2, 3])) // => 0.666667
 */
export const variance = (
  x: Tensor,
  axes?: Axes,
  options: ReduceOptions & { readonly correction?: number } = {},
): Tensor => {
  checkKind('variance', 'floating', x)
  const over = normalAxes('variance', x.aval, axes)
  const centred = sub(x, mean(x, over, { keepDims: true }))
  const total = sum(mul(centred, centred), over, options)
  return div(total, count(x, over) - (options.correction ?? 0))
}

// ---------------------------------------------------------------- where the largest is

export const argmaxPrimitive: Primitive<{ readonly axis: number }> = definePrimitive({
  name: 'argmax',
  arity: 1,
  attrs: dataAttrs<{ readonly axis: number }>('axis'),
  abstractEval: ([x], { axis }) => aval(dropAxes(x.shape, [axis]), 'i32'),
  evaluate: ([x], { axis }, [y]) => {
    const length = axisLength(x.shape, axis)
    const inner = sizeOf(x.shape.slice(axis + 1))
    for (let i = 0; i < y.data.length; i++) {
      const start = Math.floor(i / inner) * inner * length + (i % inner)
      let best = 0
      for (let j = 1; j < length; j++) {
        const [a, b] = [x.data[start + j * inner] ?? 0, x.data[start + best * inner] ?? 0]
        if (a > b || (Number.isNaN(a) && !Number.isNaN(b))) best = j
      }
      y.data[i] = best
    }
  },
  jvp: [zeroTangent],
  transpose: notLinear,
  batch: ([x], _, { axis }) => bind1(argmaxPrimitive, [x], { axis: axis + 1 }),
  properties: { flops: ([x]) => (x === undefined ? 0 : sizeOf(x.shape)) },
})

/**
 * Index of the first largest element along an axis (i32); NaN counts as largest.
 *
 * @example argmax(array([1, 3, 2])) // => 1
 */
export const argmax = (x: Tensor, axis = -1): Tensor => {
  checkKind('argmax', 'numeric', x)
  const at = normalAxis('argmax', x.aval, axis)
  if (axisLength(x.shape, at) === 0) {
    throw new ShapeError({
      op: 'argmax',
      expected: 'the axis must have at least one element.',
      received: `x ${printAval(x.aval)}, axis ${at}`,
      todo: 'leave empty axes out',
    })
  }
  return bind1(argmaxPrimitive, [x], { axis: at })
}

/**
 * Place of the smallest element along an axis (the last by default); the first one of a tie.
 *
 * @throws AxisError, DTypeError, ShapeError for an axis without elements
 * @example argmin(array([3, 1, 1])) // => 1
 */
export const argmin = (x: Tensor, axis = -1): Tensor => {
  extremeAxes('argmin', 'numeric', x, axis)
  return argmax(opposite(x), axis)
}

// ---------------------------------------------------------------- the last axis as a distribution, or normalised

const last = (x: Tensor): number => x.rank - 1

/** Softmax works on the last axis; `softmax` moves another one there. */
const rows =
  (f: (row: Float64Array) => void) => (from: ArrayLike<number>, to: { [i: number]: number }, width: number) => {
    const row = new Float64Array(width)
    for (let start = 0; start < from.length; start += width) {
      for (let i = 0; i < width; i++) row[i] = from[start + i] ?? 0
      f(row)
      for (let i = 0; i < width; i++) to[start + i] = row[i] ?? 0
    }
  }

const logSumExpOf = (row: Float64Array): number => {
  let top = Number.NEGATIVE_INFINITY
  for (const x of row) top = Math.max(top, x)
  let total = 0
  for (const x of row) total += Math.exp(x - top)
  return top + Math.log(total)
}

const softmaxRows = rows((row) => {
  let top = Number.NEGATIVE_INFINITY
  for (const x of row) top = Math.max(top, x)
  let total = 0
  for (let i = 0; i < row.length; i++) {
    row[i] = Math.exp((row[i] ?? 0) - top)
    total += row[i] ?? 0
  }
  for (let i = 0; i < row.length; i++) row[i] = (row[i] ?? 0) / total
})

const logSoftmaxRows = rows((row) => {
  const all = logSumExpOf(row)
  for (let i = 0; i < row.length; i++) row[i] = (row[i] ?? 0) - all
})

export const softmaxPrimitive: Primitive<NoAttrs> = definePrimitive({
  name: 'softmax',
  arity: 1,
  attrs: noAttrs,
  abstractEval: ([x]) => x,
  evaluate: ([x], _, [y]) => softmaxRows(x.data, y.data, axisLength(x.shape, x.shape.length - 1)),
  // dy = y (dx - Σ y dx)
  jvp: [(dx, _, [y]) => mul(y, sub(dx, sum(mul(y, dx), -1, { keepDims: true })))],
  transpose: notLinear,
  batch: ([x]) => bind1(softmaxPrimitive, [x], {}),
  decompose: ([x]) => {
    const e = exp(sub(x, max(x, -1, { keepDims: true })))
    return div(e, sum(e, -1, { keepDims: true }))
  },
  properties: { flops: ([x]) => (x === undefined ? 0 : 5 * sizeOf(x.shape)) },
})

export const logSoftmaxPrimitive: Primitive<NoAttrs> = definePrimitive({
  name: 'logSoftmax',
  arity: 1,
  attrs: noAttrs,
  abstractEval: ([x]) => x,
  evaluate: ([x], _, [y]) => logSoftmaxRows(x.data, y.data, axisLength(x.shape, x.shape.length - 1)),
  // dy = dx - Σ e^y dx
  jvp: [(dx, _, [y]) => sub(dx, sum(mul(exp(y), dx), -1, { keepDims: true }))],
  transpose: notLinear,
  batch: ([x]) => bind1(logSoftmaxPrimitive, [x], {}),
  decompose: ([x]) => {
    const shifted = sub(x, max(x, -1, { keepDims: true }))
    return sub(shifted, log(sum(exp(shifted), -1, { keepDims: true })))
  },
  properties: { flops: ([x]) => (x === undefined ? 0 : 5 * sizeOf(x.shape)) },
})

const alongLast = (op: string, f: (x: Tensor) => Tensor, x: Tensor, axis: number): Tensor => {
  checkKind(op, 'floating', x)
  const at = normalAxis(op, x.aval, axis)
  if (x.size === 0) return x // nothing to normalise
  return at === last(x) ? f(x) : swapLast(f(swapLast(x, at)), at)
}

const swapLast = (x: Tensor, axis: number): Tensor => {
  const permutation = x.shape.map((_, i) => (i === axis ? last(x) : i === last(x) ? axis : i))
  return transpose(x, permutation)
}

/**
 * `e^x / Σ e^x` along an axis (the last by default); the largest is subtracted first.
 *
 * @example softmax(array([0, 0])) // => [0.5, 0.5]
 */
export const softmax = (x: Tensor, axis = -1): Tensor =>
  alongLast('softmax', (t) => bind1(softmaxPrimitive, [t], {}), x, axis)

/**
 * `x - log Σ e^x` along an axis (the last by default), finite for any finite x.
 *
 * @example logSoftmax(array([0, 0])) // => [-0.693147, -0.693147]
 */
export const logSoftmax = (x: Tensor, axis = -1): Tensor =>
  alongLast('logSoftmax', (t) => bind1(logSoftmaxPrimitive, [t], {}), x, axis)

/**
 * `log Σ e^x` along an axis (the last by default), without overflow.
 *
 * @example logsumexp(array([0, 0])) // => 0.693147
 */
export const logsumexp = (x: Tensor, axis = -1): Tensor => {
  checkKind('logsumexp', 'floating', x)
  const at = normalAxis('logsumexp', x.aval, axis)
  const top = stopGradient(max(x, extremeAxes('logsumexp', 'floating', x, at), { keepDims: true }))
  const shift = where(equal(abs(top), Number.POSITIVE_INFINITY), 0, top) // rows of -inf give -inf, not NaN
  return add(log(sum(exp(sub(x, shift)), at)), squeeze(shift, at))
}
