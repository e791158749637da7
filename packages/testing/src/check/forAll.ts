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

/** Examples that `fc.pre` leaves out are no faults. */
const faultOf = (error: unknown): LawError => {
  if (fc.PreconditionFailure.isFailure(error)) throw error
  return wrapped(error)
}

/** The fault once more, with its stack; `null` where it is gone, or another. */
const seenAgain = (fault: LawError, run: () => unknown): LawError | null => {
  try {
    run()
    return null
  } catch (error) {
    const again = wrapped(error)
    return again.check === fault.check ? again : null
  }
}

/** The examples come as one tuple. */
const failureOf = (details: fc.RunDetails<[unknown[]]>, run: (examples: unknown[]) => unknown): LawError => {
  const { counterexample, counterexamplePath, errorInstance, numRuns, numShrinks, numSkips, seed } = details
  if (counterexample === null) {
    return new LawError({
      check: 'too few examples',
      expected: 'most examples must be such that the law says something of them.',
      received: `${numSkips} passed over (by fc.pre, or at a kink), ${numRuns} tried`,
    })
  }
  const [examples] = counterexample
  const fault = wrapped(errorInstance)
  return (seenAgain(fault, () => run(examples)) ?? fault).on({
    example: shown(examples),
    found: `in example ${numRuns}, shrunk ${times(numShrinks)}`,
    seed,
    path: counterexamplePath ?? '',
  })
}

/**
 * What a law says of an example: that it holds, or an error. Once one has been found, only errors of the same check
 * count: an example is not shrunk to another fault. Kinks are passed over.
 */
const sameFault = (): ((fault: LawError | null) => void) => {
  let found: string | null = null
  return (fault) => {
    fc.pre(fault?.atKink !== true)
    if (fault === null || (found !== null && fault.check !== found)) return
    found = fault.check
    throw fault
  }
}

/** Without stacks, which cost a third of the time and are read for one example only. */
const withoutStacks = <T>(body: () => T): T => {
  const limit = Error.stackTraceLimit
  try {
    Error.stackTraceLimit = 0
    return body()
  } finally {
    Error.stackTraceLimit = limit
  }
}

const broken = (result: unknown): LawError | null =>
  result === false ? wrapped(new Error('the law returned false')) : null

/**
 * Runs a law on random examples, and throws where it breaks: the smallest example that was found, in one line, the
 * numbers, the seed, fast-check's path, and the traced program. Examples at a kink (a tie of a maximum, relu at 0) are
 * passed over where a derivative is compared.
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
  const report = sameFault()
  const run = (examples: readonly unknown[]): unknown => law(...(examples as unknown as T)) // border: one for each arbitrary
  const details = fc.check(
    fc.property(fc.tuple(...arbitraries), (examples) => {
      let fault: LawError | null
      try {
        fault = withoutStacks(() => broken(run(examples)))
      } catch (error) {
        fault = faultOf(error)
      }
      report(fault)
    }),
    runs,
  )
  if (details.failed) throw failureOf(details, run)
}

/** As `forAll`, for laws that wait for an engine. */
export const forAllAsync = async <const T extends readonly unknown[]>(
  arbitraries: Arbitraries<T>,
  law: (...examples: T) => Promise<unknown>,
  runs: Runs = lawRuns(),
): Promise<void> => {
  const report = sameFault()
  const details = await fc.check(
    fc.asyncProperty(fc.tuple(...arbitraries), async (examples) => {
      let fault: LawError | null
      try {
        fault = broken(await law(...(examples as unknown as T))) // border: as above
      } catch (error) {
        fault = faultOf(error)
      }
      report(fault)
    }),
    runs,
  )
  if (details.failed) throw failureOf(details, () => null)
}
