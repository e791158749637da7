/* What can be found out of a primitive from its record and its cases, by looking at some of them. */
import { type AnyPrimitive, type DType, type Equation, isFloating, makeIR, type Tensor, zeros } from '@cotangent/core'
import * as fc from 'fast-check'
import type { Case, PrimitiveGenerator } from '../primitives/case.js'

/** Of the tame cases, as far as forty of them show. */
export interface Facts {
  /** The cases that were looked at. */
  readonly cases: readonly Case[]
  /** Dtypes of each operand. */
  readonly operands: readonly ReadonlySet<DType>[]
  readonly results: ReadonlySet<DType>
  /** The same of its equations in the programs of the cases; of its record where a transform has taken them away. */
  readonly equationOperands: readonly ReadonlySet<DType>[]
  readonly equationResults: ReadonlySet<DType>
  /** The most axes of each operand of its equations. */
  readonly equationRanks: readonly number[]
  /** Names of its settings. */
  readonly attributes: readonly string[]
  /** Operands that it is linear in, the others fixed: those with a transpose rule of their own. */
  readonly linearIn: readonly number[]
  /** Whether any case is made of other primitives where there is no lowering. */
  readonly decomposes: boolean
  /** Whether other primitives say what it computes, in any case. */
  readonly defined: boolean
  /** How far an f32 engine may be off. */
  readonly tolerances: readonly string[]
}

const samples = 40

const programOf = ({ apply, operands }: Case) => makeIR((xs: readonly Tensor[]) => [...apply(xs)])(operands)

/** Its equations in the programs of its cases. */
const equationsIn = (primitive: AnyPrimitive, cases: readonly Case[]): readonly Equation[] =>
  cases.flatMap((c) => programOf(c).equations).filter((equation) => equation.primitive.name === primitive.name)

const attributesIn = (equations: readonly Equation[]): readonly string[] => [
  ...new Set(equations.flatMap(({ attrs }) => Object.keys(attrs as object))), // border: settings are plain data
]

/** Whether there is a decomposition for these operands and settings. */
export const decomposesHere = ({ primitive, inputs, attrs }: Equation): boolean =>
  primitive.decompose(
    inputs.map(({ aval }) => zeros(aval.shape, aval.dtype)),
    attrs,
  ) !== null

/** The dtypes at each place of several lists. */
const columns = (lists: readonly (readonly DType[])[]): readonly ReadonlySet<DType>[] =>
  Array.from(
    { length: Math.max(0, ...lists.map((list) => list.length)) },
    (_, i) => new Set(lists.flatMap((list) => list[i] ?? [])),
  )

/** The largest number at each place of several lists. */
const highest = (lists: readonly (readonly number[])[]): readonly number[] =>
  Array.from({ length: Math.max(0, ...lists.map((list) => list.length)) }, (_, i) =>
    Math.max(...lists.flatMap((list) => list[i] ?? [])),
  )

export const factsOf = (primitive: AnyPrimitive, generator: PrimitiveGenerator): Facts => {
  const cases = fc.sample(generator.tame, { numRuns: samples, seed: 1 })
  const operands = columns(cases.map((c) => c.operands.map((x) => x.dtype)))
  const linearIn = operands.flatMap((types, i) =>
    [...types].some(isFloating) && typeof primitive.transpose(i) === 'function' ? [i] : [],
  )
  const equations = equationsIn(primitive, cases)
  const results = new Set(cases.flatMap((c) => c.apply(c.operands).map((y) => y.dtype)))
  const gone = equations.length === 0 && typeof primitive.arity === 'number'
  return {
    cases,
    operands,
    results,
    equationOperands: gone
      ? operands.slice(0, Number(primitive.arity))
      : columns(equations.map(({ inputs }) => inputs.map(({ aval }) => aval.dtype))),
    equationRanks: gone
      ? operands.map(() => 1)
      : highest(equations.map(({ inputs }) => inputs.map(({ aval }) => aval.shape.length))),
    equationResults: gone ? results : new Set(equations.flatMap((e) => e.results.map(({ aval }) => aval.dtype))),
    attributes: attributesIn(equations),
    linearIn,
    decomposes: equations.some(decomposesHere),
    defined: cases.some((c) => c.definition !== undefined),
    tolerances: [...new Set(cases.map((c) => c.tolerance.reason))],
  }
}
