/**
 * Property-based tests of programs and their gradients: generators, laws, checkGrads, engine conformance.
 * Nothing here imports a test runner: laws throw, and `conformance` gives names with functions.
 *
 * @packageDocumentation
 */
export { type Filled, filledArbitrary, filledOf } from './arbitraries/filled.js'
export * from './arbitraries/programs.js'
export * from './arbitraries/pytrees.js'
export * from './arbitraries/shapes.js'
export * from './arbitraries/tensors.js'
export * from './arbitraries/values.js'
export { checkGrads } from './check/checkGrads.js'
export { forAll, forAllAsync } from './check/forAll.js'
export * from './compare/floats.js'
export * from './compare/tolerance.js'
export { type ConformanceOptions, type ConformanceTest, conformance } from './conformance/conformance.js'
export { derivativeIsRight, modesAreDual } from './laws/differences.js'
export * from './laws/exact.js'
export { type Failure, LawError } from './laws/lawError.js'
export * from './laws/linearity.js'
export * from './laws/losses.js'
export type { AnyFunction } from './laws/problem.js'
export type { DerivativeOptions } from './laws/settings.js'
export * from './laws/transforms.js'
export { type ListFunction, mapData, oracle, oracleOf, widened } from './oracle.js'
export type { Facts } from './primitiveLaws/facts.js'
export { engineLaws, primitiveLaws, recordLaws, runsOf, subjectOf, subjects } from './primitiveLaws/index.js'
export type { EngineLaw, EngineSettings, PrimitiveLaw, RecordLaw, Rule, Subject } from './primitiveLaws/law.js'
export type { Case, Derivative, PrimitiveGenerator } from './primitives/case.js'
export { primitiveGenerators } from './primitives/index.js'
export { symmetricArbitrary } from './primitives/linalg.js'
export { lawRuns, type Runs } from './runs.js'
