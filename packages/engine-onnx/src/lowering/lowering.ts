/* What a lowering is, and the shapes most of them have. */
import type { AttrsOf, Aval, IR, PrimitiveName } from '@cotangent/core'
import type { Builder } from '../builder.js'
import type { Value } from '../value.js'

export interface Context {
  readonly builder: Builder
  /** Shapes and dtypes of the equation's results. */
  readonly results: readonly Aval[]
  /** The first (mostly the only) result's. */
  readonly result: Aval
  /** The tensors that a barrier waits for. */
  readonly earlier: () => readonly string[]
  /** Adds the nodes of a program that an equation holds to a graph: this one, or one inside of a node. */
  readonly program: (builder: Builder, ir: IR, operands: readonly Value[]) => readonly Value[]
}

// a method's type, so that lowerings of different attributes fit one table
export type Lowering<A> = {
  lower(operands: readonly Value[], attrs: A, context: Context): Value | readonly Value[]
}['lower']

/** A part of the table: the lowerings of these primitives. */
export type Lowerings<N extends PrimitiveName> = { readonly [K in N]: Lowering<AttrsOf<K>> }

const need = (value: Value | undefined): Value => {
  if (value === undefined) throw new Error('an equation has too few operands')
  return value
}

/** A lowering of one operand. */
export const lower1 =
  <A>(f: (x: Value, attrs: A, context: Context) => Value | readonly Value[]): Lowering<A> =>
  ([x], attrs, context) =>
    f(need(x), attrs, context)

/** A lowering of two operands. */
export const lower2 =
  <A>(f: (x: Value, y: Value, attrs: A, context: Context) => Value | readonly Value[]): Lowering<A> =>
  ([x, y], attrs, context) =>
    f(need(x), need(y), attrs, context)

/** A lowering of three operands. */
export const lower3 =
  <A>(f: (x: Value, y: Value, z: Value, attrs: A, context: Context) => Value | readonly Value[]): Lowering<A> =>
  ([x, y, z], attrs, context) =>
    f(need(x), need(y), need(z), attrs, context)
