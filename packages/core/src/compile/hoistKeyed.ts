/*
 * Random numbers out of loops and choices. An engine does not draw them, so a loop that does would run on the host as a
 * whole; but keys depend on keys alone:
 *
 *   y = scan[draw a mask, use it] keys x   ->   masks = scan[draw a mask] keys
 *                                               y = scan[use a mask] masks x
 *
 * The first loop runs on the host before the call. Likewise for what the branches of a choice draw.
 */
import type { Atom, Equation, IR, SplitProgram, Var } from '../ir/ir.js'
import { expandEquations } from '../ir/passes.js'
import { traceLeaves } from '../trace/trace.js'
import { type Flags, others } from '../transforms/heldPrograms.js'
import { prepareIR } from './prepare.js'
import { runsWhole, withFree } from './stages.js'

/** Depends on nothing, on keys and counters, or on anything else. */
type Kind = 'free' | 'early' | 'late'

type RunsOne = (equation: Equation) => boolean

const kindIn = (kinds: ReadonlyMap<number, Kind>, atom: Atom): Kind =>
  atom.kind === 'literal' ? 'free' : (kinds.get(atom.id) ?? 'late')

const kindOf = (equation: Equation, operands: readonly Kind[], runs: RunsOne): Kind => {
  if (operands.includes('late')) return 'late'
  return operands.includes('early') || !runsWhole(equation, runs) ? 'early' : 'free'
}

/** The kind of each variable of a program, from those of its inputs. */
const kindsOf = (ir: IR, inputs: readonly Kind[], runs: RunsOne): ReadonlyMap<number, Kind> => {
  const kinds = new Map(ir.inputs.map((v, i) => [v.id, inputs[i] ?? 'late']))
  for (const equation of ir.equations) {
    const kind = kindOf(
      equation,
      equation.inputs.map((atom) => kindIn(kinds, atom)),
      runs,
    )
    for (const v of equation.results) kinds.set(v.id, kind)
  }
  return kinds
}

const kindsFor = (late: Flags): readonly Kind[] => late.map((isLate) => (isLate ? 'late' : 'early'))

const producersIn = (equations: readonly Equation[]): ReadonlyMap<number, Equation> =>
  new Map(equations.flatMap((equation) => equation.results.map((v) => [v.id, equation] as const)))

/** Takes a program apart into what is early and what is late; each part computes for itself what depends on nothing. */
const splitBy =
  (runs: RunsOne): SplitProgram =>
  (given, late, wanted = []) => {
    const ir = hoistIn(given, kindsFor(late), runs)
    const kinds = kindsOf(ir, kindsFor(late), runs)
    const equationsOf = (kind: Kind): readonly Equation[] =>
      ir.equations.filter(({ results: [v] }) => v !== undefined && kinds.get(v.id) === kind)
    const free = producersIn(equationsOf('free'))
    const outputs = ir.outputs.map((atom, i) => wanted[i] === true || kindIn(kinds, atom) === 'late')
    const ofRest = ir.outputs.filter((_, i) => outputs[i])
    const rest = withFree(equationsOf('late'), ofRest, free)
    const handed = new Map(
      [...rest.flatMap(({ inputs }) => inputs), ...ofRest].flatMap((atom) =>
        atom.kind === 'var' && kinds.get(atom.id) === 'early' ? [[atom.id, atom] as const] : [],
      ),
    )
    const early = others(ir.inputs, late)
    const places = new Map(early.map((v, i) => [v.id, i]))
    const saved = [...handed.values()].filter((v) => !places.has(v.id))
    const ofKnown = [...others(ir.outputs, outputs), ...saved]
    return {
      known: { inputs: early, equations: withFree(equationsOf('early'), ofKnown, free), outputs: ofKnown },
      linear: {
        inputs: [...handed.values(), ...ir.inputs.filter((_, i) => late[i])],
        equations: rest,
        outputs: ofRest,
      },
      outputs,
      residuals: [...handed.values()].map((v) => {
        const input = places.get(v.id)
        return input === undefined ? { saved: saved.indexOf(v) } : { input }
      }),
    }
  }

/** The program for an equation with its draws taken out; `null` where it would not run on the engine even so. */
const takenApart = ({ primitive, inputs, attrs }: Equation, late: Flags, runs: RunsOne): IR | null => {
  const programs = primitive.properties.programs
  if (programs === undefined) return null
  let has = true
  const { ir } = traceLeaves(
    inputs.map((atom) => atom.aval),
    (operands) => {
      const parts = programs.hoist(operands, late, attrs, splitBy(runs))
      has = parts !== null
      return parts ?? []
    },
  )
  if (!has) return null
  const kinds = kindsOf(ir, kindsFor(late), runs)
  const isLate = ({ inputs: atoms }: Equation): boolean => atoms.some((atom) => kindIn(kinds, atom) === 'late')
  return ir.equations.every((equation) => !isLate(equation) || runsWhole(equation, runs)) ? ir : null
}

/** `y = barrier x`  ->  x: what is early is kept until the engine runs, so computing it twice would save nothing. */
const withoutBarrier = ({ inputs: [x] }: Equation): IR | null => {
  if (x === undefined) return null
  const { ir } = traceLeaves([x.aval], (operands) => operands)
  return ir
}

const insteadOf = (equation: Equation, kind: Kind, operands: readonly Kind[], runs: RunsOne): IR | null => {
  const { barrier, programs } = equation.primitive.properties
  if (kind === 'early' && barrier === true) return withoutBarrier(equation)
  if (kind !== 'late' || programs === undefined || runsWhole(equation, runs)) return null
  return takenApart(
    equation,
    operands.map((k) => k === 'late'),
    runs,
  )
}

const hoistIn = (ir: IR, inputs: readonly Kind[], runs: RunsOne): IR => {
  const kinds = new Map(ir.inputs.map((v, i) => [v.id, inputs[i] ?? 'late']))
  return expandEquations(ir, (equation) => {
    const operands = equation.inputs.map((atom) => kindIn(kinds, atom))
    const kind = kindOf(equation, operands, runs)
    const instead = insteadOf(equation, kind, operands, runs)
    const within = instead === null ? null : kindsOf(instead, operands, runs)
    for (const [i, v] of equation.results.entries()) {
      const output = instead?.outputs[i]
      kinds.set(v.id, within === null || output === undefined ? kind : kindIn(within, output))
    }
    return instead
  })
}

/** What draws depend on: keys, and counters that are folded into them. */
const isEarly = ({ aval: { shape, dtype } }: Var): boolean => dtype === 'u32' || (dtype === 'i32' && shape.length === 0)

/**
 * A prepared program in which loops and choices draw no random numbers, where these depend on keys and counters alone.
 *
 * @param runs whether the engine can run an equation, the programs it holds aside
 */
export const hoistKeyed = (ir: IR, runs: RunsOne): IR => {
  const hoisted = hoistIn(ir, kindsFor(ir.inputs.map((v) => !isEarly(v))), runs)
  const isSame = hoisted.equations.every((equation, i) => equation === ir.equations[i])
  return isSame && hoisted.equations.length === ir.equations.length ? ir : prepareIR(hoisted, () => true)
}
