/* What the interpreters of a program share: an environment of values, and running equations as they are. */
import type { Atom, IR, Var } from '../ir/ir.js'
import { literal, type Tensor } from '../tensor.js'
import { bind } from '../trace/bind.js'
import { overEquations } from '../trace/origin.js'

/** Values of a program's variables while it is interpreted. */
export class Environment<T> {
  readonly #values = new Map<number, T>()

  constructor(readonly ofLiteral: (value: Tensor) => T) {}

  set(variables: readonly Var[], values: readonly T[]): void {
    for (const [i, variable] of variables.entries()) {
      const value = values[i]
      if (value === undefined) throw new Error(`no value for variable ${variable.id}`)
      this.#values.set(variable.id, value)
    }
  }

  get(atom: Atom): T {
    if (atom.kind === 'literal') return this.ofLiteral(literal(atom.value, atom.aval.dtype))
    const value = this.#values.get(atom.id)
    if (value === undefined) throw new Error(`variable ${atom.id} is used before it is bound`)
    return value
  }
}

/** Runs a program on values: at once, or into the program being traced. */
export const runIR = (ir: IR, inputs: readonly Tensor[]): readonly Tensor[] => {
  const env = new Environment<Tensor>((x) => x)
  env.set(ir.inputs, inputs)
  overEquations(ir.equations, ({ primitive, inputs: atoms, attrs, results }) => {
    env.set(
      results,
      bind(
        primitive,
        atoms.map((atom) => env.get(atom)),
        attrs,
      ),
    )
  })
  return ir.outputs.map((atom) => env.get(atom))
}
