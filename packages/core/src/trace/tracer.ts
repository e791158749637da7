import { type Aval, printAval, type TypedArray } from '../aval.js'
import { LeakedTracerError } from '../errors.js'
import { type Atom, type Equation, freshVar, type IR, type Var } from '../ir/ir.js'
import type { AnyPrimitive } from '../primitives/primitive.js'
import { HostTensor, Tensor } from '../tensor.js'

/** What flows while a function is traced: a variable of the program being built. */
export class Tracer extends Tensor {
  readonly aval: Aval

  constructor(
    readonly builder: Builder,
    readonly variable: Var,
  ) {
    super()
    this.aval = variable.aval
  }

  get data(): TypedArray {
    throw new LeakedTracerError({
      op: 'data',
      expected: 'a traced value has a shape and dtype but no elements.',
      received: `${printAval(this.aval)}, an input or intermediate of a function under a transform`,
      todo: 'use where() for choices that depend on values, or read it outside of the traced function',
    })
  }

  read(): Promise<HostTensor> {
    return Promise.reject(
      new LeakedTracerError({
        op: 'read',
        expected: 'a traced value cannot be read.',
        received: printAval(this.aval),
        todo: 'return it from the traced function and read the result',
      }),
    )
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
  ) {}

  input(aval: Aval): Tracer {
    const variable = freshVar(aval)
    this.#inputs.push(variable)
    return new Tracer(this, variable)
  }

  /** The atom for a value: its own variable, a literal, or an input made for what comes from outside. */
  atom(value: Tensor): Atom {
    if (value instanceof Tracer && value.builder === this) return value.variable
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
    this.#equations.push({ primitive, inputs, attrs, results })
    return results.map((variable) => new Tracer(this, variable))
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

/** Runs `body` with a new builder on top. */
export const withBuilder = <T>(asBase: boolean, body: (builder: Builder) => T): T => {
  const builder = new Builder(open.length, asBase)
  const outerBase = base
  open.push(builder)
  if (asBase) base = builder
  try {
    return body(builder)
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
    if (!(x instanceof Tracer)) continue
    if (!x.builder.open) throw leaked(op, x)
    if (top === null || x.builder.level > top.level) top = x.builder
  }
  return top
}

const leaked = (op: string, x: Tracer): LeakedTracerError =>
  new LeakedTracerError({
    op,
    expected: 'a traced value may be used only while its function is being traced.',
    received: `${printAval(x.aval)} of a trace that has ended`,
    todo: 'return the value from the traced function instead of keeping it in an outer variable',
  })
