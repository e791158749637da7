/*
 * Where each equation runs. What depends on random keys alone is evaluated on the host before the call; what an engine
 * cannot run is evaluated on the host between two of its programs; everything else is one program.
 *
 * Even stages run on the host, odd ones on the engine.
 */
import { range, sizeOf } from '../aval.js'
import { equationFlops } from '../ir/flops.js'
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
  const placed: { readonly equation: Equation; readonly stage: number }[] = []
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
    placed.push({ equation, stage })
  }
  const members = sunk(placed, stageOf, ir.outputs)

  // results that depend on nothing still have to be computed somewhere: on the engine
  const freeOutputs = ir.outputs.filter((atom): atom is Var => atom.kind === 'var' && freeProducer.has(atom.id))
  const count = Math.max(members.length, freeOutputs.length > 0 ? 2 : 0)

  const stages: Stage[] = []
  const needed = variablesIn(ir.outputs) // by what comes later
  for (const index of range(count).reverse()) {
    const equations = members[index] ?? []
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
    for (const id of inputs.keys()) needed.add(id)
  }
  return stages.reverse()
}

/**
 * Equations by stage. One of the engine runs in a later stage where only that one needs its result, and in both where both
 * do, if this hands on no more than its result: a repeated row, a scaled weight, the factor of a derivative.
 */
const sunk = (
  placed: readonly { readonly equation: Equation; readonly stage: number }[],
  stageOf: ReadonlyMap<number, number>,
  outputs: readonly Atom[],
): readonly Equation[][] => {
  const kept = variablesIn(outputs)
  const needing = new Map<number, ReadonlySet<number>>() // by stage
  const need = (atoms: readonly Atom[], stage: number): void => {
    for (const id of variablesIn(atoms)) needing.set(id, new Set([...(needing.get(id) ?? []), stage]))
  }
  const members: Equation[][] = []
  const put = (equation: Equation, stage: number): void => {
    for (let i = members.length; i <= stage; i++) members.push([])
    members[stage]?.unshift(equation)
    need(equation.inputs, stage)
  }
  /** Elements of operands that a stage does not get yet. */
  const handedOn = ({ inputs }: Equation, to: number): number => {
    const there = (id: number): boolean =>
      (stageOf.get(id) ?? 0) === 0 || kept.has(id) || [...(needing.get(id) ?? [])].some((stage) => stage >= to)
    const vars = new Map(inputs.flatMap((atom) => (atom.kind === 'var' && !there(atom.id) ? [[atom.id, atom]] : [])))
    return [...vars.values()].reduce((total, { aval }) => total + sizeOf(aval.shape), 0)
  }
  for (const { equation, stage } of placed.toReversed()) {
    const { results } = equation
    const stages = new Set(results.flatMap(({ id }) => [...(needing.get(id) ?? [])]))
    const [later, ...more] = [...stages].filter((other) => other > stage)
    const size = results.reduce((total, { aval }) => total + sizeOf(aval.shape), 0)
    const moves =
      stage % 2 === 1 &&
      later !== undefined &&
      later % 2 === 1 &&
      more.length === 0 &&
      results.every(({ id }) => !kept.has(id)) &&
      equationFlops(equation) <= size
    const given = moves ? handedOn(equation, later) : size
    const both = stages.has(stage)
    if (moves && (both ? given < size : given <= size)) {
      put(equation, later)
      if (both) put(equation, stage)
    } else {
      put(equation, stage)
    }
  }
  return members
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
