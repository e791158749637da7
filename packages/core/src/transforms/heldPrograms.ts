/*
 * A program inside of an equation, transformed: what the rules of loops, choices and checkpoints are made of.
 * Flags say, input by input or output by output, which has a tangent, is linear, or has a batch axis.
 */
import { type Aval, aval } from '../aval.js'
import type { Atom, IR, Residual, Split } from '../ir/ir.js'
import { broadcastTo, zeros, zerosLike } from '../primitives/broadcast.js'
import type { Tensor } from '../tensor.js'
import { traceLeaves } from '../trace/trace.js'
import { Tracer, withBuilder } from '../trace/tracer.js'
import { runIR } from './interpret.js'
import { jvpIR } from './jvp.js'
import { transposeIR } from './transpose.js'
import { batchIR } from './vmap.js'

/** One answer per input, or per output. */
export type Flags = readonly boolean[]

/** The items whose flag is set. */
export const chosen = <T>(items: readonly T[], flags: Flags): readonly T[] => items.filter((_, i) => flags[i] === true)

/** The items whose flag is not set. */
export const others = <T>(items: readonly T[], flags: Flags): readonly T[] => items.filter((_, i) => flags[i] !== true)

/** Puts together what `chosen` and `others` took apart. */
export const merged = <T>(flags: Flags, set: readonly T[], unset: readonly T[]): readonly T[] => {
  let [nextSet, nextUnset] = [0, 0]
  return flags.flatMap((flag) => (flag ? set.slice(nextSet, ++nextSet) : unset.slice(nextUnset, ++nextUnset)))
}

/** The avals of a program's inputs or outputs. */
export const avalsOf = (atoms: readonly Atom[]): readonly Aval[] => atoms.map((atom) => atom.aval)

/** Traces a program that closes over nothing. */
export const closedProgram = (avals: readonly Aval[], f: (leaves: readonly Tensor[]) => readonly Tensor[]): IR => {
  const { ir, captured } = traceLeaves(avals, f)
  if (captured.length > 0) throw new Error('a rule captured a tensor in the program it made: use constant()')
  return ir
}

/** A program and, per output, whether the rule's question holds for it. */
export interface Transformed {
  readonly ir: IR
  readonly outputs: Flags
}

/**
 * `[x, dx of the active] -> [y, dy of those that have one]`
 *
 * @param wanted outputs that get a tangent in any case
 */
export const jvpProgram = (ir: IR, active: Flags, wanted: Flags = []): Transformed => {
  let outputs: Flags = []
  const count = ir.inputs.length
  const both = closedProgram([...avalsOf(ir.inputs), ...chosen(avalsOf(ir.inputs), active)], (leaves) => {
    const tangents = merged<Tensor | null>(
      active,
      leaves.slice(count),
      ir.inputs.map(() => null),
    )
    const duals = jvpIR(
      ir,
      leaves.slice(0, count).map((primal, i) => ({ primal, tangent: tangents[i] ?? null })),
    )
    outputs = duals.map(({ tangent }, i) => tangent !== null || wanted[i] === true)
    return [
      ...duals.map(({ primal }) => primal),
      ...chosen(duals, outputs).map(({ primal, tangent }) => tangent ?? zerosLike(primal)),
    ]
  })
  return { ir: both, outputs }
}

/** `f` with a batch axis in front of the inputs that are mapped, and of the outputs that are said to be. */
export const batchProgram = (
  ir: IR,
  mapped: Flags,
  { size, axisName, wanted = [] }: { readonly size: number; readonly axisName: string | null; readonly wanted?: Flags },
): Transformed => {
  let outputs: Flags = []
  const avals = ir.inputs.map((v, i) => (mapped[i] ? aval([size, ...v.aval.shape], v.aval.dtype) : v.aval))
  const batched = closedProgram(avals, (leaves) => {
    const results = batchIR(
      ir,
      leaves.map((value, i) => ({ value, mapped: mapped[i] === true })),
      size,
      axisName,
    )
    outputs = results.map((y, i) => y.mapped || wanted[i] === true)
    return results.map(({ value, mapped: isMapped }, i) =>
      outputs[i] && !isMapped ? broadcastTo(value, [size, ...value.shape]) : value,
    )
  })
  return { ir: batched, outputs }
}

/**
 * Splits a program by which of its inputs are linear.
 *
 * @param wanted outputs that the linear part gives in any case
 */
export const splitProgram = (ir: IR, isLinear: Flags, wanted: Flags = []): Split => {
  let rest: Omit<Split, 'known'> | null = null
  const known = closedProgram(others(avalsOf(ir.inputs), isLinear), (leaves) =>
    withBuilder(false, (builder) => {
      const linearInputs = chosen(ir.inputs, isLinear).map((v) => builder.input(v.aval))
      const results = runIR(ir, merged<Tensor>(isLinear, linearInputs, leaves))
      const outputs = results.map((y, i) => wanted[i] === true || (y instanceof Tracer && y.builder === builder))
      const { ir: linear, captured } = builder.finish(chosen(results, outputs))
      const saved = captured.filter((x) => !leaves.includes(x))
      const residuals = captured.map((x): Residual => {
        const input = leaves.indexOf(x)
        return input < 0 ? { saved: saved.indexOf(x) } : { input }
      })
      rest = { linear, outputs, residuals }
      return [...others(results, outputs), ...saved]
    }),
  )
  if (rest === null) throw new Error('unreachable')
  return { known, ...(rest as Omit<Split, 'known'>) }
}

/**
 * `[known inputs, cotangents of the outputs where given] -> [cotangents of the linear inputs]`
 */
export const transposeProgram = (ir: IR, isLinear: Flags, given: Flags): IR => {
  const known = others(ir.inputs, isLinear)
  const linear = chosen(ir.inputs, isLinear)
  return closedProgram([...avalsOf(known), ...chosen(avalsOf(ir.outputs), given)], (leaves) => {
    const cts = merged<Tensor | null>(
      given,
      leaves.slice(known.length),
      ir.outputs.map(() => null),
    )
    const parts = transposeIR({ ...ir, inputs: [...known, ...linear] }, leaves.slice(0, known.length), cts)
    return parts.map((ct, i) => ct ?? zeros(linear[i]?.aval.shape ?? [], linear[i]?.aval.dtype))
  })
}

/**
 * Grows a set of flags until a step adds nothing: which parts of a loop's carry have a tangent, are linear, or have a
 * batch axis. A flag once set stays set, so it ends.
 */
export const fixpoint = (start: Flags, step: (flags: Flags) => Flags): Flags => {
  const next = step(start)
  const grown = start.map((flag, i) => flag || next[i] === true)
  return grown.every((flag, i) => flag === start[i]) ? start : fixpoint(grown, step)
}
