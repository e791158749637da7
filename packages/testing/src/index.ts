/**
 * Property-based tests of programs and their gradients: generators, laws, checkGrads, engine conformance.
 * Nothing here imports a test runner: laws throw, and `conformance` gives names with functions.
 *
 * @packageDocumentation
 */
export * from './arbitraries/programs.js'
export * from './arbitraries/pytrees.js'
export * from './arbitraries/shapes.js'
export * from './arbitraries/tensors.js'
export * from './arbitraries/values.js'
export { checkGrads } from './check/checkGrads.js'
export * from './compare/floats.js'
export * from './compare/tolerance.js'
export { type ConformanceOptions, type ConformanceTest, conformance } from './conformance/conformance.js'
export * from './laws/derivatives.js'
export * from './laws/exact.js'
export { LawError } from './laws/lawError.js'
export * from './laws/losses.js'
export type { AnyFunction } from './laws/problem.js'
export * from './laws/transforms.js'
export { type ListFunction, mapData, oracle, oracleOf, widened } from './oracle.js'
export type { Case, Derivative, PrimitiveGenerator } from './primitives/case.js'
export { primitiveGenerators } from './primitives/index.js'
export { symmetricArbitrary } from './primitives/linalg.js'
export { lawRuns, type Runs } from './runs.js'
