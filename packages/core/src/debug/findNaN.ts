/*
 * Where a NaN (or an infinity) comes from.
 *
 * The program is evaluated equation by equation. A value with a bad element has a fault: of the equation that made it
 * from values without one, or else the earliest among the faults of what it was made from. So the fault of a bad result
 * of the program is the first on its way; what `where` discards is on no way, and is not found.
 */
import type { Equation, HostArray, IR } from '../ir/ir.js'
import { evaluateIR } from '../reference/evaluate.js'
import type { AnyFunction } from '../trace/trace.js'
import { earliest, Faults, firstOf, type Status, type Wanted } from './faults.js'
import type { Enclosing, NaNReport } from './nanReport.js'
import { tracedCall } from './tracedCall.js'

/** The program of an equation that is run, and for which time. */
const enclosing = ({ primitive, attrs, origin }: Equation, program: IR, run: number): Enclosing => {
  const { programs } = primitive.properties
  const which = programs?.of(attrs).indexOf(program) ?? -1
  return {
    op: primitive.name,
    place: programs === undefined || which < 0 ? '' : programs.place(attrs, which, run),
    source: origin?.site?.line ?? null,
  }
}

/** Evaluates a program and looks at every value of it. */
const search = (
  faults: Faults,
  ir: IR,
  inputs: readonly HostArray[],
  within: readonly Enclosing[],
): readonly HostArray[] =>
  evaluateIR(ir, inputs, {
    observe: (equation, operands, results, evaluate) => {
      const statuses = operands.map((x) => faults.given(x, () => null))
      const runs = new Map<IR, number>()
      const before = faults.count
      const inside: Status[] = []
      evaluate((program, values) => {
        const run = runs.get(program) ?? 0
        runs.set(program, run + 1)
        // what a step takes may be a part of an operand, or what an earlier step gave
        for (const x of values) faults.given(x, (kind) => earliest(statuses.map((status) => status[kind])))
        const outs = search(faults, program, values, [...within, enclosing(equation, program, run)])
        inside.push(...outs.map((x) => faults.given(x, () => null)))
        return outs
      })
      faults.judge({ equation, operands, results, inside: inside.map((status) => since(status, before)), within })
    },
  })

/** Only what went wrong since there were so many faults. */
const since = (status: Status, before: number): Status => ({
  nan: (status.nan?.order ?? -1) >= before ? status.nan : undefined,
  infinity: (status.infinity?.order ?? -1) >= before ? status.infinity : undefined,
})

/** What `findNaN` looks for, and how it takes the arguments. */
export interface FindNaNOptions extends Wanted {
  /** Arguments that are plain values, as `compile` takes them. */
  readonly static?: readonly number[]
}

/**
 * The first operation that makes a NaN which reaches a result of f: which it is, on which line, in which pass, in which
 * term of an objective, and from which values. `null` where the results have none. The function is evaluated on the
 * reference evaluator, equation by equation; give it `valueAndGrad(loss)` to search the backward pass too.
 *
 * @param f a pure function of pytrees, not compiled
 * @param options `infinity` to look for infinities as well
 * @returns takes the arguments of f
 * @example
 * const report = findNaN((x: Tensor) => mul(log(x), 0))(array([1, 0]))
 * report?.op // => 'mul'
 * report?.operands[0]?.infinity?.op // => 'log'
 */
export const findNaN =
  <A extends readonly unknown[]>(f: (...args: A) => unknown, options: FindNaNOptions = {}) =>
  (...args: A): NaNReport | null => {
    const { ir, inputs, look } = tracedCall(f as AnyFunction, args, options.static)
    const faults = new Faults()
    look(faults, inputs)
    const outputs = search(faults, ir, inputs, [])
    return firstOf(
      outputs.map((x) => faults.given(x, () => null)),
      options,
    )
  }
