/* Entries picked by index, and the sum the other way. */
import { type AttrsOf, range, sizeOf } from '@cotangent/core'
import type { Builder } from '../builder.js'
import { whole } from '../materialise.js'
import { stored, type Value } from '../value.js'
import { type Lowering, type Lowerings, lower1, lower2, lower3 } from './lowering.js'

/** Larger than any axis: the operators answer it with an error. */
const outside = 2 ** 31 - 1

/**
 * The operators take -1 for the last entry; here a negative index is an error, as one beyond the end is. Of constants,
 * onnxruntime computes this when it loads the program.
 */
const checked = (builder: Builder, indices: Value): string => {
  const name = whole(builder, indices)
  const negative = builder.shared('Less', [name, builder.scalar(0, 'i32')])
  return builder.shared('Where', [negative, builder.scalar(outside, 'i32'), name])
}

const take = lower2<AttrsOf<'take'>>((x, indices, { axis }, { builder, result }) =>
  stored(builder.node('Gather', [whole(builder, x), checked(builder, indices)], { axis: { int: axis } }), result),
)

/**
 * ScatterElements, with the indices repeated along the other axes. (ScatterND with reduction add loses updates where
 * indices repeat and there is more than one thread.)
 */
const scatterAdd = lower3<AttrsOf<'scatterAdd'>>((x, indices, updates, { axis }, { builder, result }) => {
  const many = sizeOf(indices.aval.shape)
  const [front, behind] = [result.shape.slice(0, axis), result.shape.slice(axis + 1)]
  const shape = [...front, many, ...behind]
  const thin = [...front.map(() => 1), many, ...behind.map(() => 1)]
  const rows = builder.reshaped(checked(builder, indices), indices.aval.shape, thin)
  const places = builder.shared('Expand', [rows, builder.ints(shape)])
  const amounts = builder.reshaped(whole(builder, updates), updates.aval.shape, shape)
  const name = builder.node('ScatterElements', [whole(builder, x), places, amounts], {
    axis: { int: axis },
    reduction: { text: 'add' },
  })
  return stored(name, result)
})

const takeAlongAxis = lower2<AttrsOf<'takeAlongAxis'>>((x, indices, { axis }, { builder, result }) => {
  const operands = [whole(builder, x), checked(builder, indices)]
  return stored(builder.node('GatherElements', operands, { axis: { int: axis } }), result)
})

const scatterAddAlongAxis = lower3<AttrsOf<'scatterAddAlongAxis'>>(
  (x, indices, updates, { axis }, { builder, result }) => {
    const operands = [whole(builder, x), checked(builder, indices), whole(builder, updates)]
    const attributes = { axis: { int: axis }, reduction: { text: 'add' } }
    return stored(builder.node('ScatterElements', operands, attributes), result)
  },
)

export const alongAxis: Lowerings<'takeAlongAxis' | 'scatterAddAlongAxis'> = { takeAlongAxis, scatterAddAlongAxis }

/** The largest number of an update at each place. */
export const lastUpdate: Lowering<AttrsOf<'lastUpdate'>> = lower1((indices, { length }, { builder, result }) => {
  const none = builder.constant(new Int32Array(length).fill(-1), [length], 'i32')
  const numbers = builder.constant(Int32Array.from(range(sizeOf(indices.aval.shape))), indices.aval.shape, 'i32')
  const operands = [none, checked(builder, indices), numbers]
  return stored(builder.node('ScatterElements', operands, { reduction: { text: 'max' } }), result)
})

export const indexing: Lowerings<'take' | 'scatterAdd'> = { take, scatterAdd }
