import { type BadInput, badInput } from './errors.js'
import { escapeForTerminal } from './escapeForTerminal.js'
import { E } from './fp.js'

/** A value that JSON can say. Objects have no prototype, so that a key such as `__proto__` is a key like others. */
export type Json = null | boolean | number | string | readonly Json[] | JsonObject
/** A record of JSON. */
export interface JsonObject {
  readonly [key: string]: Json
}

/** How deep lists and records may nest: files of models stay below 10, a file of brackets must not fill the stack. */
export const deepestJson = 200

/**
 * JSON as it is written (RFC 8259), strictly: no byte order mark, no bad UTF-8, no NaN, no number beyond a double's
 * range, no name twice in a record, at most `deepestJson` levels. The message tells line and column and never quotes
 * what stands there, since the file may be another than was meant.
 *
 * @param text the file's text or bytes
 * @param file its name, for the message
 * @returns records without prototype: `__proto__` and `constructor` are plain keys
 * @example parseJson('{"a": [1, 2]}', 'a.json') // => E.right({ a: [1, 2] })
 */
export const parseJson = (text: string | Uint8Array, file: string): E.Either<BadInput, Json> => {
  try {
    return E.right(new Parser(typeof text === 'string' ? text : utf8(text)).document())
  } catch (fault) {
    if (!(fault instanceof JsonFault)) throw fault
    return E.left(badInput([{ path: fault.place, expected: fault.expected, received: fault.received }], file))
  }
}

/** How the parser leaves its recursion; never seen outside this file. */
class JsonFault extends Error {
  constructor(
    readonly place: string,
    readonly expected: string,
    readonly received: string,
  ) {
    super(expected)
  }
}

const utf8 = (bytes: Uint8Array): string => {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes)
  } catch {
    throw new JsonFault('', 'JSON text in UTF-8', 'bytes that are not UTF-8')
  }
}

// Sticky patterns: whole tokens at a time keep a tokeniser of some megabytes fast.
const space = /[ \t\n\r]*/y
// biome-ignore lint/suspicious/noControlCharactersInRegex: JSON forbids them inside a text
const plain = /[^"\\\u0000-\u001f]*/y
const number = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?/y
const word = /[A-Za-z]+/y
const hex = /[0-9a-fA-F]{4}/y

const escapes: ReadonlyMap<string, string> = new Map([
  ['"', '"'],
  ['\\', '\\'],
  ['/', '/'],
  ['b', '\b'],
  ['f', '\f'],
  ['n', '\n'],
  ['r', '\r'],
  ['t', '\t'],
])

class Parser {
  private at = 0
  private readonly path: (string | number)[] = []

  constructor(private readonly text: string) {}

  document(): Json {
    if (this.text.startsWith('\ufeff')) return this.refuse('JSON text without a byte order mark', 'a byte order mark')
    const value = this.value()
    this.skipSpace()
    return this.at === this.text.length ? value : this.refuse('the end of the file after the value', 'more text')
  }

  private value(): Json {
    this.skipSpace()
    const next = this.text[this.at]
    if (next === '{') return this.record()
    if (next === '[') return this.list()
    if (next === '"') return this.string()
    if (next !== undefined && /[-\d]/.test(next)) return this.number()
    return this.word()
  }

  private record(): JsonObject {
    // Border: a record without prototype has no keys but its own, which is what JsonObject says.
    const record = Object.create(null) as Record<string, Json>
    this.enter()
    if (this.take('}')) return this.leave(record)
    do {
      this.skipSpace()
      if (this.text[this.at] !== '"') return this.refuse('a name in quotes')
      const key = this.string()
      this.path.push(key)
      if (Object.hasOwn(record, key)) return this.refuse('a name only once in a record', 'the same name again')
      if (!this.take(':')) return this.refuse('a colon after the name')
      record[key] = this.value()
      this.path.pop()
    } while (this.take(','))
    return this.take('}') ? this.leave(record) : this.refuse('a comma or } in a record')
  }

  private list(): readonly Json[] {
    const items: Json[] = []
    this.enter()
    if (this.take(']')) return this.leave(items)
    do {
      this.path.push(items.length)
      items.push(this.value())
      this.path.pop()
    } while (this.take(','))
    return this.take(']') ? this.leave(items) : this.refuse('a comma or ] in a list')
  }

  private depth = 0

  private enter(): void {
    this.at += 1
    this.depth += 1
    if (this.depth > deepestJson) this.refuse(`at most ${deepestJson} levels of lists and records`, 'more')
  }

  private leave<A>(value: A): A {
    this.depth -= 1
    return value
  }

  private string(): string {
    this.at += 1
    let text = this.match(plain)
    for (;;) {
      const next = this.text[this.at]
      this.at += 1
      if (next === '"') return text
      if (next !== '\\') {
        this.at -= 1
        return this.refuse('a text that ends with a quote and holds no raw control character')
      }
      text += this.escape() + this.match(plain)
    }
  }

  private escape(): string {
    const letter = this.text[this.at] ?? ''
    this.at += 1
    const single = escapes.get(letter)
    if (single !== undefined) return single
    const digits = letter === 'u' ? this.match(hex) : ''
    return digits === '' ? this.refuse('a known escape after \\') : String.fromCharCode(Number.parseInt(digits, 16))
  }

  private number(): number {
    const digits = this.match(number)
    if (digits === '') return this.refuse('a number as JSON writes it')
    const value = Number(digits)
    return Number.isFinite(value)
      ? value
      : this.refuse('a finite number', `a number too large for a double (${escapeForTerminal(digits, 30)})`)
  }

  private word(): Json {
    const start = this.at
    const name = this.match(word)
    if (name === 'null') return null
    if (name === 'true') return true
    if (name === 'false') return false
    this.at = start
    return this.refuse('a JSON value', name === 'NaN' || name === 'Infinity' ? name : undefined)
  }

  private skipSpace(): void {
    // Most tokens have no space before them.
    if (this.text.charCodeAt(this.at) <= 0x20) this.match(space)
  }

  private take(mark: string): boolean {
    this.skipSpace()
    if (this.text[this.at] !== mark) return false
    this.at += 1
    return true
  }

  private match(pattern: RegExp): string {
    pattern.lastIndex = this.at
    const found = pattern.exec(this.text)?.[0] ?? ''
    this.at += found.length
    return found
  }

  private refuse(expected: string, received?: string): never {
    const before = this.text.slice(0, this.at)
    const line = before.split('\n').length
    const column = this.at - before.lastIndexOf('\n')
    const within = this.path.map((key) => (typeof key === 'number' ? `[${key}]` : `.${escapeForTerminal(key, 40)}`))
    const where = within.length === 0 ? '' : ` (in ${within.slice(-6).join('').replace(/^\./, '')})`
    const found = this.at >= this.text.length ? 'the end of the file' : 'something else'
    throw new JsonFault(`line ${line}, column ${column}${where}`, expected, received ?? found)
  }
}
