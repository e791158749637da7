/* Parts of tensors along axes: slice with pad, concat, iota. Letters: x primal, dx tangent, ct cotangent. */
import { aval, type DType, printAval, type Shape, sameShape, sizeOf, stridesOf } from '../aval.js'
import { DTypeError, ShapeError } from '../errors.js'
import type { Tensor } from '../tensor.js'
import { bind1 } from '../trace/bind.js'
import { axisLength, checkLengths, normalAxis } from './axes.js'
import { broadcastTo, expandDims, zerosLike } from './broadcast.js'
import { dataAttrs, definePrimitive, notDifferentiable, notLinear, type Primitive } from './primitive.js'
import { eachIndex } from './strided.js'

// ---------------------------------------------------------------- slice and pad, each the other's transpose

export interface SliceAttrs {
  readonly starts: readonly number[]
  readonly limits: readonly number[]
  readonly strides: readonly number[]
}

const dot = (a: readonly number[], b: readonly number[]): number =>
  a.reduce((total, x, i) => total + x * (b[i] ?? 0), 0)

export const slicePrimitive = definePrimitive({
  name: 'slice',
  arity: 1,
  attrs: dataAttrs<SliceAttrs>('starts', 'limits', 'strides'),
  abstractEval: ([x], { starts, limits, strides }) =>
    aval(
      starts.map((start, i) => Math.max(0, Math.ceil(((limits[i] ?? 0) - start) / (strides[i] ?? 1)))),
      x.dtype,
    ),
  evaluate: ([x], { starts, strides }, [y]) => {
    const steps = stridesOf(x.shape)
    const first = dot(starts, steps)
    eachIndex(
      y.shape,
      steps.map((step, i) => step * (strides[i] ?? 1)),
      (to, at) => {
        y.data[to] = x.data[first + at] ?? 0
      },
    )
  },
  jvp: [(dx, _x, _y, { starts, limits, strides }) => slice(dx, starts, limits, strides)],
  transpose: [
    (ct, [x], { starts, strides }) => {
      const spans = ct.shape.map((n, i) => (n === 0 ? 0 : (n - 1) * (strides[i] ?? 1) + 1))
      return pad(
        ct,
        starts,
        x.shape.map((n, i) => n - (starts[i] ?? 0) - (spans[i] ?? 0)),
        strides.map((step) => step - 1),
      )
    },
  ],
  batch: ([x], _, { starts, limits, strides }, size) => slice(x, [0, ...starts], [size, ...limits], [1, ...strides]),
  properties: { flops: () => 0 },
})

/**
 * Elements `starts[i], starts[i] + strides[i], ... < limits[i]` along each axis i.
 *
 * @throws ShapeError unless 0 <= start <= limit <= length and stride >= 1, for every axis
 * @example slice(array([1, 2, 3, 4]), [1], [4], [2]) // => [2, 4]
 */
export const slice = (
  x: Tensor,
  starts: readonly number[],
  limits: readonly number[],
  strides: readonly number[] = starts.map(() => 1),
): Tensor => {
  const fits = (n: number, i: number): boolean => {
    const [start, limit, step] = [starts[i], limits[i], strides[i]]
    if (start === undefined || limit === undefined || step === undefined) return false
    return [start, limit, step].every(Number.isInteger) && start >= 0 && start <= limit && limit <= n && step >= 1
  }
  if (starts.length !== x.rank || limits.length !== x.rank || strides.length !== x.rank || !x.shape.every(fits)) {
    throw new ShapeError({
      op: 'slice',
      expected: 'every axis needs 0 <= start <= limit <= length and a stride of at least 1.',
      received: `x ${printAval(x.aval)}, starts [${starts.join(',')}], limits [${limits.join(',')}], strides [${strides.join(',')}]`,
      todo: 'check the bounds of each axis',
    })
  }
  const whole = x.shape.every((n, i) => starts[i] === 0 && limits[i] === n && strides[i] === 1)
  return whole ? x : bind1(slicePrimitive, [x], { starts: [...starts], limits: [...limits], strides: [...strides] })
}

export interface PadAttrs {
  readonly low: readonly number[]
  readonly high: readonly number[]
  readonly interior: readonly number[]
}

export const padPrimitive = definePrimitive({
  name: 'pad',
  arity: 1,
  attrs: dataAttrs<PadAttrs>('low', 'high', 'interior'),
  abstractEval: ([x], { low, high, interior }) =>
    aval(
      x.shape.map((n, i) => (low[i] ?? 0) + n + Math.max(0, n - 1) * (interior[i] ?? 0) + (high[i] ?? 0)),
      x.dtype,
    ),
  evaluate: ([x], { low, interior }, [y]) => {
    const steps = stridesOf(y.shape)
    const first = dot(low, steps)
    y.data.fill(0)
    eachIndex(
      x.shape,
      steps.map((step, i) => step * ((interior[i] ?? 0) + 1)),
      (from, at) => {
        y.data[first + at] = x.data[from] ?? 0
      },
    )
  },
  jvp: [(dx, _x, _y, { low, high, interior }) => pad(dx, low, high, interior)],
  transpose: [
    (ct, [x], { low, interior }) =>
      slice(
        ct,
        low,
        x.shape.map((n, i) => (low[i] ?? 0) + (n === 0 ? 0 : (n - 1) * ((interior[i] ?? 0) + 1) + 1)),
        interior.map((gap) => gap + 1),
      ),
  ],
  batch: ([x], _, { low, high, interior }) => pad(x, [0, ...low], [0, ...high], [0, ...interior]),
  properties: { flops: () => 0 },
})

/**
 * Zeros around a tensor: `low[i]` in front of axis i, `high[i]` behind it, `interior[i]` between neighbours.
 *
 * @throws ShapeError unless there is a whole number >= 0 for each axis
 * @example pad(array([1, 2]), [1], [0], [1]) // => [0, 1, 0, 2]
 */
export const pad = (
  x: Tensor,
  low: readonly number[],
  high: readonly number[],
  interior: readonly number[] = low.map(() => 0),
): Tensor => {
  const all = [low, high, interior]
  if (!all.every((list) => list.length === x.rank && list.every((n) => Number.isInteger(n) && n >= 0))) {
    throw new ShapeError({
      op: 'pad',
      expected: 'low, high and interior need a whole number >= 0 for each axis.',
      received: `x ${printAval(x.aval)}, low [${low.join(',')}], high [${high.join(',')}], interior [${interior.join(',')}]`,
      todo: 'use slice to cut',
    })
  }
  const nothing = all.every((list) => list.every((n) => n === 0))
  return nothing ? x : bind1(padPrimitive, [x], { low: [...low], high: [...high], interior: [...interior] })
}

// ---------------------------------------------------------------- concat

export const concatPrimitive: Primitive<{ readonly axis: number }> = definePrimitive({
  name: 'concat',
  arity: 'variadic',
  attrs: dataAttrs<{ readonly axis: number }>('axis'),
  abstractEval: (xs, { axis }) => {
    const [first] = xs
    if (first === undefined) throw new Error('concat of nothing')
    const length = xs.reduce((total, x) => total + axisLength(x.shape, axis), 0)
    return aval(
      first.shape.map((n, i) => (i === axis ? length : n)),
      first.dtype,
    )
  },
  evaluate: (xs, { axis }, [y]) => {
    const outer = sizeOf(y.shape.slice(0, axis))
    const row = sizeOf(y.shape.slice(axis))
    let offset = 0
    for (const x of xs) {
      const part = sizeOf(x.shape.slice(axis))
      for (let i = 0; i < outer; i++) y.data.set(x.data.subarray(i * part, (i + 1) * part), i * row + offset)
      offset += part
    }
  },
  jvp: {
    kind: 'joint',
    apply: (primals, tangents, { axis }) => ({
      primals: [bind1(concatPrimitive, primals, { axis })],
      tangents: tangents.every((t) => t === null)
        ? [null]
        : [
            concat(
              tangents.flatMap((t, i) => t ?? primals.slice(i, i + 1).map(zerosLike)),
              axis,
            ),
          ],
    }),
  },
  transpose: {
    every: (ct, xs, { axis }, index) => {
      const start = xs.slice(0, index).reduce((total, x) => total + axisLength(x.shape, axis), 0)
      const length = axisLength(xs[index]?.shape ?? [], axis)
      return slice(
        ct,
        ct.shape.map((_, i) => (i === axis ? start : 0)),
        ct.shape.map((n, i) => (i === axis ? start + length : n)),
      )
    },
  },
  batch: (xs, mapped, { axis }, size) =>
    concat(
      xs.map((x, i) => (mapped[i] ? x : broadcastTo(x, [size, ...x.shape]))),
      axis + 1,
    ),
  properties: { flops: () => 0 },
})

const printAvals = (xs: readonly Tensor[]): string => xs.map((x) => printAval(x.aval)).join(', ')

const firstOf = (op: string, [first]: readonly Tensor[]): Tensor => {
  if (first !== undefined) return first
  throw new ShapeError({
    op,
    expected: 'there must be at least one tensor.',
    received: 'xs []',
    todo: 'leave the call out for an empty list',
  })
}

/**
 * Tensors one behind the other along an axis.
 *
 * @throws ShapeError unless they agree in every other axis; DTypeError unless in dtype
 * @example concat([array([1]), array([2, 3])]) // => [1, 2, 3]
 */
export const concat = (xs: readonly Tensor[], axis = 0): Tensor => {
  const first = firstOf('concat', xs)
  const at = normalAxis('concat', first.aval, axis)
  const rest = (shape: Shape): number[] => shape.map((n, i) => (i === at ? 0 : n))
  const wrong = xs.find((x) => x.rank !== first.rank || !sameShape(rest(x.shape), rest(first.shape)))
  if (wrong !== undefined) {
    throw new ShapeError({
      op: 'concat',
      expected: `all tensors must have the same shape, but for axis ${at}.`,
      received: `xs ${printAvals(xs)}`,
      todo: 'reshape or pad the ones that differ',
    })
  }
  if (xs.some((x) => x.dtype !== first.dtype)) {
    throw new DTypeError({
      op: 'concat',
      expected: 'all tensors must have the same dtype.',
      received: `xs ${printAvals(xs)}`,
      todo: 'cast them to one dtype',
    })
  }
  return xs.length === 1 ? first : bind1(concatPrimitive, xs, { axis: at })
}

/**
 * Tensors of one shape along a new axis.
 *
 * @throws ShapeError unless they have the same shape; DTypeError unless the same dtype; AxisError
 * @example stack([array([1, 2]), array([3, 4])]).shape // => [2, 2]
 */
export const stack = (xs: readonly Tensor[], axis = 0): Tensor => {
  const first = firstOf('stack', xs)
  if (!xs.every((x) => sameShape(x.shape, first.shape))) {
    throw new ShapeError({
      op: 'stack',
      expected: 'all tensors must have the same shape.',
      received: `xs ${printAvals(xs)}`,
      todo: 'reshape or pad the ones that differ; concat joins along an axis they have',
    })
  }
  const at = normalAxis('stack', aval([...first.shape, 1], first.dtype), axis)
  return concat(
    xs.map((x) => expandDims(x, at)),
    at,
  )
}

// ---------------------------------------------------------------- iota

export const iotaPrimitive = definePrimitive({
  name: 'iota',
  arity: 'variadic',
  attrs: dataAttrs<{ readonly length: number; readonly dtype: DType }>('length', 'dtype'),
  abstractEval: (_, { length, dtype }) => aval([length], dtype),
  evaluate: (_, { length }, [y]) => {
    for (let i = 0; i < length; i++) y.data[i] = i
  },
  jvp: notDifferentiable('it has no operands'),
  transpose: notLinear,
  batch: notDifferentiable('it has no operands'),
  properties: { flops: () => 0 },
})

/**
 * `0, 1, ..., length - 1`
 *
 * @throws ShapeError unless the length is a whole number from 0 on
 * @example iota(3) // => [0, 1, 2]
 */
export const iota = (length: number, dtype: DType = 'i32'): Tensor => {
  checkLengths('iota', [length], 'length')
  return bind1(iotaPrimitive, [], { length, dtype })
}
