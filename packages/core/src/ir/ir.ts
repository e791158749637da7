/*
 * Programs as data, and what a primitive is. The two know each other: an equation applies a primitive, and a primitive
 * may hold a program.
 */
import type { Aval, Shape, TypedArray } from '../aval.js'
import type { Tensor } from '../tensor.js'

// ---------------------------------------------------------------- programs

/** A name bound once: by the program's inputs or by one equation. */
export interface Var {
  readonly kind: 'var'
  readonly id: number
  readonly aval: Aval
}

/** A scalar held by value. */
export interface Literal {
  readonly kind: 'literal'
  readonly value: number
  readonly aval: Aval
}

/** What an equation takes: a variable, or a number held by value. */
export type Atom = Var | Literal

/** `results = primitive[attrs] inputs` */
export interface Equation {
  readonly primitive: AnyPrimitive
  readonly inputs: readonly Atom[]
  readonly attrs: unknown
  readonly results: readonly Var[]
  /** For messages only: two equations are the same whatever their origins. */
  readonly origin?: Origin
}

/** A place in the code that called a function of these packages. */
export interface SourceLine {
  /** Relative to the working directory where it lies below it. */
  readonly file: string
  readonly line: number
  readonly column: number
  /** The function that the line is in. */
  readonly function: string | null
  /** The functions of these packages between that line and the equation, innermost first. */
  readonly via: readonly string[]
}

/** The computation of a value, of a derivative along with it, or of cotangents. */
export type Pass = 'forward' | 'derivative' | 'backward'

/** Where an equation comes from. */
export interface Origin {
  /** The caller's place; its line is looked up when it is read. `null` for what no caller wrote. */
  readonly site: { readonly line: SourceLine | null } | null
  /** Names of the scopes it was made in, outermost first. */
  readonly scope: readonly string[]
  readonly pass: Pass
  /** The primal primitive whose derivative it belongs to. */
  readonly of: string | null
}

/**
 * A program as data: straight-line equations, each variable bound once and before its use.
 * Nothing is captured: what a traced function closed over became an input (see `Traced`).
 */
export interface IR {
  readonly inputs: readonly Var[]
  readonly equations: readonly Equation[]
  readonly outputs: readonly Atom[]
}

let lastId = 0

/** A variable with an id no other variable of this process has. */
export const freshVar = (aval: Aval): Var => ({ kind: 'var', id: ++lastId, aval })

// ---------------------------------------------------------------- primitives

/** Storage the reference evaluator works on. Its array type may be wider than `dtype` says (f32 evaluated in f64). */
export interface HostArray {
  readonly shape: Shape
  readonly dtype: Aval['dtype']
  readonly data: TypedArray
}

/** Static settings of an equation (axes, permutation, ...): how they are written. Equal print means equal settings. */
export interface AttrsSpec<A> {
  /** `[axes=(0,1)]`, or nothing; programs as `printInner` writes them. */
  print(attrs: A, printInner: (ir: IR) => string): string
  /**
   * The settings of what `print` wrote, from its names and values.
   *
   * @throws Error where a name is missing or not known
   */
  parse(values: ReadonlyMap<string, unknown>): A
}

/** Operands of a primitive. */
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

/** The cotangents of all operands at once, for primitives that hold a program. `null` is a symbolic zero. */
export interface JointTranspose<A> {
  readonly kind: 'joint'
  apply(
    cts: readonly (Tensor | null)[],
    operands: readonly Tensor[],
    linear: readonly boolean[],
    attrs: A,
  ): readonly (Tensor | null)[]
}

/**
 * Operands have their batch axis in front where `mapped`; so has the result. `size` is that axis' length, `axisName` the
 * name that vmap was given for it.
 */
export type BatchRule<N extends Arity, A> = {
  rule(
    operands: PerOperand<N, Tensor>,
    mapped: PerOperand<N, boolean>,
    attrs: A,
    size: number,
    axisName: string | null,
  ): Tensor | readonly Tensor[]
}['rule']

/** Applies a primitive inside of the linear program that is being built, whatever its operands. */
export type AppendLinear = <A>(primitive: Primitive<A>, operands: readonly Tensor[], attrs: A) => readonly Tensor[]

/**
 * For primitives that hold a program: an equation of which only some operands depend on a tangent is split into one
 * without them, evaluated at once, and a linear rest, added by `append`. Gives the results of the whole.
 */
export type SplitRule<A> = {
  rule(operands: readonly Tensor[], linear: readonly boolean[], attrs: A, append: AppendLinear): readonly Tensor[]
}['rule']

/** Runs a program on the reference evaluator, in the precision of the evaluation that is going on. */
export type RunProgram = (ir: IR, operands: readonly HostArray[]) => readonly HostArray[]

/** An equation that holds programs, with fewer operands and results. */
export interface Pruned<A> {
  readonly attrs: A
  /** Which operands are left. */
  readonly operands: readonly boolean[]
  /** For each result its place among those that are left; several may share one. */
  readonly results: readonly (number | null)[]
}

/** Where a residual comes from: a known input, by its number among them, or one of what is saved. */
export type Residual = { readonly input: number } | { readonly saved: number }

/** A program taken apart into what can be computed without some of its inputs, and the rest. */
export interface Split {
  /** `[known inputs] -> [known outputs, saved]` */
  readonly known: IR
  /** `[residuals, the other inputs] -> [the other outputs]` */
  readonly linear: IR
  /** Which outputs the second part gives. */
  readonly outputs: readonly boolean[]
  readonly residuals: readonly Residual[]
}

/**
 * Takes a program apart.
 *
 * @param linear the inputs that the first part does without
 * @param wanted outputs that the second part gives in any case
 */
export type SplitProgram = (ir: IR, linear: readonly boolean[], wanted?: readonly boolean[]) => Split

/** The programs an equation holds and does not inline (the body of a loop, the branches of a choice). */
export interface HeldPrograms<A> {
  of(attrs: A): readonly IR[]
  /** The attributes with other programs, which compute the same. */
  replace(attrs: A, programs: readonly IR[]): A
  /** The same without what the results that are used do not need. */
  prune(attrs: A, used: readonly boolean[]): Pruned<A>
  /**
   * The results, with what needs no operand that is `late` computed before, in an equation of its own; `null` where
   * nothing can be taken out.
   */
  hoist(operands: readonly Tensor[], late: readonly boolean[], attrs: A, split: SplitProgram): readonly Tensor[] | null
  /** What the n-th run of a program is within one evaluation, both counted from 0: `step 3`, `branch 1`. */
  place(attrs: A, program: number, run: number): string
}

/** The JVP of one operand: a rule, a tangent that is always zero, or that there is none and why. */
export type JvpEntry<N extends Arity, A> = JvpRule<N, A> | typeof zeroTangent | NoRule
/** The transpose for one operand: a rule, or that there is none and why. */
export type TransposeEntry<N extends Arity, A> = TransposeRule<N, A> | NoRule

/** What transforms and engines may know of a primitive without naming it. */
export interface Properties<A> {
  /** A result element depends on the operands' elements at the same place only. */
  readonly elementwise?: boolean
  /** A sum of products, which is where the time goes: checkpoint policies ask for it. */
  readonly contraction?: boolean
  /** Always evaluated on the host, before or between engine calls: random words and u32 arithmetic. */
  readonly host?: boolean
  /** Gives its operand back: engines may drop it. */
  readonly identity?: boolean
  /** Floating-point operations of one evaluation; one per result element where absent. */
  flops?(operands: readonly Aval[], results: readonly Aval[], attrs: A): number
  /** The program an equation stands for: engines inline it. */
  body?(attrs: A): IR
  /** Programs that stay in the equation; passes go into them. */
  readonly programs?: HeldPrograms<A>
  /** Names of vmap's axes that an equation refers to by itself: those in its `body` and `programs` need no mention. */
  axisNames?(attrs: A): readonly string[]
  /** Its derivative is not that of its `body`, which may be inlined only where nobody takes one any more. */
  readonly ownDerivative?: boolean
  /** Its derivative is given backwards only: second derivatives are taken backwards too. */
  readonly backwardOnly?: boolean
  /** Equations are never shared: what is computed twice is so on purpose. */
  readonly barrier?: boolean
}

/** The record, as transforms and engines look at it. Methods, so that records of different attributes fit one table. */
export interface Primitive<A = unknown> {
  readonly name: string
  readonly arity: Arity
  readonly attrs: AttrsSpec<A>
  abstractEval(operands: readonly Aval[], attrs: A): readonly Aval[]
  evaluate(operands: readonly HostArray[], attrs: A, results: readonly HostArray[], run?: RunProgram): void
  /** The rule of one operand. */
  jvp(index: number): JvpEntry<'variadic', A>
  readonly jointJvp: JointJvp<A> | null
  transpose(index: number): TransposeEntry<'variadic', A>
  readonly jointTranspose: JointTranspose<A> | null
  readonly split: SplitRule<A> | null
  batch(
    operands: readonly Tensor[],
    mapped: readonly boolean[],
    attrs: A,
    size: number,
    axisName?: string | null,
  ): readonly Tensor[] | NoRule
  decompose(operands: readonly Tensor[], attrs: A): readonly Tensor[] | null
  readonly properties: Properties<A>
}

/** Any record, for tables. */
export type AnyPrimitive = Primitive
