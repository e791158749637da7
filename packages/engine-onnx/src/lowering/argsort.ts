/* The order of rows: the largest (or smallest) n of n. */
import { type AttrsOf, sizeOf } from '@cotangent/core'
import type { Builder } from '../builder.js'
import { whole } from '../materialise.js'
import { elementTypes } from '../onnx/model.js'
import { stored, type Value } from '../value.js'
import { type Lowering, lower1 } from './lowering.js'

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

/** Of equal ones, the operator gives the first first. */
export const argsort: Lowering<AttrsOf<'argsort'>> = lower1((x, { axis, descending }, { builder, result }) => {
  const integer = { to: { int: elementTypes.i32 } }
  if (sizeOf(result.shape) === 0) return stored(builder.node('Cast', [whole(builder, x)], integer), result)
  const attributes = { axis: { int: axis }, largest: { int: Number(descending) }, sorted: { int: 1 } }
  const [, order] = builder.nodes('TopK', [comparable(builder, x), builder.ints([result.shape[axis] ?? 0])], {
    attributes,
    results: 2,
  })
  if (order === undefined) throw new Error('unreachable')
  return stored(builder.node('Cast', [order], integer), result)
})
