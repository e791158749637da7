/* Axes: reshape, permute, repeat, cut, surround, join; and what has no operands. Most of these emit nothing. */
import { type AttrsOf, range, type Shape, sizeOf } from '@cotangent/core'
import type { Builder } from '../builder.js'
import { broadcastable, inStore, openProduct, padded, whole } from '../materialise.js'
import { heldBack } from '../order.js'
import type { Product } from '../product.js'
import { isFull, normalPermutation, paddedShape, sourceShape, stored, type Value, viewShape } from '../value.js'
import { type Lowering, type Lowerings, lower1 } from './lowering.js'

// ---------------------------------------------------------------- reshape

/** The lengths split where their running product reaches each of the sizes; `null` where it does not. */
const splitBySizes = (shape: Shape, sizes: readonly number[]): Shape[] | null => {
  const parts: number[][] = []
  let at = 0
  for (const [i, size] of sizes.entries()) {
    const part: number[] = []
    let product = 1
    while (at < shape.length && (product < size || i === sizes.length - 1)) {
      const length = shape[at++] ?? 1
      part.push(length)
      product *= length
    }
    if (product !== size) return null
    parts.push(part)
  }
  return parts
}

/** A product under other axes: still a product. */
const reshapedProduct = (product: Product, shape: Shape): Product | null => {
  if (sizeOf(shape) === 0) return null
  const [batch, m, n] = product.axes.map(sizeOf)
  const isOne = product.axes[0].length === 0
  const parts = splitBySizes(shape, [...(isOne ? [] : [batch ?? 1]), m ?? 1, n ?? 1])
  if (parts === null) return null
  const [first = [], second = [], third = []] = parts
  return { ...product, shape, axes: isOne ? [[], first, second] : [first, second, third] }
}

/**
 * Stored lengths for the new shape of a value with repeated axes: both shapes fall into groups of equal size, and a
 * group that is repeated as a whole stays so. `null` where a group is repeated in part.
 */
const reshapedBroadcast = (before: Shape, kept: Shape, after: Shape): Shape | null => {
  const lengths: number[] = []
  let [i, j] = [0, 0]
  while (i < before.length || j < after.length) {
    const [oldAxes, newAxes]: [number[], number[]] = [[], []]
    let [m, n] = [1, 1]
    do {
      if (m <= n && i < before.length) {
        m *= before[i] ?? 1
        oldAxes.push(i++)
      } else {
        n *= after[j] ?? 1
        newAxes.push(j++)
      }
    } while (m !== n && (i < before.length || j < after.length))
    if (oldAxes.every((axis) => kept[axis] === 1)) lengths.push(...newAxes.map(() => 1))
    else if (oldAxes.every((axis) => kept[axis] === before[axis]))
      lengths.push(...newAxes.map((axis) => after[axis] ?? 1))
    else return null
  }
  return lengths
}

const reshapeTo = (builder: Builder, x: Value, shape: Shape): Value => {
  const aval = { shape, dtype: x.aval.dtype }
  if (x.source.kind === 'number') return { ...x, aval }
  const product = openProduct(x)
  const open = product === null ? null : reshapedProduct(product, shape)
  if (open !== null) return { aval, source: open, permutation: null }
  if (!isFull(x) && sizeOf(shape) > 0) {
    const kept = sizeOf(sourceShape(x)) === 1 ? [] : reshapedBroadcast(x.aval.shape, paddedShape(x), shape)
    if (kept !== null) {
      const name = builder.reshaped(broadcastable(builder, x), viewShape(x), kept)
      return stored(name, aval, kept)
    }
  }
  return stored(builder.reshaped(whole(builder, x), x.aval.shape, shape), aval)
}

/** The same tensor, later: equations were shared before, and onnxruntime is told not to. */
const barrier = lower1<AttrsOf<'barrier'>>((x, _, { builder, earlier }) => heldBack(builder, x, earlier()))

const reshape = lower1<AttrsOf<'reshape'>>((x, { shape }, { builder }) => reshapeTo(builder, x, shape))

// ---------------------------------------------------------------- transpose, broadcastTo

const transpose = lower1<AttrsOf<'transpose'>>((x, { permutation }, { builder, result }) => {
  const full = padded(builder, x)
  if (full.source.kind === 'number') return { ...full, aval: result }
  const before = full.permutation ?? range(permutation.length)
  return {
    aval: result,
    source: full.source,
    permutation: normalPermutation(permutation.map((axis) => before[axis] ?? 0)),
  }
})

const broadcastTo = lower1<AttrsOf<'broadcastTo'>>((x, _, { result }) => ({ ...x, aval: result }))

// ---------------------------------------------------------------- slice and pad

/** Cuts in the stored order; a repeated axis stays repeated, shorter. */
const slice = lower1<AttrsOf<'slice'>>((given, { starts, limits, strides }, { builder, result }) => {
  const x = inStore(builder, padded(builder, given))
  const { permutation, source } = x
  const before = x.aval.shape
  const cut = range(before.length).filter((axis) => {
    const whole = starts[axis] === 0 && limits[axis] === before[axis] && strides[axis] === 1
    const repeated = paddedShape(x)[axis] === 1 && result.shape[axis] !== 0
    return !whole && !repeated
  })
  if (cut.length === 0 || sizeOf(source.shape) === 1) return { ...x, aval: result }
  const placeOf = (axis: number): number => permutation?.[axis] ?? axis
  const pick = (list: readonly number[]): string => builder.ints(cut.map((axis) => list[axis] ?? 0))
  const name = builder.node('Slice', [
    source.name,
    pick(starts),
    pick(limits),
    builder.ints(cut.map(placeOf)),
    pick(strides),
  ])
  const shape = source.shape.map((length, place) => {
    const axis = cut.find((candidate) => placeOf(candidate) === place)
    return axis === undefined ? length : (result.shape[axis] ?? 0)
  })
  return { aval: result, source: { kind: 'stored', name, shape, constant: source.constant }, permutation }
})

/** Slice with steps of -1: from the last element to before the first. */
const flip = lower1<AttrsOf<'flip'>>((x, { axes }, { builder, result }) => {
  const each = (n: number): string => builder.ints(axes.map(() => n))
  const name = whole(builder, x)
  return stored(builder.node('Slice', [name, each(-1), each(-(2 ** 31)), builder.ints([...axes]), each(-1)]), result)
})

const padding = (builder: Builder, name: string, low: readonly number[], high: readonly number[]): string =>
  [...low, ...high].every((n) => n === 0) ? name : builder.node('Pad', [name, builder.ints([...low, ...high])])

/** Zeros between neighbours of one axis: [..., n, ...] -> [..., n, 1 + gap, ...] -> [..., n (1 + gap), ...], less the last gap. */
const interleaved = (builder: Builder, name: string, shape: Shape, axis: number, gap: number): [string, Shape] => {
  const n = shape[axis] ?? 0
  const [front, behind] = [shape.slice(0, axis), shape.slice(axis + 1)]
  const apart = builder.reshaped(name, shape, [...front, n, 1, ...behind])
  const zero = [...front, 0, 0, ...behind].map(() => 0)
  const wide = padding(
    builder,
    apart,
    zero,
    zero.map((_, i) => (i === axis + 1 ? gap : 0)),
  )
  const joined = builder.reshaped(wide, [...front, n, 1 + gap, ...behind], [...front, n * (1 + gap), ...behind])
  const length = n * (1 + gap) - gap
  const cut = builder.node('Slice', [joined, builder.ints([0]), builder.ints([length]), builder.ints([axis])])
  return [cut, [...front, length, ...behind]]
}

const pad = lower1<AttrsOf<'pad'>>((x, { low, high, interior }, { builder, result }) => {
  let state: [string, Shape] = [whole(builder, x), x.aval.shape]
  for (const [axis, gap] of interior.entries()) {
    if (gap > 0 && (x.aval.shape[axis] ?? 0) > 1) state = interleaved(builder, ...state, axis, gap)
  }
  return stored(padding(builder, state[0], low, high), result)
})

// ---------------------------------------------------------------- concat, and what has no operands

const concat: Lowering<AttrsOf<'concat'>> = (xs, { axis }, { builder, result }) => {
  const names = xs.map((x) => whole(builder, x))
  return stored(builder.node('Concat', names, { axis: { int: axis } }), result)
}

const iota: Lowering<AttrsOf<'iota'>> = (_, { length, dtype }, { builder, result }) =>
  stored(builder.constant(range(length), [length], dtype), result, result.shape, true)

const constant: Lowering<AttrsOf<'constant'>> = (_, { values, shape, dtype }, { builder, result }) =>
  stored(builder.constant(values, shape, dtype), result, shape, true)

export const shapes: Lowerings<
  'reshape' | 'transpose' | 'broadcastTo' | 'slice' | 'pad' | 'concat' | 'iota' | 'constant' | 'barrier' | 'flip'
> = { reshape, transpose, broadcastTo, slice, pad, concat, iota, constant, barrier, flip }
