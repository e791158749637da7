/** What a failed law says of the example it failed on. */
export interface Failure {
  /** The smallest example that was found, in one line. */
  readonly example: string
  /** How it was found: which example failed first, and how often it shrank. */
  readonly found: string
  /** Gives the same example again. */
  readonly seed: number
  readonly path: string
}

interface Spec {
  readonly check: string
  readonly expected: string
  readonly received: string
  readonly at?: string
  readonly seed?: number
  readonly program?: string
  readonly suspects?: readonly string[]
  readonly failure?: Failure
  readonly atKink?: boolean
  readonly cause?: unknown
}

const line = (name: string, value: string | undefined): readonly string[] =>
  value === undefined || value === '' ? [] : [`  ${name.padEnd(9)} ${value}`]

const textOf = ({ check, expected, received, at, seed, program, suspects = [], failure }: Spec): string =>
  [
    `${check}: ${expected}`,
    ...line('received', received),
    ...line('at', at),
    ...suspects.flatMap((suspect) => line('suspect', suspect)),
    ...line('example', failure?.example),
    ...line('found', failure?.found),
    ...line('again', failure === undefined ? undefined : `seed ${failure.seed}, path ${JSON.stringify(failure.path)}`),
    ...line('direction', seed === undefined ? undefined : `seed ${seed}`),
    ...(program === undefined ? [] : [`  program\n${program.replace(/^/gm, '    ')}`]),
  ].join('\n')

/** A law that does not hold: which check broke, where, with the numbers, the example, the seed and the program. */
export class LawError extends Error {
  /** The check, as in "cotangent projection". */
  readonly check: string
  readonly expected: string
  readonly received: string
  /** The path of the argument or result it was found at; empty where there is none. */
  readonly at: string
  /** Of the directions a derivative was compared in. */
  readonly seed: number | null
  /** The traced program, as `printIR` shows it. */
  readonly program: string | null
  /** Equations whose own derivative is wrong, in one line each. */
  readonly suspects: readonly string[]
  /** Whether it was at a kink, where there is no derivative to compare with: `forAll` passes over such examples. */
  readonly atKink: boolean
  /** The example it broke on, where a law was run on random ones (`forAll`). */
  readonly failure: Failure | null

  constructor(spec: Spec) {
    super(textOf(spec), { cause: spec.cause })
    this.name = 'LawError'
    this.check = spec.check
    this.expected = spec.expected
    this.received = spec.received
    this.at = spec.at ?? ''
    this.seed = spec.seed ?? null
    this.program = spec.program ?? null
    this.suspects = spec.suspects ?? []
    this.atKink = spec.atKink ?? false
    this.failure = spec.failure ?? null
  }

  /** The same, with the example it broke on. */
  on(failure: Failure): LawError {
    return new LawError({ ...this.#spec(), failure })
  }

  /** The same, with the equations that are to blame. */
  because(suspects: readonly string[]): LawError {
    return new LawError({ ...this.#spec(), suspects })
  }

  #spec(): Spec {
    const { check, expected, received, at, seed, program, suspects, failure, atKink } = this
    return {
      ...{ check, expected, received, at, suspects, atKink, cause: this },
      ...(seed === null ? {} : { seed }),
      ...(program === null ? {} : { program }),
      ...(failure === null ? {} : { failure }),
    }
  }
}
