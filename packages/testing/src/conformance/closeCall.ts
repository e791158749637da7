import { evaluateIR, type IR, makeIR, type RunProgram, type Tensor } from '@cotangent/core'
import { type ListFunction, widened } from '../oracle.js'

/** Primitives that choose by which operand is larger. */
const choosers: ReadonlySet<string> = new Set(['less', 'lessEqual', 'equal', 'maximum', 'minimum'])

/** What rounding may do to an operand of such a choice, as a share of it, or of 1: what is small may be left of a difference. */
const near = 1e-5

const isClose = (x: number, y: number): boolean => Math.abs(x - y) <= near * Math.max(Math.abs(x), Math.abs(y), 1)

/**
 * Whether f, computed in f64 at xs, compares two numbers that differ by no more than rounding: then engines may decide
 * otherwise, and both be right. What follows from the choice cannot be compared.
 */
export const hasCloseCall = (f: ListFunction, xs: readonly Tensor[]): boolean => {
  let found = false
  const run = (ir: IR, operands: Parameters<RunProgram>[1]): ReturnType<RunProgram> =>
    evaluateIR(ir, operands, {
      floats: 'f64',
      observe: ({ primitive }, [x, y], _, evaluate) => {
        evaluate(run)
        if (!choosers.has(primitive.name) || x === undefined || y === undefined) return
        for (const [i, value] of x.data.entries()) found ||= isClose(value, y.data[i] ?? Number.NaN)
      },
    })
  run(makeIR((list: readonly Tensor[]) => f(list))(xs), xs.map(widened))
  return found
}
