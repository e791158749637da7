/* A program as one ONNX graph. */
import type { Atom, Equation, IR, Var } from '@cotangent/core'
import { Builder } from './builder.js'
import { loweringOf } from './lowering/index.js'
import { inStore, settled, whole } from './materialise.js'
import type { Graph } from './onnx/model.js'
import { waitsOf } from './order.js'
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

/** Adds the nodes of a program to a graph; its results for these operands. */
const lowerInto = (builder: Builder, ir: IR, operands: readonly Value[]): readonly Value[] => {
  const uses = countUses(ir)
  const waits = waitsOf(ir)
  const values = new Map<number, Value>()
  const set = (variables: IR['inputs'], given: readonly Value[]): void => {
    for (const [i, v] of variables.entries()) {
      const value = given[i]
      if (value !== undefined) values.set(v.id, value)
    }
  }
  set(ir.inputs, operands)

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

  /** The tensors of variables that a barrier waits for; a product that is not there yet is computed now. */
  const tensorsOf = (variables: readonly Var[]): readonly string[] => [
    ...new Set(
      variables.flatMap((v) => {
        const value = valueOf(v)
        if (value.source.kind === 'number') return []
        const ready = inStore(builder, value)
        values.set(v.id, ready)
        return ready.source.constant ? [] : [ready.source.name]
      }),
    ),
  ]

  const lower = (equation: Equation): void => {
    const { primitive, inputs, attrs, results } = equation
    const lowering = loweringOf(primitive.name)
    const [result] = results
    if (lowering === undefined || result === undefined)
      throw new Error(`engine-onnx has no lowering of ${primitive.name}`)
    const given = builder.during(equation, () =>
      lowering(inputs.map(valueOf), attrs, {
        builder,
        results: results.map((v) => v.aval),
        result: result.aval,
        earlier: () => tensorsOf(waits.get(equation) ?? []),
        program: lowerInto,
      }),
    )
    set(results, 'aval' in given ? [given] : given)
  }

  for (const equation of ir.equations) lower(equation)
  return ir.outputs.map(valueOf)
}

/** A program's graph, and where its nodes come from. */
export interface Lowered {
  readonly graph: Graph
  /** The equation that the node belongs to which gives a tensor. */
  readonly equationOf: (tensor: string) => Equation | null
}

/** As `lowerProgram`, with the equation that each node belongs to. */
export const lowerWithOrigins = (ir: IR): Lowered => {
  const builder = Builder.model()
  const operands = ir.inputs.map(({ aval }) => stored(builder.input(aval), aval))
  const results = lowerInto(builder, ir, operands)
  const graph = builder.finish(
    results.map((value, i) => ({ name: whole(builder, value), aval: ir.outputs[i]?.aval ?? value.aval })),
  )
  return { graph, equationOf: (tensor) => builder.equationOf(tensor) }
}

/**
 * The graph of a program: its inputs `x0, x1, ...` and results `y0, y1, ...` are the program's, in order.
 *
 * @throws Error for a primitive without a lowering
 */
export const lowerProgram = (ir: IR): Graph => lowerWithOrigins(ir).graph
