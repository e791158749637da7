import {
  type BadContainer,
  badContainer,
  closed,
  decode,
  E,
  escapeForTerminal,
  faultLine,
  type Json,
  type JsonObject,
  nonNegativeInteger,
  parseJson,
  pipe,
  readonlyList,
  suggestion,
  t,
} from '@cotangent/prelude'
import { elementCount, type StoredDType, storedBytes, storedDTypes } from '../storedTensor.js'

/** What the header says of one tensor; `begin` and `end` count from the start of the data. */
export interface TensorEntry {
  readonly dtype: StoredDType
  readonly shape: readonly number[]
  readonly begin: number
  readonly end: number
}

/** A header that was checked: its ranges fill the data without a hole or an overlap. */
export interface Header {
  readonly metadata: ReadonlyMap<string, string>
  /** In the order of the header. */
  readonly tensors: ReadonlyMap<string, TensorEntry>
  /** Where the data begins in the file. */
  readonly dataStart: number
}

/** The name under which a header keeps texts; no tensor can be called so. */
export const metadataName = '__metadata__'

// The bound of the Python library. A header this long describes about a million tensors.
const longestHeader = 100_000_000

/** Bytes before the header: its length. */
export const prefixBytes = 8

type Checked<A> = E.Either<BadContainer, A>

/**
 * The header's length from the first 8 bytes of a file, checked against the file's size before anything is allocated.
 *
 * @param prefix the first bytes, 8 of them if the file has as many
 * @param fileBytes the file's size
 */
export const headerLength = (prefix: Uint8Array, fileBytes: number, file: string): Checked<number> => {
  if (prefix.length < prefixBytes || fileBytes < prefixBytes)
    return E.left(badContainer(file, 'a safetensors file begins with 8 bytes of length', `${fileBytes} bytes in all`))
  const length = new DataView(prefix.buffer, prefix.byteOffset).getBigUint64(0, true)
  const available = fileBytes - prefixBytes
  if (length < 2n || length > BigInt(longestHeader) || length > BigInt(available)) {
    const bound = Math.min(longestHeader, available)
    return E.left(badContainer(file, `the header's length must be from 2 to ${bound} bytes`, `${length}`))
  }
  return E.right(Number(length))
}

const isRange = (u: unknown): u is readonly [number, number] =>
  Array.isArray(u) && u.length === 2 && u.every(nonNegativeInteger.is)

// The tuple of io-ts would drop a third number in silence.
const range = new t.Type<readonly [number, number]>(
  'a list of 2 whole numbers of at least 0',
  isRange,
  (u, context) => (isRange(u) ? t.success(u) : t.failure(u, context)),
  t.identity,
)

const entryCodec = closed({
  dtype: t.string,
  shape: readonlyList(nonNegativeInteger),
  data_offsets: range,
})

const dtypes: ReadonlyMap<string, StoredDType> = new Map(storedDTypes.map((dtype) => [dtype, dtype]))

const isRecord = (json: Json): json is JsonObject => json !== null && typeof json === 'object' && !Array.isArray(json)

const tensorEntry = (name: string, json: Json, file: string): Checked<TensorEntry> => {
  const bad = (reason: string, received: string): Checked<never> => E.left(badContainer(file, reason, received, name))
  const decoded = decode(entryCodec, json)
  if (E.isLeft(decoded))
    return bad('its entry must hold dtype, shape and data_offsets', decoded.left.faults.map(faultLine).join('\n'))
  const { dtype: word, shape, data_offsets } = decoded.right
  const [begin, end] = data_offsets
  const dtype = dtypes.get(word)
  if (dtype === undefined)
    return bad(
      'its dtype must be one that can be read',
      `"${escapeForTerminal(word, 40)}"; ${suggestion(word, storedDTypes)}`,
    )
  const count = elementCount(shape)
  const bytes = (count ?? Number.NaN) * storedBytes[dtype]
  if (!Number.isSafeInteger(bytes)) return bad('its size must be a number that is exact', `shape [${shortList(shape)}]`)
  if (end - begin !== bytes)
    return bad('its range must be as long as its shape', `${dtype}[${shortList(shape)}] in bytes ${begin} to ${end}`)
  return E.right({ dtype, shape, begin, end })
}

const shortList = (numbers: readonly number[]): string =>
  numbers.length <= 8 ? numbers.join(',') : `${numbers.slice(0, 8).join(',')},… (${numbers.length} sides)`

const metadataOf = (json: Json, file: string): Checked<ReadonlyMap<string, string>> => {
  if (!isRecord(json)) return E.left(badContainer(file, `${metadataName} must be a record of texts`, 'something else'))
  const texts = new Map<string, string>()
  for (const [key, value] of Object.entries(json)) {
    if (typeof value !== 'string') {
      const received = `a value under "${escapeForTerminal(key, 60)}" that is no text`
      return E.left(badContainer(file, `${metadataName} must be a record of texts`, received))
    }
    texts.set(key, value)
  }
  return E.right(texts)
}

/** That the ranges, in the order of the data, follow each other from 0 to the end. */
const checkRanges = (tensors: ReadonlyMap<string, TensorEntry>, dataBytes: number, file: string): Checked<void> => {
  const ordered = [...tensors].sort(([, a], [, b]) => a.begin - b.begin || a.end - b.end)
  let filled = 0
  for (const [name, { begin, end }] of ordered) {
    if (begin !== filled) {
      const reason = begin < filled ? 'its range must not overlap another' : 'there must be no hole before its range'
      return E.left(badContainer(file, reason, `bytes ${begin} to ${end}, where ${filled} was next`, name))
    }
    filled = end
  }
  if (filled === dataBytes) return E.right(undefined)
  const cut = filled > dataBytes ? 'the file is cut short' : 'bytes follow the last tensor'
  return E.left(badContainer(file, `the data must be ${filled} bytes, as the header says`, `${dataBytes}: ${cut}`))
}

/**
 * A header, checked against every law of the format: JSON without repeated names, known dtypes, shapes whose exact size
 * is that of their range, ranges that fill the data. Names are kept in a Map, whatever they are.
 *
 * @param bytes the header alone, without its length
 * @param dataBytes what the file holds after the header
 */
export const parseHeader = (bytes: Uint8Array, dataBytes: number, file: string): Checked<Header> => {
  if (bytes[0] !== 0x7b) return E.left(badContainer(file, 'the header must begin with {', 'something else'))
  const parsed = parseJson(bytes, file)
  if (E.isLeft(parsed))
    return E.left(badContainer(file, 'the header must be JSON', parsed.left.faults.map(faultLine).join('\n')))
  if (!isRecord(parsed.right)) return E.left(badContainer(file, 'the header must be a record', 'another value'))
  const { right: record } = parsed
  const tensors = new Map<string, TensorEntry>()
  let metadata: ReadonlyMap<string, string> = new Map()
  for (const name of Object.keys(record)) {
    const json = record[name] ?? null
    if (name === metadataName) {
      const texts = metadataOf(json, file)
      if (E.isLeft(texts)) return texts
      metadata = texts.right
    } else {
      const entry = tensorEntry(name, json, file)
      if (E.isLeft(entry)) return entry
      tensors.set(name, entry.right)
    }
  }
  return pipe(
    checkRanges(tensors, dataBytes, file),
    E.map(() => ({ metadata, tensors, dataStart: prefixBytes + bytes.length })),
  )
}
