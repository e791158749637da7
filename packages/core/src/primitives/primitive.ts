/*
 * One primitive, one record: everything the system knows about an operation. Engines add their lowerings in tables of
 * their own. This is how a primitive's file writes its record; `Primitive` in ir.ts is how transforms look at it.
 */
import type { Aval } from '../aval.js'
import type {
  Arity,
  AttrsSpec,
  BatchRule,
  HostArray,
  JointJvp,
  JointTranspose,
  JvpEntry,
  NoRule,
  PerOperand,
  Primitive,
  Properties,
  RunProgram,
  SplitRule,
  TransposeEntry,
} from '../ir/ir.js'
import { printSettings } from '../ir/settings.js'
import type { Tensor } from '../tensor.js'

export * from '../ir/ir.js'

/** Attributes of a primitive that has none. */
export type NoAttrs = Readonly<Record<string, never>>

/** How no attributes are written. */
export const noAttrs: AttrsSpec<NoAttrs> = {
  print: () => '',
  parse: (values) => {
    checkNames([...values.keys()], [])
    return {}
  },
}

/** Attributes that are plain data or programs: `[axes=(0,1) keep=true]`, keys in the order given. */
export const dataAttrs = <A extends object>(...keys: readonly (keyof A & string)[]): AttrsSpec<A> => ({
  print: (attrs, printInner) =>
    printSettings(
      keys.map((key) => [key, attrs[key]]),
      printInner,
    ),
  parse: (values) => {
    checkNames([...values.keys()], keys)
    return Object.fromEntries(values) as A // border: what a text says, looked at by the shape rule next
  },
})

/** The names that settings have are those they must have. */
export const checkNames = (given: readonly string[], wanted: readonly string[]): void => {
  if (given.length === wanted.length && wanted.every((key) => given.includes(key))) return
  const list = (names: readonly string[]): string => names.join(', ') || 'none'
  throw new Error(`its settings are ${list(wanted)}, not ${list(given)}`)
}

/** Says that there is no derivative, and why. */
export const notDifferentiable = (reason: string): NoRule => ({ kind: 'none', reason })
/** Says that there is no transpose: it is not linear in this operand. */
export const notLinear: NoRule = { kind: 'none', reason: 'it is not linear in this operand' }

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
    run: RunProgram,
  ) => void
  readonly jvp: PerOperand<N, JvpEntry<N, A>> | { readonly every: JvpEntry<N, A> } | JointJvp<A> | NoRule
  readonly transpose:
    | PerOperand<N, TransposeEntry<N, A>>
    | { readonly every: TransposeEntry<N, A> }
    | JointTranspose<A>
    | NoRule
  readonly batch: BatchRule<N, A> | NoRule
  /** How an equation is split into what is known and what is linear; without it the whole is taken as linear. */
  readonly split?: SplitRule<A>
  /** The same as a composition of other primitives, for engines without a lowering; `null` where there is none for these operands. */
  readonly decompose?: (operands: PerOperand<N, Tensor>, attrs: A) => Tensor | readonly Tensor[] | null
  readonly properties?: Properties<A>
}

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

const noPrograms: RunProgram = () => {
  throw new Error('a primitive that holds a program is evaluated by evaluateIR')
}

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
    evaluate: (operands, attrs, results, run = noPrograms) =>
      wide.evaluate(operands, attrs, results as readonly [HostArray], run),
    jvp: (index) => perOperand<JvpEntry<'variadic', A>, JointJvp<A>>(wide.jvp, index),
    jointJvp: joint<JvpEntry<'variadic', A>, JointJvp<A>>(wide.jvp),
    transpose: (index) => perOperand<TransposeEntry<'variadic', A>, JointTranspose<A>>(wide.transpose, index),
    jointTranspose: joint<TransposeEntry<'variadic', A>, JointTranspose<A>>(wide.transpose),
    split: wide.split ?? null,
    batch: (operands, mapped, attrs, size, axisName = null) =>
      typeof wide.batch === 'function' ? toList(wide.batch(operands, mapped, attrs, size, axisName)) : wide.batch,
    decompose: (operands, attrs) => {
      const parts = wide.decompose?.(operands, attrs) ?? null
      return parts === null ? null : toList(parts)
    },
    properties: wide.properties ?? {},
  }
}
