/** What `fc.assert` is told: how many cases, and from which seed. */
export interface Runs {
  readonly numRuns: number
  readonly seed: number
  /** The law's own message is part of fast-check's report. */
  readonly includeErrorInReport: true
}

const fromEnvironment = (name: string): number | null => {
  const text = typeof process === 'undefined' ? undefined : process.env[name]
  const value = Number(text)
  return text === undefined || text === '' || !Number.isInteger(value) || value < 0 ? null : value
}

/**
 * Parameters for `fc.assert`: a fixed seed, so that a failure comes again. The environment may widen the search:
 * `COTANGENT_LAW_SEED=7` takes another seed, `COTANGENT_LAW_FACTOR=100` a hundred times the cases (a run by night).
 *
 * @example fc.assert(fc.property(programArbitrary(), ({ f, args }) => jitIsEager(f, args)), lawRuns(50))
 */
export const lawRuns = (numRuns = 100): Runs => ({
  numRuns: numRuns * Math.max(1, fromEnvironment('COTANGENT_LAW_FACTOR') ?? 1),
  seed: fromEnvironment('COTANGENT_LAW_SEED') ?? 1,
  includeErrorInReport: true,
})
