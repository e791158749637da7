/*
 * Loops and choices without what nobody needs: results that are not used, the parts of a carry that only serve them,
 * operands that no program reads, and arrays that a loop stacks twice.
 */
import type { Atom, Equation, IR, Var } from './ir.js'

type Flags = readonly boolean[]

/** Which inputs of a program the chosen outputs depend on. */
export const dependencies = (ir: IR, outputs: Flags): Flags => {
  const needed = new Set<number>()
  const need = (atom: Atom): void => {
    if (atom.kind === 'var') needed.add(atom.id)
  }
  for (const [i, atom] of ir.outputs.entries()) if (outputs[i]) need(atom)
  for (const { inputs, results } of [...ir.equations].reverse()) {
    if (results.some((v) => needed.has(v.id))) inputs.forEach(need)
  }
  return ir.inputs.map((v) => needed.has(v.id))
}

/** A program with some of its inputs and outputs; the inputs left out must not be needed. */
export const restricted = (ir: IR, inputs: Flags, outputs: Flags): IR => ({
  ...ir,
  inputs: ir.inputs.filter((_, i) => inputs[i]),
  outputs: ir.outputs.filter((_, i) => outputs[i]),
})

/** For each item that is kept its place in the shorter list, and `null` for the others. */
export const placesOf = (kept: Flags): readonly (number | null)[] => {
  let next = 0
  return kept.map((keeps) => (keeps ? next++ : null))
}

/** `[a, b, c] = scan[f] x y`  ->  `[a] = scan[f'] x`, where b and c are not used, and y served them only. */
export const pruneHeld = (ir: IR): IR => {
  const used = new Set(ir.outputs.flatMap((atom) => (atom.kind === 'var' ? [atom.id] : [])))
  const by = new Map<number, Var>()
  const kept: Equation[] = []
  for (const equation of [...ir.equations].reverse()) {
    if (!equation.results.some((v) => used.has(v.id))) continue
    const pruned = pruneEquation(equation, used, by)
    for (const atom of pruned.inputs) if (atom.kind === 'var') used.add(atom.id)
    kept.push(pruned)
  }
  const renamed = (atom: Atom): Atom => (atom.kind === 'var' ? (by.get(atom.id) ?? atom) : atom)
  return {
    ...ir,
    equations: kept.reverse().map((equation) => ({ ...equation, inputs: equation.inputs.map(renamed) })),
    outputs: ir.outputs.map(renamed),
  }
}

/** One equation; results that became one are noted in `by`. */
const pruneEquation = (equation: Equation, used: ReadonlySet<number>, by: Map<number, Var>): Equation => {
  const programs = equation.primitive.properties.programs
  if (programs === undefined) return equation
  const { attrs, operands, results } = programs.prune(
    equation.attrs,
    equation.results.map((v) => used.has(v.id)),
  )
  const left: Var[] = []
  for (const [i, v] of equation.results.entries()) {
    const place = results[i] ?? null
    if (place === null) continue
    const first = left[place]
    if (first === undefined) left[place] = v
    else by.set(v.id, first)
  }
  return { ...equation, attrs, inputs: equation.inputs.filter((_, i) => operands[i]), results: left }
}
