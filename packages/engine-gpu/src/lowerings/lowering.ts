import type { AttrsOf, Aval, PrimitiveName } from '@cotangent/core'
import type { Value } from '../program/value.js'

/** An operand of an equation: its flat array, and the shape and dtype it has in the program. */
export interface Operand {
  readonly value: Value
  readonly aval: Aval
}

/** How one equation of a primitive is computed: a value, made by kernels from the operands' values. */
export type Lowering<A> = (operands: readonly Operand[], attrs: A, result: Aval) => Value

/** A part of the table: the lowerings of some primitives, each typed by its attributes. */
export type LoweringsOf<N extends PrimitiveName> = { readonly [K in N]: Lowering<AttrsOf<K>> }

const missing = (n: number): Error => new Error(`the lowering needs ${n} operands`)

/** A lowering of one operand. */
export const unary =
  <A>(lower: (x: Operand, attrs: A, result: Aval) => Value): Lowering<A> =>
  ([x], attrs, result) => {
    if (x === undefined) throw missing(1)
    return lower(x, attrs, result)
  }

/** A lowering of two operands. */
export const binary =
  <A>(lower: (x: Operand, y: Operand, attrs: A, result: Aval) => Value): Lowering<A> =>
  ([x, y], attrs, result) => {
    if (x === undefined || y === undefined) throw missing(2)
    return lower(x, y, attrs, result)
  }

/** A lowering of three operands. */
export const ternary =
  <A>(lower: (x: Operand, y: Operand, z: Operand, attrs: A, result: Aval) => Value): Lowering<A> =>
  ([x, y, z], attrs, result) => {
    if (x === undefined || y === undefined || z === undefined) throw missing(3)
    return lower(x, y, z, attrs, result)
  }
