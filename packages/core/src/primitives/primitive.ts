/*
 * One primitive, one record: everything the system knows about an operation. Engines add their lowerings in tables of
 * their own. Letters: x primal, dx its tangent, ct the cotangent of a result.
 */
import type { Aval, Shape, TypedArray } from '../aval.js'
import type { IR } from '../ir/ir.js'
import type { Tensor } from '../tensor.js'

/** Storage the reference evaluator works on. Its array type may be wider than `dtype` says (f32 evaluated in f64). */
export interface HostArray {
  readonly shape: Shape
  readonly dtype: Aval['dtype']
  readonly data: TypedArray
}

/** Static settings of an equation (axes, permutation, ...): how they are printed. Equal print means equal settings. */
export interface AttrsSpec<A> {
  print(attrs: A, printInner: (ir: IR) => string): string
}

export type NoAttrs = Readonly<Record<string, never>>

export const noAttrs: AttrsSpec<NoAttrs> = { print: () => '' }

/** Attributes that are plain data: `[axes=0,1 keep=true]`, keys in the order given. */
export const dataAttrs = <A extends object>(...keys: readonly (keyof A & string)[]): AttrsSpec<A> => ({
  print: (attrs) => `[${keys.map((key) => `${key}=${printValue(attrs[key])}`).join(' ')}]`,
})

const printValue = (x: unknown): string =>
  Array.isArray(x) ? `(${x.map(printValue).join(',')})` : typeof x === 'object' ? JSON.stringify(x) : String(x)

export type Arity = 1 | 2 | 3 | 'variadic'

/** One entry per operand: a tuple where their number is fixed. */
export type PerOperand<N extends Arity, T> = N extends 1
  ? readonly [T]
  : N extends 2
    ? readonly [T, T]
    : N extends 3
      ? readonly [T, T, T]
      : readonly T[]

/** What an input's rule answers when the result does not change with it (comparisons, `stopGradient`). */
export const zeroTangent = Symbol('zero tangent')

/** There is no rule, and why. */
export interface NoRule {
  readonly kind: 'none'
  readonly reason: string
}

export const notDifferentiable = (reason: string): NoRule => ({ kind: 'none', reason })
export const notLinear: NoRule = { kind: 'none', reason: 'it is not linear in this operand' }

type Results = Tensor | readonly (Tensor | null)[]

// Rules have a method's type (`{...}['rule']`), which is what lets records of different attributes fit one table.

/**
 * `J_i dx`: the tangent of the result for the tangent of one operand, the others fixed.
 * Operands and results have their values; a symbolic zero never gets here. Several results give an array.
 */
export type JvpRule<N extends Arity, A> = {
  rule(
    dx: Tensor,
    operands: PerOperand<N, Tensor>,
    results: readonly [Tensor, ...Tensor[]],
    attrs: A,
    index: number,
  ): Results
}['rule']

/**
 * `J_iᵀ ct`: the cotangent of one operand for the cotangents of the results, the others fixed.
 * A linear operand has only a shape and dtype here; there is no value to be read.
 */
export type TransposeRule<N extends Arity, A> = {
  rule(ct: Tensor, operands: PerOperand<N, Tensor>, attrs: A, index: number): Tensor
}['rule']

/** All operands at once, for primitives that hold a program. `null` is a symbolic zero. */
export interface JointJvp<A> {
  readonly kind: 'joint'
  apply(
    primals: readonly Tensor[],
    tangents: readonly (Tensor | null)[],
    attrs: A,
  ): { readonly primals: readonly Tensor[]; readonly tangents: readonly (Tensor | null)[] }
}

export interface JointTranspose<A> {
  readonly kind: 'joint'
  apply(
    cts: readonly (Tensor | null)[],
    operands: readonly Tensor[],
    linear: readonly boolean[],
    attrs: A,
  ): readonly (Tensor | null)[]
}

/** Operands have their batch axis in front where `mapped`; so has the result. `size` is that axis' length. */
export type BatchRule<N extends Arity, A> = {
  rule(
    operands: PerOperand<N, Tensor>,
    mapped: PerOperand<N, boolean>,
    attrs: A,
    size: number,
  ): Tensor | readonly Tensor[]
}['rule']

export type JvpEntry<N extends Arity, A> = JvpRule<N, A> | typeof zeroTangent | NoRule
export type TransposeEntry<N extends Arity, A> = TransposeRule<N, A> | NoRule

/** What transforms and engines may know of a primitive without naming it. */
export interface Properties<A> {
  /** A result element depends on the operands' elements at the same place only. */
  readonly elementwise?: boolean
  /** Always evaluated on the host, before or between engine calls: random words and u32 arithmetic. */
  readonly host?: boolean
  /** Gives its operand back: engines may drop it. */
  readonly identity?: boolean
  /** Floating-point operations of one evaluation; one per result element where absent. */
  flops?(operands: readonly Aval[], results: readonly Aval[], attrs: A): number
  /** The program an equation holds, for engines that inline it. */
  body?(attrs: A): IR
}

/** The record, as a primitive's file writes it: tuples are typed by `arity`, so a forgotten rule does not compile. */
export interface PrimitiveSpec<N extends Arity, A> {
  readonly name: string
  readonly arity: N
  readonly attrs: AttrsSpec<A>
  /** Shape and dtype of the result(s). Public functions have checked the operands before. */
  readonly abstractEval: (operands: PerOperand<N, Aval>, attrs: A) => Aval | readonly Aval[]
  /** Fills the storage of the result(s) on the reference evaluator. */
  readonly evaluate: (
    operands: PerOperand<N, HostArray>,
    attrs: A,
    results: readonly [HostArray, ...HostArray[]],
  ) => void
  readonly jvp: PerOperand<N, JvpEntry<N, A>> | { readonly every: JvpEntry<N, A> } | JointJvp<A> | NoRule
  readonly transpose:
    | PerOperand<N, TransposeEntry<N, A>>
    | { readonly every: TransposeEntry<N, A> }
    | JointTranspose<A>
    | NoRule
  readonly batch: BatchRule<N, A> | NoRule
  /** The same as a composition of other primitives, for engines without a lowering; `null` where there is none for these operands. */
  readonly decompose?: (operands: PerOperand<N, Tensor>, attrs: A) => Tensor | readonly Tensor[] | null
  readonly properties?: Properties<A>
}

/** The record, as transforms and engines look at it. Methods, so that records of different attributes fit one table. */
export interface Primitive<A = unknown> {
  readonly name: string
  readonly arity: Arity
  readonly attrs: AttrsSpec<A>
  abstractEval(operands: readonly Aval[], attrs: A): readonly Aval[]
  evaluate(operands: readonly HostArray[], attrs: A, results: readonly HostArray[]): void
  /** The rule of one operand. */
  jvp(index: number): JvpEntry<'variadic', A>
  readonly jointJvp: JointJvp<A> | null
  transpose(index: number): TransposeEntry<'variadic', A>
  readonly jointTranspose: JointTranspose<A> | null
  batch(operands: readonly Tensor[], mapped: readonly boolean[], attrs: A, size: number): readonly Tensor[] | NoRule
  decompose(operands: readonly Tensor[], attrs: A): readonly Tensor[] | null
  readonly properties: Properties<A>
}

/** Any record, for tables. */
export type AnyPrimitive = Primitive

const toList = <T>(x: T | readonly T[]): readonly T[] => (isList(x) ? x : [x])
const isList = <T>(x: T | readonly T[]): x is readonly T[] => Array.isArray(x)

type Rules<E, J> = readonly E[] | { readonly every: E } | J | NoRule

const isNone = (x: object): x is NoRule => 'kind' in x && x.kind === 'none'

const perOperand = <E, J extends { readonly kind: 'joint' }>(rules: Rules<E, J>, index: number): E | NoRule => {
  if (isList<unknown>(rules)) return (rules as readonly E[])[index] ?? notDifferentiable('there is no such operand')
  if ('every' in rules) return rules.every
  return isNone(rules) ? rules : notDifferentiable('it has a rule for all operands together')
}

const joint = <E, J extends { readonly kind: 'joint' }>(rules: Rules<E, J>): J | null =>
  !isList<unknown>(rules) && 'kind' in rules && rules.kind === 'joint' ? (rules as J) : null

/**
 * Makes a record. Border: the tuple types that guide whoever writes a rule are dropped here, since transforms look
 * rules up by position.
 */
export const definePrimitive = <const N extends Arity, A>(spec: PrimitiveSpec<N, A>): Primitive<A> => {
  const wide = spec as unknown as PrimitiveSpec<'variadic', A>
  return {
    name: wide.name,
    arity: spec.arity,
    attrs: wide.attrs,
    abstractEval: (operands, attrs) => toList(wide.abstractEval(operands, attrs)),
    evaluate: (operands, attrs, results) => wide.evaluate(operands, attrs, results as readonly [HostArray]),
    jvp: (index) => perOperand<JvpEntry<'variadic', A>, JointJvp<A>>(wide.jvp, index),
    jointJvp: joint<JvpEntry<'variadic', A>, JointJvp<A>>(wide.jvp),
    transpose: (index) => perOperand<TransposeEntry<'variadic', A>, JointTranspose<A>>(wide.transpose, index),
    jointTranspose: joint<TransposeEntry<'variadic', A>, JointTranspose<A>>(wide.transpose),
    batch: (operands, mapped, attrs, size) =>
      typeof wide.batch === 'function' ? toList(wide.batch(operands, mapped, attrs, size)) : wide.batch,
    decompose: (operands, attrs) => {
      const parts = wide.decompose?.(operands, attrs) ?? null
      return parts === null ? null : toList(parts)
    },
    properties: wide.properties ?? {},
  }
}
