/* Runs a law on random examples; what it breaks on shrinks, and is shown with all that is needed to see it again. */
import * as fc from 'fast-check'
import { LawError } from '../laws/lawError.js'
import { lawRuns, type Runs } from '../runs.js'

type Arbitraries<T extends readonly unknown[]> = { readonly [I in keyof T]: fc.Arbitrary<T[I]> }

const shown = (examples: readonly unknown[]): string => examples.map((x) => fc.stringify(x)).join(', ')

const times = (n: number): string => (n === 1 ? 'once' : `${n} times`)

/** A law that threw something else than a LawError: what it calls was refused, or an assertion failed. */
const wrapped = (error: unknown): LawError => {
  if (error instanceof LawError) return error
  const [name, message] = error instanceof Error ? [error.name, error.message] : ['a value', String(error)]
  return new LawError({
    check: 'the law threw',
    expected: 'it must run through.',
    received: `${name}: ${message.replaceAll('\n', '\n            ')}`,
    cause: error,
  })
}

/** The examples come as one tuple. */
const failureOf = (details: fc.RunDetails<[unknown[]]>): LawError => {
  const { counterexample, counterexamplePath, errorInstance, numRuns, numShrinks, seed } = details
  return wrapped(errorInstance ?? new Error('the law returned false')).on({
    example: shown(counterexample?.[0] ?? []),
    found: `in example ${numRuns}, shrunk ${times(numShrinks)}`,
    seed,
    path: counterexamplePath ?? '',
  })
}

/**
 * Runs a law on random examples, and throws where it breaks: the smallest example that was found, in one line, the
 * numbers, the seed, fast-check's path, and the traced program.
 *
 * @param arbitraries of the law's arguments
 * @param law throws, or returns false, where it is broken
 * @param runs how many examples, and the seed: `lawRuns()` by default
 * @throws LawError
 * @example forAll([tensorArbitrary({ maxRank: 2 })], (x) => checkGrads(tanh, [x]), lawRuns(20))
 */
export const forAll = <const T extends readonly unknown[]>(
  arbitraries: Arbitraries<T>,
  law: (...examples: T) => unknown,
  runs: Runs = lawRuns(),
): void => {
  const details = fc.check(
    fc.property(fc.tuple(...arbitraries), (examples) => law(...(examples as unknown as T)) !== false), // border
    runs,
  )
  if (details.failed) throw failureOf(details)
}

/** As `forAll`, for laws that wait for an engine. */
export const forAllAsync = async <const T extends readonly unknown[]>(
  arbitraries: Arbitraries<T>,
  law: (...examples: T) => Promise<unknown>,
  runs: Runs = lawRuns(),
): Promise<void> => {
  const details = await fc.check(
    fc.asyncProperty(
      fc.tuple(...arbitraries),
      async (examples) => (await law(...(examples as unknown as T))) !== false,
    ), // border
    runs,
  )
  if (details.failed) throw failureOf(details)
}
