import { type Aval, array, type DType, HostTensor, type Shape, sizeOf, tensor } from '@cotangent/core'
import * as fc from 'fast-check'
import { filledArbitrary, filledOf } from './filled.js'
import { type ShapeConstraints, shapeArbitrary } from './shapes.js'
import { between, mixedValue, smallInteger, tameValue } from './values.js'

const filled = (shape: Shape, values: readonly number[], dtype: DType): HostTensor => {
  const flat = array([...values], dtype)
  return new HostTensor(flat.data, [...shape], dtype)
}

/** A tensor of a shape with every element from one arbitrary. */
export const tensorOf = (
  shape: Shape,
  value: fc.Arbitrary<number> = tameValue,
  dtype: DType = 'f32',
): fc.Arbitrary<HostTensor> => filledOf(shape, value).map(({ values }) => filled(shape, values, dtype))

/** As `tensorOf` for a function of the shape's rows: `rows` numbers of `width`, from a table that is made at once. */
const structured = (shape: Shape, make: (values: readonly number[], width: number) => readonly number[]) => {
  const size = sizeOf(shape)
  const width = shape[shape.length - 1] ?? 1
  return fc
    .array(tameValue, { minLength: size, maxLength: size, size: 'max' })
    .map((values) => filled(shape, make(values, width).map(Math.fround), 'f32'))
}

/** All rows (along the last axis) equal to the first. */
export const equalRows = (shape: Shape): fc.Arbitrary<HostTensor> =>
  structured(shape, (values, width) => values.map((_, i) => values[i % width] ?? 0))

/** Rows with a single 1. */
export const oneHotRows = (shape: Shape): fc.Arbitrary<HostTensor> =>
  structured(shape, (values, width) =>
    values.map((_, i) => {
      const hot = Math.floor(Math.abs(values[i - (i % width)] ?? 0) * 1000) % Math.max(1, width)
      return i % width === hot ? 1 : 0
    }),
  )

/** Each matrix (the last two axes, leading ones flattened) of rank 1 at most. */
export const rankOne = (shape: Shape): fc.Arbitrary<HostTensor> =>
  structured(shape, (values, width) =>
    values.map((_, i) => (values[i % width] ?? 0) * (values[Math.floor(i / width) % Math.max(1, values.length)] ?? 0)),
  )

/** Equal everywhere: all ties. */
export const constantTensor = (shape: Shape): fc.Arbitrary<HostTensor> =>
  structured(shape, (values) => values.map(() => values[0] ?? 0))

/**
 * f32 tensors that break programs: hostile numbers among tame ones (1 to 4), equal rows, one-hot rows, rank 1, ties.
 */
export const hostileTensor = (shape: Shape, value: fc.Arbitrary<number> = mixedValue): fc.Arbitrary<HostTensor> =>
  fc.oneof(
    { arbitrary: tensorOf(shape, value), weight: 4 },
    { arbitrary: equalRows(shape), weight: 1 },
    { arbitrary: oneHotRows(shape), weight: 1 },
    { arbitrary: rankOne(shape), weight: 1 },
    { arbitrary: constantTensor(shape), weight: 1 },
  )

/** Elements that suit a dtype: tame floats, small integers, words, truth values. */
export const valueOf = (dtype: DType): fc.Arbitrary<number> => {
  switch (dtype) {
    case 'f32':
    case 'f64':
      return tameValue
    case 'i32':
      return smallInteger
    case 'u32':
      return fc.integer({ min: 0, max: 2 ** 32 - 1 })
    case 'bool':
      return fc.constantFrom(0, 1)
  }
}

const dtypeArbitrary: fc.Arbitrary<DType> = fc.constantFrom('f32', 'f64', 'i32', 'bool', 'u32')

/** Shapes with dtypes. */
export const avalArbitrary = (constraints: ShapeConstraints = {}): fc.Arbitrary<Aval> =>
  fc.record({ shape: shapeArbitrary(constraints), dtype: dtypeArbitrary })

/**
 * An f32 tensor of any shape with tame elements, or those of `value`. It shrinks to the smallest shape, then to the
 * simplest elements.
 *
 * @example fc.assert(fc.property(tensorArbitrary({ maxRank: 2 }), (x) => sum(x).rank === 0))
 */
export const tensorArbitrary = (
  constraints: ShapeConstraints = {},
  value: fc.Arbitrary<number> = tameValue,
): fc.Arbitrary<HostTensor> =>
  filledArbitrary(constraints, value).map(({ shape, values }) => filled(shape, values, 'f32'))

/** A tensor of an aval, with tame elements. */
export const tensorLike = ({ shape, dtype }: Aval): fc.Arbitrary<HostTensor> => tensorOf(shape, valueOf(dtype), dtype)

/** Keys for random numbers: u32[2]. */
export const keyArbitrary: fc.Arbitrary<HostTensor> = fc
  .tuple(fc.nat(0xffffffff), fc.nat(0xffffffff))
  .map(([a, b]) => tensor(Uint32Array.of(a, b), [2]))

/** Indices into an axis of the given length: i32. */
export const indicesOf = (shape: Shape, length: number): fc.Arbitrary<HostTensor> =>
  tensorOf(shape, fc.integer({ min: 0, max: Math.max(0, length - 1) }), 'i32')

/** Distinct numbers at least 1/4 apart, in any order: no ties to tell a maximum from another. */
export const distinct = (shape: Shape): fc.Arbitrary<HostTensor> => {
  const size = sizeOf(shape)
  const places = Array.from({ length: size }, (_, i) => i)
  return fc
    .tuple(
      fc.shuffledSubarray(places, { minLength: size, maxLength: size }),
      fc.array(between(0, 0.2), { minLength: size, maxLength: size, size: 'max' }),
    )
    .map(([order, noise]) =>
      filled(
        shape,
        order.map((place, i) => Math.fround((place - size / 2) * 0.5 + (noise[i] ?? 0))),
        'f32',
      ),
    )
}
