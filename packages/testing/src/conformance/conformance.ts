import {
  compile,
  type Engine,
  grad,
  type HostTensor,
  type PrimitiveName,
  primitives,
  type Tensor,
} from '@cotangent/core'
import * as fc from 'fast-check'
import { programArbitrary } from '../arbitraries/programs.js'
import { flushed, isSubnormal } from '../compare/floats.js'
import { absolute, type Tolerance } from '../compare/tolerance.js'
import { type ListFunction, mapData } from '../oracle.js'
import type { Case } from '../primitives/case.js'
import { primitiveGenerators } from '../primitives/index.js'
import { type Difference, firstDifference } from './difference.js'

/** How thorough the suite is, and what is left out. */
export interface ConformanceOptions {
  /** Cases per primitive and kind of values; 20 by default. */
  readonly runs?: number
  /** Of fast-check's random numbers; 0 by default. */
  readonly seed?: number
  /** Multiplies every tolerance that is not exact; 1 by default. */
  readonly slack?: number
  /** `'any'`: where the right result is NaN or infinite, the engine may answer anything. `'equal'` by default. */
  readonly nonFinite?: 'equal' | 'any'
  /** Primitives left out, with the reason. */
  readonly except?: { readonly [N in PrimitiveName]?: string }
}

/** One check of an engine: give both to `test(name, run)` of vitest, or any runner. */
export interface ConformanceTest {
  readonly name: string
  readonly run: () => Promise<void>
}

/** The results as host tensors. */
const onEngine = async (
  engine: Engine,
  f: ListFunction,
  operands: readonly Tensor[],
): Promise<readonly HostTensor[]> => {
  const results = await compile((xs: readonly Tensor[]) => [...f(xs)], engine)(operands)
  return Promise.all(results.map((x) => x.read()))
}

const eager = (f: ListFunction, operands: readonly Tensor[]): readonly Tensor[] => f(operands)

const hasSubnormals = (operands: readonly Tensor[]): boolean =>
  operands.some((x) => x.dtype === 'f32' && x.data.some(isSubnormal))

const withoutSubnormals = (x: Tensor): Tensor => (x.dtype === 'f32' ? mapData(x, flushed) : x)

/** Compares an engine's results with the reference evaluator's; subnormal operands may count as 0. */
const compare = async (
  engine: Engine,
  f: ListFunction,
  operands: readonly HostTensor[],
  tolerance: Tolerance,
  options: ConformanceOptions,
): Promise<void> => {
  const received = await onEngine(engine, f, operands)
  const settings = { slack: options.slack ?? 1, nonFinite: options.nonFinite ?? 'equal' }
  const accepted = [eager(f, operands)]
  if (hasSubnormals(operands)) accepted.push(eager(f, operands.map(withoutSubnormals)))
  const difference = firstDifference(accepted, received, tolerance, settings)
  if (difference !== null) throw new Error(explain(engine, difference, tolerance))
}

const explain = (
  engine: Engine,
  { result, index, expected, received, allowed, what }: Difference,
  { reason }: Tolerance,
): string =>
  [
    `${engine.name}: ${what} must agree with the reference evaluator.`,
    `  received  ${received}, expected ${expected} (result ${result}, element ${index})`,
    `  allowed   ${allowed} (${reason})`,
  ].join('\n')

const checked = (engine: Engine, cases: fc.Arbitrary<Case>, options: ConformanceOptions): Promise<void> =>
  fc.assert(
    fc.asyncProperty(cases, ({ apply, observe, operands, tolerance }) =>
      compare(engine, (xs) => observe(apply(xs)), operands, tolerance, options),
    ),
    settings(options),
  )

const settings = ({ runs = 20, seed = 0 }: ConformanceOptions) => ({ numRuns: runs, seed, includeErrorInReport: true })

/** A random program: its steps are well conditioned, but their errors add up. */
const ofProgram = absolute(2e-4, 'up to 12 steps, each within 1e-5')

const programTest = (
  engine: Engine,
  options: ConformanceOptions,
  name: string,
  derive: (f: (...xs: Tensor[]) => Tensor) => ListFunction,
): ConformanceTest => ({
  name: `${engine.name}: ${name}`,
  run: () =>
    fc.assert(
      fc.asyncProperty(programArbitrary(), ({ f, args }) => compare(engine, derive(f), args, ofProgram, options)),
      settings(options),
    ),
})

/** All cotangents of a function of a list, with its value. */
const valueAndGradients =
  (f: (...xs: Tensor[]) => Tensor): ListFunction =>
  (xs) => [f(...xs), ...grad((list: readonly Tensor[]) => f(...list))(xs)]

/**
 * The conformance suite of an engine: each primitive on tame and on hostile values, and random programs with their
 * gradients, against the reference evaluator. Tolerances are those of the primitives' generators.
 *
 * @example for (const { name, run } of conformance(referenceEngine())) test(name, run)
 */
export const conformance = (engine: Engine, options: ConformanceOptions = {}): readonly ConformanceTest[] => {
  const names = (Object.keys(primitives) as PrimitiveName[]).filter((name) => options.except?.[name] === undefined)
  return [
    ...names.flatMap((name): ConformanceTest[] => {
      const { tame, hostile, integers } = primitiveGenerators[name]
      return [
        { name: `${engine.name}: ${name}`, run: () => checked(engine, tame, options) },
        { name: `${engine.name}: ${name}, hostile values`, run: () => checked(engine, hostile, options) },
        ...(integers === undefined
          ? []
          : [{ name: `${engine.name}: ${name}, integers`, run: () => checked(engine, integers, options) }]),
      ]
    }),
    programTest(engine, options, 'random programs', (f) => ([...xs]) => [f(...xs)]),
    programTest(engine, options, 'gradients of random programs', valueAndGradients),
  ]
}
