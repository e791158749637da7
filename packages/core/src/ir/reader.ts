/* A text read piece by piece, with errors that say where. */
import { ParseError } from '../errors.js'

/** Blanks, line breaks, and comments from `#` to the end of the line. */
const blank = /(?:\s+|#[^\n]*)*/y

/** A place in a text that is read from the front to the back. */
export class Reader {
  #at = 0
  #comment: string | null = null

  constructor(
    readonly op: string,
    readonly text: string,
  ) {}

  get at(): number {
    return this.#at
  }

  /** What a pattern (with the flag `y`) matches here, without going on; `null` if it does not. */
  peek(pattern: RegExp): string | null {
    pattern.lastIndex = this.#at
    return pattern.exec(this.text)?.[0] ?? null
  }

  /** What a pattern matches here, and blanks behind it are skipped; `null` if it does not. */
  take(pattern: RegExp): string | null {
    const found = this.peek(pattern)
    if (found !== null) this.#at += found.length
    if (found !== null) this.skip()
    return found
  }

  /** As `take`, for what must be there. */
  need(pattern: RegExp, what: string): string {
    return this.take(pattern) ?? this.fail(`there must be ${what} here.`)
  }

  skip(): void {
    const skipped = this.peek(blank) ?? ''
    this.#comment = /^[^\n#]*#([^\n]*)/.exec(skipped)?.[1]?.trim() ?? null
    this.#at += skipped.length
  }

  /** The comment on the line of what was taken last, behind it. */
  get comment(): string | null {
    return this.#comment
  }

  /** Stops, naming line and column of a place: this one, if no other is given. */
  fail(expected: string, at = this.#at, todo = 'mend the text there; printIR shows the form'): never {
    const before = this.text.slice(0, at).split('\n')
    const [line, column] = [before.length, (before.at(-1)?.length ?? 0) + 1]
    const rest = this.text.slice(at).split('\n')[0]?.slice(0, 40) ?? ''
    throw new ParseError(
      {
        op: this.op,
        expected,
        received: `line ${line}, column ${column}: ${rest === '' ? 'the end of the line' : JSON.stringify(rest)}`,
        todo,
      },
      line,
      column,
    )
  }
}
