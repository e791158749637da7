/* Random programs: 1 to 12 steps, each an operation, a loop or a call on earlier values. */
import { div, type HostTensor, sum, type Tensor } from '@cotangent/core'
import * as fc from 'fast-check'
import {
  type Binary,
  choices,
  layout,
  piecewise,
  piecewisePairs,
  smooth,
  smoothPairs,
  structured,
  ties,
  type Unary,
} from './programSteps.js'
import { tensorArbitrary } from './tensors.js'
import { between } from './values.js'

/** A random function of a list of tensors, with arguments that suit it. The value is a scalar. */
export interface RandomProgram {
  readonly f: (...xs: Tensor[]) => Tensor
  readonly args: readonly HostTensor[]
  toString(): string
}

interface Step {
  readonly name: string
  readonly apply: (values: readonly Tensor[]) => Tensor
}

/** The value `back` places before the last one. */
const pick = (values: readonly Tensor[], back: number): Tensor => {
  const value = values[values.length - 1 - (back % values.length)]
  if (value === undefined) throw new Error('a program needs an argument')
  return value
}

const unaryStep = (table: Readonly<Record<string, Unary>>): fc.Arbitrary<Step> =>
  fc
    .tuple(fc.constantFrom(...Object.entries(table)), fc.nat(2))
    .map(([[name, f], a]): Step => ({ name: `${name}(${a})`, apply: (values) => f(pick(values, a)) }))

const binaryStep = (table: Readonly<Record<string, Binary>>): fc.Arbitrary<Step> =>
  fc.tuple(fc.constantFrom(...Object.entries(table)), fc.nat(2), fc.nat(3)).map(
    ([[name, f], a, b]): Step => ({
      name: `${name}(${a},${b})`,
      apply: (values) => f(pick(values, a), pick(values, b)),
    }),
  )

/** Simple steps first, to which the others shrink. */
const steps = (
  unaries: Readonly<Record<string, Unary>>,
  pairs: Readonly<Record<string, Binary>>,
  programs: Readonly<Record<string, Unary>>,
): fc.Arbitrary<Step> =>
  fc.oneof(
    { withCrossShrink: true },
    { arbitrary: unaryStep(unaries), weight: 4 },
    { arbitrary: binaryStep(pairs), weight: 4 },
    { arbitrary: unaryStep(programs), weight: 1 },
  )

const smoothSteps = steps({ ...smooth, ...layout }, smoothPairs, structured)
const anySteps = steps(
  { ...smooth, ...layout, ...piecewise, ...ties },
  { ...smoothPairs, ...piecewisePairs },
  { ...structured, ...choices },
)

/** What random programs may hold. */
export interface ProgramConstraints {
  /** Without maximum, abs, where and their like, whose kinks no difference quotient survives. */
  readonly smooth?: boolean
  readonly maxSteps?: number
  /** 3 by default. */
  readonly maxArguments?: number
  /** Most elements of an argument; 12 by default. */
  readonly maxSize?: number
  /** Shortest axis of an argument; 1 by default. */
  readonly minLength?: number
}

/**
 * Random programs of 1 to 12 steps on one to three tensors, whose value is a scalar. They shrink to fewer and simpler
 * steps on smaller arguments.
 *
 * @example fc.assert(fc.property(programArbitrary(), ({ f, args }) => jit(f)(...args).item() === f(...args).item()))
 */
export const programArbitrary = (constraints: ProgramConstraints = {}): fc.Arbitrary<RandomProgram> => {
  const { smooth: onlySmooth = false, maxSteps = 12, maxArguments = 3, maxSize = 12, minLength = 1 } = constraints
  const args = fc.array(tensorArbitrary({ maxRank: 3, maxLength: 3, minLength, maxSize }, between(-2, 2)), {
    minLength: 1,
    maxLength: maxArguments,
  })
  const list = fc.array(onlySmooth ? smoothSteps : anySteps, { minLength: 1, maxLength: maxSteps, size: 'max' })
  return fc.tuple(args, list).map(([xs, parts]) => ({
    args: xs,
    f: (...inputs) => {
      const values = [...inputs]
      for (const { apply } of parts) values.push(apply(values))
      const last = pick(values, 0)
      return div(sum(last), Math.max(1, last.size))
    },
    toString: () =>
      `${parts.map(({ name }) => name).join(' ')} of ${xs.map((x) => `[${x.shape.join(',')}] ${JSON.stringify(x.toArray())}`).join(' ')}`,
  }))
}
