/*
 * Which equations of a program have a wrong derivative: each is a function of its own, whose derivative is compared with
 * its difference at the values it has in the program.
 */
import {
  bind,
  type Equation,
  type HostTensor,
  type IR,
  isFloating,
  makeIR,
  printAval,
  printIR,
  type Tensor,
} from '@cotangent/core'
import { LawError } from './lawError.js'
import type { Problem } from './problem.js'
import { operandsOf, valuesIn } from './variables.js'

/** Most equations that are named. */
const most = 3

/** One equation as a problem: its floating variables move; numbers that it holds, and integers, stay. */
const problemOf = (equation: Equation, values: ReadonlyMap<number, HostTensor>): Problem => {
  const operands = operandsOf(equation, values)
  const moves = operands.map((x, i) => equation.inputs[i]?.kind === 'var' && isFloating(x.dtype))
  const f = (xs: readonly Tensor[]): readonly Tensor[] => {
    let next = 0
    const all = operands.map((x, i) => (moves[i] ? (xs[next++] ?? x) : x))
    return bind(equation.primitive, all, equation.attrs).filter((y) => isFloating(y.dtype))
  }
  const xs = operands.filter((_, i) => moves[i])
  return { f, xs, paths: xs.map((_, i) => `[${i}]`), print: () => printIR(makeIR((...all: Tensor[]) => f(all))(...xs)) }
}

/** The primitive with its settings and operands, in one line. */
const described = ({ primitive, attrs, inputs }: Equation): string =>
  `${primitive.name}${primitive.attrs.print(attrs, () => '{...}')} ${inputs.map((atom) => printAval(atom.aval)).join(' ')}`
    .replaceAll(/\s+/g, ' ')
    .trim()

/** Whether a check throws, and what it received. */
const broken = (check: (part: Problem) => void, problem: Problem): string | null => {
  try {
    check(problem)
    return null
  } catch (error) {
    return error instanceof LawError ? error.received : null
  }
}

/** A call's own equations are to blame before the call is. */
const within = (ir: IR, inputs: readonly Tensor[], check: (part: Problem) => void): readonly string[] => {
  const values = valuesIn(ir, inputs)
  return ir.equations.flatMap((equation) => {
    const problem = problemOf(equation, values)
    const received = broken(check, problem)
    if (received === null) return []
    const body = equation.primitive.properties.body?.(equation.attrs)
    const inner = body === undefined ? [] : within(body, operandsOf(equation, values), check)
    return inner.length > 0 ? inner : [`${described(equation)}: ${received}`]
  })
}

/**
 * The equations whose own derivative is broken by a check, each with what was received; none where the error lies in
 * how they are put together.
 *
 * @param check throws where the derivative of a problem is wrong
 */
export const suspects = (problem: Problem, check: (part: Problem) => void): readonly string[] => {
  const program = makeIR((...xs: readonly Tensor[]) => problem.f(xs))(...problem.xs)
  return within(program, [...program.captured, ...problem.xs], check).slice(0, most)
}
