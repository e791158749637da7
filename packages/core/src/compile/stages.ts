/*
 * Where each equation runs. What depends on random keys alone is evaluated on the host before the call; what an engine
 * cannot run is evaluated on the host between two of its programs; everything else is one program.
 *
 * Even stages run on the host, odd ones on the engine.
 */
import type { Atom, Equation, IR, Var } from '../ir/ir.js'

/** A part of a program that runs in one place. */
export interface Stage {
  readonly where: 'host' | 'engine'
  readonly ir: IR
}

/** Depends on nothing (iota, constants), on keys alone, or on anything else. */
type Origin = 'free' | 'keyed' | 'data'

/**
 * The stages of a program, in the order they run.
 *
 * @param runsOne whether the engine can run an equation, the programs it holds aside
 */
export const planStages = (ir: IR, runsOne: (equation: Equation) => boolean): readonly Stage[] => {
  const runs = (equation: Equation): boolean => runsWhole(equation, runsOne)
  const origin = new Map<number, Origin>(ir.inputs.map((v) => [v.id, v.aval.dtype === 'u32' ? 'keyed' : 'data']))
  const stageOf = new Map<number, number>(ir.inputs.map((v) => [v.id, 0]))
  const members: Equation[][] = []
  const freeProducer = new Map<number, Equation>()

  for (const equation of ir.equations) {
    let [earliest, anyKeyed, anyData] = [0, false, false]
    for (const atom of equation.inputs) {
      if (atom.kind === 'literal') continue
      const from = origin.get(atom.id)
      anyKeyed ||= from === 'keyed'
      anyData ||= from === 'data'
      earliest = Math.max(earliest, stageOf.get(atom.id) ?? 0)
    }
    const keyed = equation.primitive.properties.host === true || (anyKeyed && !anyData)
    const alone = !anyKeyed && !anyData
    // what depends on nothing but does not run on the engine is computed before the call too
    const mine: Origin = keyed || (alone && !runs(equation)) ? 'keyed' : alone ? 'free' : 'data'
    for (const v of equation.results) origin.set(v.id, mine)
    if (mine === 'free') {
      for (const v of equation.results) freeProducer.set(v.id, equation)
      continue
    }
    const wanted = mine === 'keyed' || !runs(equation) ? 0 : 1
    const stage = earliest % 2 === wanted ? earliest : earliest + 1
    for (const v of equation.results) stageOf.set(v.id, stage)
    for (let i = members.length; i <= stage; i++) members.push([])
    members[stage]?.push(equation)
  }

  // results that depend on nothing still have to be computed somewhere: on the engine
  const freeOutputs = ir.outputs.filter((atom): atom is Var => atom.kind === 'var' && freeProducer.has(atom.id))
  if (freeOutputs.length > 0) {
    for (let i = members.length; i <= 1; i++) members.push([])
  }

  const stages: Stage[] = []
  const needed = variablesIn(ir.outputs) // by what comes later
  for (const [index, equations] of [...members.entries()].reverse()) {
    const extra = index === 1 ? freeOutputs : []
    if (equations.length === 0 && extra.length === 0) continue
    const whole = withFree(equations, extra, freeProducer)
    const bound = new Set<number>()
    const inputs = new Map<number, Var>()
    for (const { inputs: atoms, results } of whole) {
      for (const atom of atoms) if (atom.kind === 'var' && !bound.has(atom.id)) inputs.set(atom.id, atom)
      for (const v of results) bound.add(v.id)
    }
    const outputs: Atom[] = []
    for (const { results } of equations) for (const v of results) if (needed.has(v.id)) outputs.push(v)
    outputs.push(...new Map(extra.map((v) => [v.id, v])).values())
    stages.push({
      where: index % 2 === 0 ? 'host' : 'engine',
      ir: { inputs: [...inputs.values()], equations: whole, outputs },
    })
    for (const { inputs: atoms } of equations) for (const atom of atoms) if (atom.kind === 'var') needed.add(atom.id)
  }
  return stages.reverse()
}

const variablesIn = (atoms: readonly Atom[]): Set<number> =>
  new Set(atoms.flatMap((atom) => (atom.kind === 'var' ? [atom.id] : [])))

/** Whether an equation can run on the engine with the programs it holds; if not, the whole of it runs on the host. */
export const runsWhole = (equation: Equation, runsOne: (equation: Equation) => boolean): boolean => {
  const { primitive, attrs } = equation
  const held = primitive.properties.programs?.of(attrs) ?? []
  return (
    primitive.properties.host !== true &&
    runsOne(equation) &&
    held.every(({ equations }) => equations.every((inner) => runsWhole(inner, runsOne)))
  )
}

/** The equations with those they need that depend on nothing, which each part computes for itself. */
export const withFree = (
  equations: readonly Equation[],
  outputs: readonly Atom[],
  producers: ReadonlyMap<number, Equation>,
): readonly Equation[] => {
  const done = new Set<Equation>()
  const ordered: Equation[] = []
  const require = (atom: Atom): void => {
    const producer = atom.kind === 'var' ? producers.get(atom.id) : undefined
    if (producer === undefined || done.has(producer)) return
    done.add(producer)
    for (const operand of producer.inputs) require(operand)
    ordered.push(producer)
  }
  for (const atom of outputs) require(atom)
  for (const equation of equations) {
    for (const atom of equation.inputs) require(atom)
    ordered.push(equation)
  }
  return ordered
}
