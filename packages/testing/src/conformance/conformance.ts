import { type Engine, grad, type PrimitiveName, type Tensor } from '@cotangent/core'
import * as fc from 'fast-check'
import { programArbitrary } from '../arbitraries/programs.js'
import { forAllAsync } from '../check/forAll.js'
import { absolute } from '../compare/tolerance.js'
import type { ListFunction } from '../oracle.js'
import { engineLaws, runsOf, subjects } from '../primitiveLaws/index.js'
import type { EngineSettings } from '../primitiveLaws/law.js'
import { lawRuns, type Runs } from '../runs.js'
import { agreesWithReference } from './agrees.js'
import { hasCloseCall } from './closeCall.js'

/** How thorough the suite is, and what is left out. */
export interface ConformanceOptions extends EngineSettings {
  /** Cases per primitive and law; each law's own number by default. */
  readonly runs?: number
  /** Of the random cases; that of `lawRuns` by default. */
  readonly seed?: number
  /** Primitives left out, with the reason. */
  readonly except?: { readonly [N in PrimitiveName]?: string }
}

/** One check of an engine: give both to `test(name, run)` of vitest, or any runner. */
export interface ConformanceTest {
  readonly name: string
  readonly run: () => Promise<void>
}

const asked = ({ runs, seed }: ConformanceOptions, usual: Runs): Runs => ({
  ...(runs === undefined ? usual : lawRuns(runs)),
  ...(seed === undefined ? {} : { seed }),
})

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
    forAllAsync(
      [programArbitrary()],
      ({ f, args }) => {
        fc.pre(!hasCloseCall(([...xs]) => [f(...xs)], args))
        return agreesWithReference(engine, derive(f), args, ofProgram, options)
      },
      asked(options, lawRuns(20)),
    ),
})

/** All cotangents of a function of a list, with its value. */
const valueAndGradients =
  (f: (...xs: Tensor[]) => Tensor): ListFunction =>
  (xs) => [f(...xs), ...grad((list: readonly Tensor[]) => f(...list))(xs)]

/**
 * The conformance suite of an engine: the laws of engines for each primitive (ordinary and hostile values, whole
 * numbers, derivatives and vmap), and random programs with their gradients, against the reference evaluator. Tolerances
 * are those of the primitives' generators.
 *
 * @example for (const { name, run } of conformance(referenceEngine())) test(name, run)
 */
export const conformance = (engine: Engine, options: ConformanceOptions = {}): readonly ConformanceTest[] => [
  ...subjects
    .filter(({ name }) => options.except?.[name] === undefined)
    .flatMap((subject) =>
      engineLaws
        .filter(({ applies }) => applies(subject) === true)
        .map((law) => ({
          name: `${engine.name}: ${subject.name}, ${law.name}`,
          run: () => law.check(subject, engine, asked(options, runsOf(law, subject)), options),
        })),
    ),
  programTest(engine, options, 'random programs', (f) => ([...xs]) => [f(...xs)]),
  programTest(engine, options, 'gradients of random programs', valueAndGradients),
]
