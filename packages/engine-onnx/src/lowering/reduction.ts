/* Sums and extremes over axes. */
import { type AttrsOf, type Aval, type NoAttrs, range, type Shape } from '@cotangent/core'
import type { Builder } from '../builder.js'
import { inStore, padded, type StoredValue, whole } from '../materialise.js'
import { elementTypes } from '../onnx/model.js'
import { normalPermutation, paddedShape, stored, type Value } from '../value.js'
import { elementwise, formula } from './elementwise.js'
import { type Lowerings, lower1 } from './lowering.js'

/** Reduces axes of the value that are there in the store, in the stored order; one of length 1 is only dropped. */
const reduced = (builder: Builder, op: string, x: StoredValue, axes: readonly number[], result: Aval): Value => {
  const { source, permutation } = x
  const rank = x.aval.shape.length
  const order = permutation ?? range(rank)
  const gone = axes.map((axis) => order[axis] ?? 0)
  const long = gone.filter((place) => source.shape[place] !== 1).sort((a, b) => a - b)
  const name =
    long.length === 0 ? source.name : builder.node(op, [source.name, builder.ints(long)], { keepdims: { int: 0 } })
  const left = source.shape.filter((_, place) => !long.includes(place))
  const kept = range(rank).filter((place) => !gone.includes(place))
  const shape: Shape = kept.map((place) => source.shape[place] ?? 1)
  const places = order.filter((place) => !gone.includes(place)).map((place) => kept.indexOf(place))
  return {
    aval: result,
    source: { kind: 'stored', name: builder.reshaped(name, left, shape), shape, constant: false },
    permutation: normalPermutation(places),
  }
}

const castTo = (builder: Builder, x: StoredValue, type: keyof typeof elementTypes): StoredValue => ({
  ...x,
  source: { ...x.source, name: builder.node('Cast', [x.source.name], { to: { int: elementTypes[type] } }) },
})

/** The operator's sum of i32 stops at the ends of the range; here it goes round, as every i32 sum does. */
const wrappedSum = (builder: Builder, x: StoredValue, axes: readonly number[], result: Aval): Value =>
  castTo(builder, inStore(builder, reduced(builder, 'ReduceSum', castTo(builder, x, 'i64'), axes, result)), 'i32')

/** A sum over a repeated axis is a product with its length. */
const reduceSum = lower1<AttrsOf<'reduceSum'>>((given, { axes }, { builder, result }) => {
  const x = inStore(builder, padded(builder, inStore(builder, given)))
  const lengths = paddedShape(x)
  const repeats = axes
    .filter((axis) => lengths[axis] === 1)
    .reduce((product, axis) => product * (x.aval.shape[axis] ?? 1), 1)
  const total =
    result.dtype === 'i32' ? wrappedSum(builder, x, axes, result) : reduced(builder, 'ReduceSum', x, axes, result)
  const { apply } = formula(builder, result)
  return repeats === 1 ? total : apply('Mul', total, repeats)
})

/**
 * The operator loses a NaN that is not the first element, so floats are looked through for one: the largest of
 * isNaN(x), one byte an element.
 */
const reduceMax = lower1<AttrsOf<'reduceMax'>>((given, { axes }, { builder, result }) => {
  const x = inStore(builder, padded(builder, inStore(builder, given)))
  const largest = reduced(builder, 'ReduceMax', x, axes, result)
  if (result.dtype !== 'f32' && result.dtype !== 'f64') return largest
  const flags = inStore(builder, elementwise(builder, 'IsNaN', [x], { ...x.aval, dtype: 'bool' }))
  const lost = reduced(builder, 'ReduceMax', flags, axes, { ...result, dtype: 'bool' })
  const { apply } = formula(builder, result)
  return apply('Where', lost, Number.NaN, largest)
})

const firstLargest = (builder: Builder, name: string, axis: number, keep: boolean): string =>
  builder.node('ArgMax', [name], { axis: { int: axis }, keepdims: { int: Number(keep) } })

/** The operator passes over NaN; here the first NaN wins, as the largest of isNaN(x) where there is one. */
const argmax = lower1<AttrsOf<'argmax'>>((x, { axis }, { builder, result }) => {
  const name = whole(builder, x)
  const integer = (index: string): Value =>
    stored(builder.node('Cast', [index], { to: { int: elementTypes.i32 } }), result)
  const index = integer(firstLargest(builder, name, axis, false))
  if (x.aval.dtype !== 'f32' && x.aval.dtype !== 'f64') return index
  const flags = builder.node('IsNaN', [name])
  const bytes = builder.node('Cast', [flags], { to: { int: elementTypes.i32 } })
  const nan = integer(firstLargest(builder, bytes, axis, false))
  const lost = builder.node('ReduceMax', [flags, builder.ints([axis])], { keepdims: { int: 0 } })
  return elementwise(builder, 'Where', [stored(lost, { ...result, dtype: 'bool' }), nan, index], result)
})

const softmax = lower1<NoAttrs>((x, _, { builder, result }) =>
  stored(builder.node('Softmax', [whole(builder, x)], { axis: { int: -1 } }), result),
)

/** The operator for f64 gives -inf beside +inf, where all of the row is NaN: so that one is written out. */
const logSoftmax = lower1<NoAttrs>((x, _, { builder, result }) => {
  if (result.dtype === 'f32')
    return stored(builder.node('LogSoftmax', [whole(builder, x)], { axis: { int: -1 } }), result)
  const edge = { ...result, shape: [...result.shape.slice(0, -1), 1] }
  const along = (op: string, value: Value): Value =>
    stored(builder.node(op, [whole(builder, value), builder.ints([-1])], { keepdims: { int: 1 } }), edge)
  const { apply } = formula(builder, result)
  const shifted = apply('Sub', x, along('ReduceMax', x))
  const total = along('ReduceSum', apply('Exp', shifted))
  return apply('Sub', shifted, formula(builder, edge).apply('Log', total))
})

/**
 * `(x - mean) / sqrt(variance + eps)` and `1 / sqrt(variance + eps)`. LayerNormalization takes the variance as the mean
 * square less the square of the mean, which cancels where the mean is large; so the mean is subtracted before.
 */
const standardize = lower1<AttrsOf<'standardize'>>((x, { eps }, { builder, results, result }) => {
  const [, scales] = results
  if (scales === undefined) throw new Error('standardize has two results')
  const width = result.shape[result.shape.length - 1] ?? 1
  const last = builder.ints([-1])
  const meanOf = (value: Value): Value => stored(builder.node('ReduceMean', [whole(builder, value), last]), scales)
  const { apply } = formula(builder, result)
  const centred = apply('Sub', x, meanOf(x))
  if (result.dtype === 'f32') {
    const ones = builder.constant(new Float32Array(width).fill(1), [width], 'f32')
    const [y = '', , r = ''] = builder.nodes('LayerNormalization', [whole(builder, centred), ones], {
      attributes: { axis: { int: -1 }, epsilon: { float: eps } },
      results: 3,
    })
    return [stored(y, result), stored(r, scales)]
  }
  const small = formula(builder, scales)
  const variance = meanOf(apply('Mul', centred, centred))
  const r = small.apply('Reciprocal', small.apply('Sqrt', small.apply('Add', variance, eps)))
  return [apply('Mul', centred, r), r]
})

export const reduction: Lowerings<'reduceSum' | 'reduceMax' | 'argmax'> = { reduceSum, reduceMax, argmax }

const cumsum = lower1<AttrsOf<'cumsum'>>((x, { axis, reverse }, { builder, result }) =>
  stored(
    builder.node('CumSum', [whole(builder, x), builder.constant(new Int32Array([axis]), [], 'i32')], {
      reverse: { int: Number(reverse) },
    }),
    result,
  ),
)

export const normalisation: Lowerings<'softmax' | 'logSoftmax' | 'standardize' | 'cumsum'> = {
  cumsum,
  softmax,
  logSoftmax,
  standardize,
}
