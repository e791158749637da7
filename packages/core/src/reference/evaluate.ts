/* The reference evaluator: a program on typed arrays, equation by equation, with the records' own `evaluate`. */
import { type Aval, allocate, type DType, sizeOf } from '../aval.js'
import type { Atom, Equation, IR } from '../ir/ir.js'
import type { HostArray, RunProgram } from '../primitives/primitive.js'

/**
 * Looks on at the evaluation of each equation of a program. It must call `evaluate`, which fills the results; the
 * programs that the equation holds are run by what it gives.
 */
export type Observe = (
  equation: Equation,
  operands: readonly HostArray[],
  results: readonly HostArray[],
  evaluate: (run: RunProgram) => void,
) => void

/** The precision of an evaluation, and who looks on. */
export interface EvaluateOptions {
  /** `'f64'`: an f32 program computed in f64, as the oracle of tests. */
  readonly floats?: 'f64'
  readonly observe?: Observe
}

/** For each equation, the variables that are not needed after it. */
const lastUses = (ir: IR): readonly (readonly number[])[] => {
  const last = new Map<number, number>()
  for (const [i, { inputs, results }] of ir.equations.entries()) {
    for (const v of results) last.set(v.id, i)
    for (const atom of inputs) if (atom.kind === 'var') last.set(atom.id, i)
  }
  for (const atom of ir.outputs) if (atom.kind === 'var') last.delete(atom.id)
  const dead: number[][] = ir.equations.map(() => [])
  for (const [id, i] of last) dead[i]?.push(id)
  return dead
}

/**
 * Runs a program on host arrays.
 *
 * @example evaluateIR(makeIR(f)(x), [x], { floats: 'f64' })
 */
export const evaluateIR = (
  ir: IR,
  inputs: readonly HostArray[],
  options: EvaluateOptions = {},
): readonly HostArray[] => {
  const wide = options.floats === 'f64'
  const run: RunProgram = (inner, operands) => evaluateIR(inner, operands, options)
  const storage = (dtype: DType): DType => (wide && dtype === 'f32' ? 'f64' : dtype)
  const fresh = ({ shape, dtype }: Aval): HostArray => ({
    shape,
    dtype,
    data: allocate(storage(dtype), sizeOf(shape)),
  })
  const widened = (x: HostArray): HostArray =>
    wide && x.data instanceof Float32Array
      ? { shape: x.shape, dtype: x.dtype, data: Float64Array.from<number>(x.data) }
      : x
  const values = new Map<number, HostArray>()
  const valueOf = (atom: Atom): HostArray => {
    if (atom.kind === 'literal') {
      const x = fresh(atom.aval)
      x.data[0] = atom.value
      return x
    }
    const value = values.get(atom.id)
    if (value === undefined) throw new Error(`variable ${atom.id} is used before it is bound`)
    return value
  }
  for (const [i, v] of ir.inputs.entries()) {
    const x = inputs[i]
    if (x === undefined) throw new Error(`the program takes ${ir.inputs.length} inputs, ${inputs.length} were given`)
    values.set(v.id, widened(x))
  }
  const dead = lastUses(ir)
  for (const [i, equation] of ir.equations.entries()) {
    const { primitive, inputs: atoms, attrs, results } = equation
    const operands = atoms.map(valueOf)
    const outs = results.map((v) => fresh(v.aval))
    if (options.observe === undefined) primitive.evaluate(operands, attrs, outs, run)
    else options.observe(equation, operands, outs, (by) => primitive.evaluate(operands, attrs, outs, by))
    for (const [j, v] of results.entries()) {
      const out = outs[j]
      if (out !== undefined) values.set(v.id, out)
    }
    for (const id of dead[i] ?? []) values.delete(id)
  }
  return ir.outputs.map(valueOf)
}
