/* A program as one ONNX graph. */
import type { Atom, Equation, IR } from '@cotangent/core'
import { Builder } from './builder.js'
import { loweringOf } from './lowering/index.js'
import { settled, whole } from './materialise.js'
import type { Graph } from './onnx/model.js'
import { number, stored, type Value } from './value.js'

/** How often each variable is read, by equations and by the result. */
const countUses = (ir: IR): ReadonlyMap<number, number> => {
  const uses = new Map<number, number>()
  const count = (atom: Atom): void => {
    if (atom.kind === 'var') uses.set(atom.id, (uses.get(atom.id) ?? 0) + 1)
  }
  for (const { inputs } of ir.equations) inputs.forEach(count)
  ir.outputs.forEach(count)
  return uses
}

/**
 * The graph of a program: its inputs `x0, x1, ...` and results `y0, y1, ...` are the program's, in order.
 *
 * @throws Error for a primitive without a lowering
 */
export const lowerProgram = (ir: IR): Graph => {
  const builder = new Builder()
  const uses = countUses(ir)
  const values = new Map<number, Value>()
  for (const v of ir.inputs) values.set(v.id, stored(builder.input(v.aval), v.aval))

  const valueOf = (atom: Atom): Value => {
    if (atom.kind === 'literal') return number(atom.value, atom.aval)
    const value = values.get(atom.id)
    if (value === undefined) throw new Error(`variable ${atom.id} is used before it is bound`)
    // a product that several equations read is computed once
    if (value.source.kind !== 'product' || (uses.get(atom.id) ?? 0) < 2) return value
    const ready = settled(builder, value)
    values.set(atom.id, ready)
    return ready
  }

  const lower = ({ primitive, inputs, attrs, results }: Equation): void => {
    const lowering = loweringOf(primitive.name)
    const [result] = results
    if (lowering === undefined || result === undefined)
      throw new Error(`engine-onnx has no lowering of ${primitive.name}`)
    const given = lowering(inputs.map(valueOf), attrs, {
      builder,
      results: results.map((v) => v.aval),
      result: result.aval,
    })
    const list: readonly Value[] = 'aval' in given ? [given] : given
    for (const [i, v] of results.entries()) {
      const value = list[i]
      if (value !== undefined) values.set(v.id, value)
    }
  }

  for (const equation of ir.equations) lower(equation)
  return builder.finish(ir.outputs.map((atom) => ({ name: whole(builder, valueOf(atom)), aval: atom.aval })))
}
