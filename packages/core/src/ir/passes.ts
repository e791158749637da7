/* Passes: each takes a program and returns a new one that computes the same. */
import { within } from '../trace/origin.js'
import { type AnyPrimitive, type Atom, type Equation, freshVar, type IR, type Origin, type Var } from './ir.js'
import { printIR } from './print.js'
import { printNumber } from './settings.js'

type Substitution = Map<number, Atom>

const substitute = (atom: Atom, by: Substitution): Atom => (atom.kind === 'var' ? (by.get(atom.id) ?? atom) : atom)

/** The equation on other inputs; itself where none of its inputs is another. */
const substituteIn = (equation: Equation, by: Substitution): Equation =>
  by.size > 0 && equation.inputs.some((atom) => atom.kind === 'var' && by.has(atom.id))
    ? { ...equation, inputs: equation.inputs.map((atom) => substitute(atom, by)) }
    : equation

/** Copies a program's equations with fresh variables, its inputs replaced; returns its outputs. */
const splice = (ir: IR, inputs: readonly Atom[], origin: Origin | undefined, into: Equation[]): readonly Atom[] => {
  const by: Substitution = new Map()
  for (const [i, v] of ir.inputs.entries()) by.set(v.id, inputs[i] ?? v)
  for (const equation of ir.equations) {
    const operands = equation.inputs.map((atom) => substitute(atom, by))
    const results = equation.results.map((v) => freshVar(v.aval))
    for (const [i, v] of equation.results.entries()) by.set(v.id, results[i] ?? v)
    into.push({ ...equation, inputs: operands, results, origin: within(origin, equation.origin) })
  }
  return ir.outputs.map((atom) => substitute(atom, by))
}

/** Replaces equations by programs: `expand` gives the program for one, or `null` to leave it. */
export const expandEquations = (ir: IR, expand: (equation: Equation) => IR | null): IR => {
  const by: Substitution = new Map()
  const equations: Equation[] = []
  let expanded = false
  for (const before of ir.equations) {
    const equation = substituteIn(before, by)
    const body = expand(before)
    if (body === null) {
      equations.push(equation)
      continue
    }
    expanded = true
    const outputs = splice(body, equation.inputs, equation.origin, equations)
    for (const [i, v] of equation.results.entries()) by.set(v.id, outputs[i] ?? v)
  }
  // the same program where nothing was replaced, so that a caller can tell
  return expanded ? { ...ir, equations, outputs: ir.outputs.map((atom) => substitute(atom, by)) } : ir
}

/** `y = scan[f] x`  ->  `y = scan[pass(f)] x`: a pass over the programs that equations hold. */
export const overPrograms = (ir: IR, pass: (program: IR) => IR): IR =>
  ir.equations.every(({ primitive }) => primitive.properties.programs === undefined)
    ? ir
    : {
        ...ir,
        equations: ir.equations.map((equation) => {
          const { programs } = equation.primitive.properties
          if (programs === undefined) return equation
          return { ...equation, attrs: programs.replace(equation.attrs, programs.of(equation.attrs).map(pass)) }
        }),
      }

const inlineWhere =
  (wanted: (primitive: AnyPrimitive) => boolean) =>
  (ir: IR): IR => {
    const inline = inlineWhere(wanted)
    const expanded = expandEquations(ir, ({ primitive, attrs }) => {
      const body = wanted(primitive) ? primitive.properties.body?.(attrs) : undefined
      return body === undefined ? null : inline(body)
    })
    return overPrograms(expanded, inline)
  }

/** `call[f] x`  ->  the equations of f. */
export const inlineCalls = inlineWhere(() => true)

/** The same for a program that is still to be differentiated: a function with a derivative of its own stays whole. */
export const inlinePlainCalls = inlineWhere(({ properties }) => properties.ownDerivative !== true)

/** `y = identity x`  ->  x in place of y. */
export const dropIdentities = (ir: IR): IR =>
  expandEquations(ir, ({ primitive, inputs: [x] }) => {
    if (primitive.properties.identity !== true || x === undefined) return null
    const v = freshVar(x.aval)
    return { inputs: [v], equations: [], outputs: [v] }
  })

/** Leaves out what no output depends on. */
export const dropUnused = (ir: IR): IR => {
  const used = new Set(ir.outputs.flatMap((atom) => (atom.kind === 'var' ? [atom.id] : [])))
  const kept: Equation[] = []
  for (const equation of ir.equations.toReversed()) {
    if (!equation.results.some((v) => used.has(v.id))) continue
    for (const atom of equation.inputs) if (atom.kind === 'var') used.add(atom.id)
    kept.push(equation)
  }
  return kept.length === ir.equations.length ? ir : { ...ir, equations: kept.reverse() }
}

/** Equal for equations that compute the same. */
const key = ({ primitive, inputs, attrs, results }: Equation): string => {
  let text = `${primitive.name}${primitive.attrs.print(attrs, printIR)} ${results.length}`
  for (const a of inputs) text += a.kind === 'var' ? ` %${a.id}` : ` ${printNumber(a.value)}:${a.aval.dtype}`
  return text
}

/** `a = f x; b = f x`  ->  one equation, a in place of b. */
export const shareCommon = (ir: IR): IR => {
  const by: Substitution = new Map()
  const seen = new Map<string, readonly Var[]>()
  const equations: Equation[] = []
  for (const equation of ir.equations) {
    const mine = substituteIn(equation, by)
    if (mine.primitive.properties.barrier === true) {
      equations.push(mine)
      continue
    }
    const name = key(mine)
    const first = seen.get(name)
    if (first === undefined) {
      seen.set(name, mine.results)
      equations.push(mine)
    } else {
      for (const [i, v] of mine.results.entries()) by.set(v.id, first[i] ?? v)
    }
  }
  return { ...ir, equations, outputs: ir.outputs.map((atom) => substitute(atom, by)) }
}
