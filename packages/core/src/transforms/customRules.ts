/*
 * What functions with derivatives of their own (customVjp, customJvp) have in common: the programs of their rules, on
 * one list of captured values, and rules that call the function itself.
 */
import { aval } from '../aval.js'
import { MissingRuleError } from '../errors.js'
import { axisNamesIn } from '../ir/axisNames.js'
import type { IR } from '../ir/ir.js'
import { type TreeDef, treeFlatten, treeUnflatten } from '../pytree.js'
import type { Tensor } from '../tensor.js'
import { type AnyFunction, type Traced, trace, traceLeaves } from '../trace/trace.js'
import { Tracer } from '../trace/tracer.js'
import { runIR } from './interpret.js'
import { type SplitCall, signatureOf, splitCall } from './signature.js'
import { batchIR, spread } from './vmap.js'

/** How `customVjp` and `customJvp` treat the arguments of a function. */
export interface CustomOptions<S extends readonly number[]> {
  /** Positions of arguments that are plain values, not tensors: f and its rules see them as they are. */
  readonly static?: S
}

/** The refusal of a derivative in what such a function closes over. */
export const checkFixed = (name: string, kind: string, tangents: readonly (Tensor | null)[]): void => {
  if (tangents.every((t) => t === null)) return
  throw new MissingRuleError({
    op: name,
    expected: `a function with a ${kind} is differentiated in its arguments only.`,
    received: 'a derivative with respect to a value that it closes over',
    todo: 'pass that value as an argument, or wrap it in stopGradient()',
  })
}

/** Which inputs have a batch axis, of what length and name. */
export interface Batch {
  readonly mapped: readonly boolean[]
  readonly size: number
  readonly axisName: string | null
}

/** The program with a batch axis in front of the inputs that are mapped and of every output. */
export const batchedIR = (ir: IR, { mapped, size, axisName }: Batch): IR =>
  traceLeaves(
    ir.inputs.map((v, i) => (mapped[i] ? aval([size, ...v.aval.shape], v.aval.dtype) : v.aval)),
    (leaves) =>
      batchIR(
        ir,
        leaves.map((value, i) => ({ value, mapped: mapped[i] === true })),
        size,
        axisName,
      ).map((y) => spread(y, size)),
  ).ir

/** Flags for a program whose captured inputs come first, all others having a batch axis. */
export const batchAfter = (captured: readonly boolean[], ir: IR): readonly boolean[] =>
  ir.inputs.map((_, i) => captured[i] ?? true)

/**
 * A rule's program. A rule may call the function it belongs to, whose equation then holds this same program; so it is
 * made when a derivative first asks for it.
 */
export class RuleProgram {
  readonly #make: () => IR
  readonly #batched = new Map<string, RuleProgram>()
  #ir: IR | null = null
  #entered = false

  constructor(make: () => IR) {
    this.#make = make
  }

  get ir(): IR {
    this.#ir ??= this.#make()
    return this.#ir
  }

  /** The rule of the mapped function. */
  batched(captured: readonly boolean[], size: number, axisName: string | null): RuleProgram {
    const key = JSON.stringify([captured, size, axisName])
    const known = this.#batched.get(key)
    if (known !== undefined) return known
    const made = new RuleProgram(() => batchedIR(this.ir, { mapped: batchAfter(captured, this.ir), size, axisName }))
    this.#batched.set(key, made)
    return made
  }

  /** Names of vmap's axes in the rule. */
  get axisNames(): readonly string[] {
    return this.#once([], () => [...axisNamesIn(this.ir)])
  }

  print(printInner: (ir: IR) => string): string {
    return this.#once('itself', () => printInner(this.ir))
  }

  /** Inside of itself the program is not looked at a second time. */
  #once<T>(again: T, look: () => T): T {
    if (this.#entered) return again
    this.#entered = true
    try {
      return look()
    } finally {
      this.#entered = false
    }
  }
}

/** A program and what it closed over. */
export interface Captured {
  readonly ir: IR
  readonly captured: readonly Tensor[]
}

/** Replaces a program's own captured inputs by all of a longer list. */
const withCaptured = ({ ir, captured }: Captured, all: readonly Tensor[]): IR =>
  traceLeaves([...all.map((x) => x.aval), ...ir.inputs.slice(captured.length).map((v) => v.aval)], (leaves) =>
    runIR(ir, [...captured.flatMap((x) => leaves[all.indexOf(x)] ?? []), ...leaves.slice(all.length)]),
  ).ir

/** A function and its rules on one list of captured values, which are the first inputs of each program. */
export interface RulePrograms {
  readonly captured: readonly Tensor[]
  readonly primal: IR
  readonly rules: readonly RuleProgram[]
}

/** A function with rules, before it is called. */
export interface FunctionWithRules {
  /** What messages call it. */
  readonly name: string
  /** The transform that makes it. */
  readonly op: string
  readonly f: AnyFunction
  readonly static: readonly number[] | undefined
  /** The programs of its rules for a call, whose function has this program. */
  readonly traceRules: (call: SplitCall, args: readonly unknown[], primal: Traced) => readonly Captured[]
  /** The equation that applies it. */
  readonly bind: (programs: RulePrograms, leaves: readonly Tensor[]) => readonly Tensor[]
}

/** How a call is answered while its own rules are traced. */
type Answer = (leaves: readonly Tensor[]) => readonly Tensor[]

/**
 * The function to be called. Function and rules are traced once for each signature. Where a rule calls the function
 * itself the rules are traced twice: first to see what they close over, the function standing for itself; then with its
 * equation in its place.
 */
export const withRules = <A extends readonly unknown[], R>(custom: FunctionWithRules): ((...args: A) => R) => {
  const { name, op, f, bind } = custom
  const cache = new Map<string, { readonly programs: RulePrograms; readonly out: TreeDef }>()
  const own = new Map<string, Answer>()

  const programsOf = (signature: string, primal: Traced, rules: () => readonly Captured[]): RulePrograms => {
    const during = (answer: Answer): readonly Captured[] => {
      own.set(signature, answer)
      try {
        return rules()
      } finally {
        own.delete(signature)
      }
    }
    let calledItself = false
    const first = during((leaves) => {
      calledItself = true
      return runIR(primal.ir, [...primal.captured, ...leaves])
    })
    const captured = [...new Set([primal, ...first].flatMap((program) => program.captured))]
    let traced = first
    const programs: RulePrograms = {
      captured,
      primal: withCaptured(primal, captured),
      rules: first.map((program, i) => new RuleProgram(() => withCaptured(traced[i] ?? program, captured))),
    }
    if (calledItself) traced = during((leaves) => bind(programs, leaves))
    return programs
  }

  return (...args) => {
    const call = splitCall(name, f, args, custom.static)
    const [leaves, def] = treeFlatten(call.traced)
    const signature = signatureOf(name, leaves, def, call.fixed)
    const known = cache.get(signature)
    if (known !== undefined) return treeUnflatten<R>(known.out, bind(known.programs, leaves))
    const primal = trace(op, call.f, call.traced)
    const answer = own.get(signature)
    if (answer !== undefined) return treeUnflatten<R>(primal.out, answer(leaves))
    const programs = programsOf(signature, primal, () => custom.traceRules(call, args, primal))
    // a value of an outer trace belongs to this call only
    if (!programs.captured.some((x) => x instanceof Tracer)) cache.set(signature, { programs, out: primal.out })
    return treeUnflatten<R>(primal.out, bind(programs, leaves))
  }
}
