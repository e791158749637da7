/** How many examples a law is run on, and from which seed; fast-check's `assert` takes it too. */
export interface Runs {
  readonly numRuns: number
  readonly seed: number
  /** Only the example at this place of fast-check's search, as a failure prints it. */
  readonly path?: string
  /** Do not look for the smallest example. */
  readonly endOnFailure?: boolean
  /** The law's own message is part of fast-check's report. */
  readonly includeErrorInReport: true
}

const variable = (name: string): string => (typeof process === 'undefined' ? '' : (process.env[name] ?? ''))

const wholeNumber = (name: string): number | null => {
  const text = variable(name)
  const value = Number(text)
  return text === '' || !Number.isInteger(value) || value < 0 ? null : value
}

/**
 * Parameters for `forAll` and `fc.assert`: a fixed seed, so that a failure comes again. The environment may widen the
 * search: `COTANGENT_LAW_SEED=7` takes another seed, `COTANGENT_LAW_RUNS=10000` so many examples of every law,
 * `COTANGENT_LAW_FACTOR=100` a hundred times those of each, and `COTANGENT_LAW_PATH=3:0:1` one example only.
 *
 * @example forAll([programArbitrary()], ({ f, args }) => jitIsEager(f, args), lawRuns(50))
 */
export const lawRuns = (numRuns = 100): Runs => {
  const path = variable('COTANGENT_LAW_PATH')
  return {
    numRuns: wholeNumber('COTANGENT_LAW_RUNS') ?? numRuns * Math.max(1, wholeNumber('COTANGENT_LAW_FACTOR') ?? 1),
    seed: wholeNumber('COTANGENT_LAW_SEED') ?? 1,
    includeErrorInReport: true,
    ...(path === '' ? {} : { path }),
  }
}
