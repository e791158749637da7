import { type Atom, type Equation, type IR, sizeOf } from '@cotangent/core'
import { lowerEquation } from '../lowerings/index.js'
import { inputValue, stored, uniformValue, type Value } from './value.js'

export interface LoweredProgram {
  /** The result of each equation, in their order. */
  readonly equations: readonly Value[]
  readonly outputs: readonly Value[]
  /** Which equation a value is the result of. */
  readonly origins: ReadonlyMap<Value, Equation>
}

/** A program as a graph of values. */
export const lowerIR = (ir: IR): LoweredProgram => {
  const values = new Map<number, Value>(ir.inputs.map((v, i) => [v.id, inputValue(i, sizeOf(v.aval.shape))]))
  const valueOf = (atom: Atom): Value => {
    if (atom.kind === 'literal') return uniformValue(atom.value, 1)
    const value = values.get(atom.id)
    if (value === undefined) throw new Error(`variable ${atom.id} is used before it is bound`)
    return value
  }
  const origins = new Map<Value, Equation>()
  const equations = ir.equations.map((equation) => {
    const operands = equation.inputs.map((atom) => ({ value: valueOf(atom), aval: atom.aval }))
    const value = lowerEquation(equation, operands)
    for (const { id } of equation.results) values.set(id, value)
    if (!origins.has(value)) origins.set(value, equation)
    return value
  })
  return { equations, origins, outputs: ir.outputs.map((atom) => stored(valueOf(atom))) }
}
