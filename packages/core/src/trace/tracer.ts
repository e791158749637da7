import { type Aval, printAval, type TypedArray } from '../aval.js'
import { LeakedTracerError } from '../errors.js'
import { type Atom, type Equation, freshVar, type IR, type Var } from '../ir/ir.js'
import type { AnyPrimitive } from '../primitives/primitive.js'
import { HostTensor, Tensor } from '../tensor.js'
import { printPlace } from './callSite.js'
import { LinearOperand } from './linearOperand.js'
import { atStart, originHere } from './origin.js'

/** What flows while a function is traced: a variable of the program being built. */
export class Tracer extends Tensor {
  readonly aval: Aval

  constructor(
    readonly builder: Builder,
    readonly variable: Var,
    /** What it is a result of; `null` for an input. */
    readonly equation: Equation | null = null,
  ) {
    super()
    this.aval = variable.aval
  }

  get data(): TypedArray {
    throw this.builder.open ? withoutElements('data', this) : leaked('data', this)
  }

  read(): Promise<HostTensor> {
    return Promise.reject(this.builder.open ? withoutElements('read', this) : leaked('read', this))
  }

  /** In a text it shows its aval; as a number it has no value. */
  [Symbol.toPrimitive](hint: string): string {
    if (hint === 'string') return this.toString()
    throw this.builder.open ? withoutElements('a number', this) : leaked('a number', this)
  }

  toString(): string {
    return `Traced ${printAval(this.aval)}`
  }
}

/** A program under construction, and what it captured from outside. */
export class Builder {
  readonly #inputs: Var[] = []
  readonly #captured = new Map<Tensor, Var>()
  readonly #equations: Equation[] = []
  open = true

  constructor(
    readonly level: number,
    /** A base builder takes everything that happens while it is open. */
    readonly base: boolean,
    /** The function that is traced, for messages; `null` for what no user wrote. */
    readonly traced: string | null,
  ) {}

  input(aval: Aval): Tracer {
    const variable = freshVar(aval)
    this.#inputs.push(variable)
    return new Tracer(this, variable)
  }

  /** The atom for a value: its own variable, a literal, or an input made for what comes from outside. */
  atom(value: Tensor): Atom {
    if (value instanceof Tracer) {
      if (value.builder === this) return value.variable
      if (!value.builder.open) throw leaked('a traced function', value)
    }
    if (value instanceof HostTensor && value.literal !== undefined) {
      return { kind: 'literal', value: value.literal, aval: value.aval }
    }
    const known = this.#captured.get(value)
    if (known !== undefined) return known
    const variable = freshVar(value.aval)
    this.#captured.set(value, variable)
    return variable
  }

  append(primitive: AnyPrimitive, operands: readonly Tensor[], attrs: unknown): readonly Tracer[] {
    const inputs = operands.map((x) => this.atom(x))
    const avals = primitive.abstractEval(
      inputs.map((atom) => atom.aval),
      attrs,
    )
    const results = avals.map(freshVar)
    const equation: Equation = { primitive, inputs, attrs, results, origin: originHere(this.traced !== null) }
    this.#equations.push(equation)
    return results.map((variable) => new Tracer(this, variable, equation))
  }

  /** The program from the inputs (captured ones first) to `outputs`. */
  finish(outputs: readonly Tensor[]): { readonly ir: IR; readonly captured: readonly Tensor[] } {
    const atoms = outputs.map((x) => this.atom(x))
    return {
      ir: { inputs: [...this.#captured.values(), ...this.#inputs], equations: this.#equations, outputs: atoms },
      captured: [...this.#captured.keys()],
    }
  }
}

/*
 * Which builder takes an equation: the highest among those of its operands and the base. A base builder (of `makeIR`,
 * `jit`, `compile`) takes everything that happens while it is open, constants too; a builder that is not the base (of
 * `linearize`) takes only what depends on its own inputs, so the linear part of a derivative sorts itself out.
 */
const open: Builder[] = []
let base: Builder | null = null

/** Runs `body` with a new builder on top. `traced` names the function it is for, where a user wrote that. */
export const withBuilder = <T>(asBase: boolean, body: (builder: Builder) => T, traced: string | null = null): T => {
  const builder = new Builder(open.length, asBase, traced)
  const outerBase = base
  open.push(builder)
  if (asBase) base = builder
  try {
    return asBase ? atStart(() => body(builder)) : body(builder)
  } finally {
    open.pop()
    base = outerBase
    builder.open = false
  }
}

/** The builder for an equation on these operands; `null` means evaluate now. */
export const builderFor = (op: string, operands: readonly Tensor[]): Builder | null => {
  let top = base
  for (const x of operands) {
    if (x instanceof LinearOperand) throw x.refusal(op)
    if (!(x instanceof Tracer)) continue
    if (!x.builder.open) throw leaked(op, x)
    if (top === null || x.builder.level > top.level) top = x.builder
  }
  return top
}

/** `f32[2], made by sin at model.ts:3:14 in loss under grad` */
const described = ({ aval, builder: { traced }, equation }: Tracer): string =>
  equation === null
    ? `${printAval(aval)}, an argument${traced === null ? '' : ` of ${traced}`}`
    : `${printAval(aval)}, made by ${equation.primitive.name}${printPlace(equation.origin)}${traced === null ? '' : ` in ${traced}`}`

/** The error for a traced value that is used after its trace: where it is from. */
export const leaked = (op: string, x: Tracer): LeakedTracerError =>
  new LeakedTracerError({
    op,
    expected: 'a traced value may be used only while its function is being traced.',
    received: `${described(x)}; that trace has ended`,
    todo: 'return the value from the traced function instead of keeping it in an outer variable',
  })

const withoutElements = (op: string, x: Tracer): LeakedTracerError =>
  new LeakedTracerError({
    op,
    expected: 'a traced value has a shape and dtype but no elements.',
    received: described(x),
    todo: 'use where() for choices that depend on values, or return it from the traced function and read the result',
  })
