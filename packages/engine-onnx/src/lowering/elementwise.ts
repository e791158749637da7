/* Operators that work place by place: they broadcast by themselves, so that repeated operands stay small. */
import { type Aval, type DType, type NoAttrs, type Shape, sizeOf } from '@cotangent/core'
import type { Builder, NodeOptions } from '../builder.js'
import { broadcastable, inStore } from '../materialise.js'
import { normalPermutation, number, sourceShape, type Value, viewShape } from '../value.js'
import { type Lowering, lower1 } from './lowering.js'

/** NumPy's broadcast of shapes that fit. */
export const broadcastShape = (shapes: readonly Shape[]): Shape => {
  const rank = Math.max(0, ...shapes.map((shape) => shape.length))
  return Array.from({ length: rank }, (_, i) => {
    const lengths = shapes.map((shape) => shape[i - rank + shape.length] ?? 1)
    return lengths.find((n) => n !== 1) ?? 1
  })
}

/** The permutation that all operands but scalars share, so that the operator may work on the stored order. */
const commonPermutation = (values: readonly Value[], rank: number): readonly number[] | null => {
  const large = values.filter((value) => sizeOf(sourceShape(value)) !== 1)
  const first = large[0]?.permutation ?? null
  if (first === null || first.length !== rank) return null
  return large.every(({ permutation }) => permutation?.every((axis, i) => axis === first[i]) ?? false) ? first : null
}

/** The operator on values that have, or broadcast to, the result's shape. */
export const elementwise = (
  builder: Builder,
  op: string,
  given: readonly Value[],
  { shape, dtype }: Aval,
  options: Omit<NodeOptions, 'results'> = {},
): Value => {
  const values = given.map((value) => inStore(builder, value))
  const permutation = commonPermutation(values, shape.length)
  const names = values.map((value) => (permutation === null ? broadcastable(builder, value) : value.source.name))
  const stored = broadcastShape(values.map(permutation === null ? viewShape : sourceShape))
  const name = builder.node(op, names, options.attributes, options.domain)
  return {
    aval: { shape, dtype },
    source: { kind: 'stored', name, shape: stored, constant: false },
    permutation: permutation === null ? null : normalPermutation(permutation),
  }
}

/** Several elementwise operators in a row on values of one shape, for functions that ONNX does not have. */
export const formula = (builder: Builder, aval: Aval) => {
  const apply = (op: string, ...values: readonly (Value | number)[]): Value =>
    elementwise(
      builder,
      op,
      values.map((value) => (typeof value === 'number' ? number(value, aval) : value)),
      aval,
    )
  const test = (op: string, ...values: readonly (Value | number)[]): Value => ({
    ...apply(op, ...values),
    aval: { shape: aval.shape, dtype: 'bool' },
  })
  return { apply, test }
}

/** A function of one operand that is one operator. */
export const operator1 = (op: string): Lowering<NoAttrs> =>
  lower1((x, _, { builder, result }) => elementwise(builder, op, [x], result))

/** A function of two operands that is one operator. */
export const operator2 =
  (op: string): Lowering<NoAttrs> =>
  (operands, _, { builder, result }) =>
    elementwise(builder, op, operands, result)

export const withDtype = (value: Value, dtype: DType): Value => ({ ...value, aval: { ...value.aval, dtype } })
