/* The order of rows: the largest k of a row, and the largest (or smallest) n of n. */
import { type AttrsOf, type Aval, sizeOf } from '@cotangent/core'
import type { Builder } from '../builder.js'
import { whole } from '../materialise.js'
import { elementTypes } from '../onnx/model.js'
import { stored, type Value } from '../value.js'
import { type Lowerings, lower1 } from './lowering.js'

/**
 * The operator has no place for NaN. So floats are compared in f64, where infinity stands for NaN, and a number beyond
 * those of f32 for infinity.
 */
const comparable = (builder: Builder, x: Value): string => {
  const name = whole(builder, x)
  if (x.aval.dtype !== 'f32') return name
  const wide = builder.node('Cast', [name], { to: { int: elementTypes.f64 } })
  const infinity = builder.scalar(Number.POSITIVE_INFINITY, 'f64')
  const finite = builder.node('Min', [wide, builder.scalar(1e300, 'f64')])
  return builder.node('Where', [builder.node('IsNaN', [name]), infinity, finite])
}

interface Ranking {
  readonly axis: number
  readonly largest: boolean
  readonly count: number
}

/** Places of the first `count` in order; of equal ones, the operator gives the first first. */
const ranked = (builder: Builder, x: Value, { axis, largest, count }: Ranking, result: Aval): Value => {
  const attributes = { axis: { int: axis }, largest: { int: Number(largest) }, sorted: { int: 1 } }
  const operands = [comparable(builder, x), builder.ints([count])]
  const [, order] = builder.nodes('TopK', operands, { attributes, results: 2 })
  if (order === undefined) throw new Error('unreachable')
  return stored(builder.node('Cast', [order], integer), result)
}

const integer = { to: { int: elementTypes.i32 } }

const argsort = lower1<AttrsOf<'argsort'>>((x, { axis, descending }, { builder, result }) =>
  sizeOf(result.shape) === 0
    ? stored(builder.node('Cast', [whole(builder, x)], integer), result)
    : ranked(builder, x, { axis, largest: descending, count: result.shape[axis] ?? 0 }, result),
)

const topKIndices = lower1<AttrsOf<'topKIndices'>>((x, { k }, { builder, result }) =>
  ranked(builder, x, { axis: -1, largest: true, count: k }, result),
)

export const ordering: Lowerings<'argsort' | 'topKIndices'> = { argsort, topKIndices }
