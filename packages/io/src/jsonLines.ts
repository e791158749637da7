import { closeSync, fsyncSync, openSync, writeSync } from 'node:fs'
import {
  type BadInput,
  badInput,
  decode,
  E,
  type FieldFault,
  type MissingFile,
  parseJson,
  pipe,
  type TE,
  type t,
  type WriteFailed,
  writeFailed,
} from '@cotangent/prelude'
import { type RegularFile, withRegularFile } from './files/regularFile.js'
import { systemCode, systemText } from './files/systemError.js'

/** A file of one JSON record per line that grows as a run goes on. */
export interface JsonLinesWriter {
  /** Writes one line at once; a reader or a crash never sees half of an earlier one. */
  readonly append: (row: unknown) => E.Either<WriteFailed, void>
  /** Brings the lines to the disk and closes the file. Lines after that are refused. */
  readonly close: () => E.Either<WriteFailed, void>
}

// JSON has no NaN and no infinities, and JSON.stringify would write null.
const sayable = (_key: string, value: unknown): unknown =>
  typeof value === 'number' && !Number.isFinite(value) ? String(value) : value

/**
 * A row as a line of JSON Lines, newline included. Numbers that are not finite become the texts "NaN", "Infinity" and
 * "-Infinity".
 *
 * @example jsonLine({ step: 1, loss: NaN }) // => '{"step":1,"loss":"NaN"}\n'
 */
export const jsonLine = (row: unknown): string => `${JSON.stringify(row, sayable) ?? 'null'}\n`

const attemptWrite = (path: string, action: () => void): E.Either<WriteFailed, void> => {
  try {
    return E.right(action())
  } catch (thrown) {
    return E.left(writeFailed(path, systemText(thrown), systemCode(thrown)))
  }
}

const writeWhole = (file: number, bytes: Uint8Array): void => {
  for (let done = 0; done < bytes.length; ) done += writeSync(file, bytes, done)
}

/**
 * Opens a JSON Lines file for appending; a file that is there is continued.
 *
 * @example
 * const metrics = getOrThrow(openJsonLines('out/metrics.jsonl'))
 * metrics.append({ step: 1, loss: 0.5 })
 */
export const openJsonLines = (path: string): E.Either<WriteFailed, JsonLinesWriter> => {
  let file: number | undefined
  const opened = attemptWrite(path, () => {
    file = openSync(path, 'a')
  })
  const closed = E.left(writeFailed(path, 'a line after the file was closed'))
  return E.map(() => ({
    append: (row: unknown) => {
      const open = file
      if (open === undefined) return closed
      return attemptWrite(path, () => writeWhole(open, new TextEncoder().encode(jsonLine(row))))
    },
    close: () => {
      const open = file
      file = undefined
      if (open === undefined) return E.right(undefined)
      return attemptWrite(path, () => {
        try {
          fsyncSync(open)
        } finally {
          closeSync(open)
        }
      })
    },
  }))(opened)
}

/** One line of a text file. */
export interface TextLine {
  /** Counted from 1. */
  readonly number: number
  readonly text: string
}

const chunkBytes = 2 ** 20
// A line must fit into memory; no row of text data comes near.
const longestLine = 64 * 2 ** 20

const newline = 0x0a

const lineText = (parts: readonly Uint8Array[]): string => {
  const text = new TextDecoder('utf-8', { ignoreBOM: true }).decode(Buffer.concat(parts))
  return text.endsWith('\r') ? text.slice(0, -1) : text
}

/**
 * The lines of a file, read by parts. A line ends with LF or CRLF and with nothing else (U+2028 is a character); the last
 * may end with the file. A byte order mark before the first is dropped; bytes that are no UTF-8 become U+FFFD.
 */
async function* linesOf(file: RegularFile): AsyncGenerator<TextLine | 'too long'> {
  let parts: Uint8Array[] = []
  let held = 0
  let number = 0
  const finish = (): TextLine => {
    const text = lineText(parts)
    parts = []
    held = 0
    number += 1
    return { number, text: number === 1 && text.startsWith('\ufeff') ? text.slice(1) : text }
  }
  for (let at = 0; ; ) {
    const chunk = new Uint8Array(chunkBytes)
    const length = await file.readInto(chunk, at)
    if (length === 0) break
    at += length
    let start = 0
    for (let end = chunk.indexOf(newline); end >= 0 && end < length; end = chunk.indexOf(newline, start)) {
      parts.push(chunk.subarray(start, end))
      start = end + 1
      yield finish()
    }
    if (start < length) {
      parts.push(chunk.subarray(start, length))
      held += length - start
      if (held > longestLine) return yield 'too long'
    }
  }
  if (parts.length > 0) yield finish()
}

/** How a JSON Lines file is read. */
export interface JsonLinesOptions {
  /** Leaves bad rows out and reports them, instead of refusing the file. */
  readonly skipBadRows?: boolean
}

/** The rows of a JSON Lines file. */
export interface JsonLinesContent<A> {
  readonly rows: readonly A[]
  /** What was left out under `skipBadRows`, a fault or more per bad row; its path begins with file:line. */
  readonly skipped: readonly FieldFault[]
  /** How many rows were left out. */
  readonly skippedRows: number
}

// A fault of the JSON itself is placed in "line 1" of the row, which is the file's line `number`.
const placed = (path: string, number: number, fault: FieldFault): FieldFault => {
  const within = fault.path.replace(/^line 1, /, '')
  return { ...fault, path: within === '' ? `${path}:${number}` : `${path}:${number}, ${within}` }
}

const decodeRow = <A>(path: string, codec: t.Decoder<unknown, A>, line: TextLine): E.Either<readonly FieldFault[], A> =>
  pipe(
    parseJson(line.text, path),
    E.flatMap((json) => decode(codec, json)),
    E.mapLeft(({ faults }) => faults.map((fault) => placed(path, line.number, fault))),
  )

// So many faults are kept to be shown; the rest is counted only.
const keptFaults = 100

const collect = async <A>(
  file: RegularFile,
  codec: t.Decoder<unknown, A>,
  skipBadRows: boolean,
): Promise<E.Either<BadInput, JsonLinesContent<A>>> => {
  const rows: A[] = []
  const faults: FieldFault[] = []
  let badRows = 0
  for await (const line of linesOf(file)) {
    if (line === 'too long') {
      const fault = { path: file.path, expected: `lines of at most ${longestLine} bytes`, received: 'a longer one' }
      return E.left(badInput([fault], file.path))
    }
    if (line.text.trim() === '') continue
    const row = decodeRow(file.path, codec, line)
    if (E.isRight(row)) rows.push(row.right)
    else {
      badRows += 1
      faults.push(...row.left.slice(0, keptFaults - faults.length))
    }
  }
  if (badRows > 0 && !skipBadRows) return E.left(badInput(faults, file.path))
  return E.right({ rows, skipped: faults, skippedRows: badRows })
}

/**
 * Reads a JSON Lines file row by row. Blank lines are passed over. A file without rows gives an empty list: whether that
 * is enough is for the caller to say.
 *
 * @param codec what each row must be
 * @returns the rows, or BadInput whose faults name file and line
 * @example readJsonLines('train.jsonl', open({ text: t.string, label: nonNegativeInteger }))
 */
export const readJsonLines = <A>(
  path: string,
  codec: t.Decoder<unknown, A>,
  options: JsonLinesOptions = {},
): TE.TaskEither<MissingFile | BadInput, JsonLinesContent<A>> =>
  withRegularFile(path, (file) => collect(file, codec, options.skipBadRows === true))
