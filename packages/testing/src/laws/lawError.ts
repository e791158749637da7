/** A law that does not hold: which check broke, where, with the numbers, the seed and the program. */
export class LawError extends Error {
  /** The check, as in "cotangent projection". */
  readonly check: string
  /** The path of the argument or result it was found at; empty where there is none. */
  readonly at: string
  readonly seed: number | null

  constructor(spec: {
    readonly check: string
    readonly expected: string
    readonly received: string
    readonly at?: string
    readonly seed?: number
    readonly program?: string
  }) {
    const { check, expected, received, at = '', seed, program } = spec
    const lines = [
      `${check}: ${expected}`,
      `  received  ${received}`,
      at === '' ? '' : `  at        ${at}`,
      seed === undefined ? '' : `  seed      ${seed}`,
      program === undefined ? '' : `  program\n${program.replace(/^/gm, '    ')}`,
    ]
    super(lines.filter((line) => line !== '').join('\n'))
    this.name = 'LawError'
    this.check = check
    this.at = at
    this.seed = seed ?? null
  }
}
