/*
 * Protocol buffers' wire format, bottom-up: a piece knows its length before it is written, so that an outer message can
 * put the length in front, and every byte is written once, where it belongs.
 * Source: https://protobuf.dev/programming-guides/encoding/
 */

/** Encoded fields, one behind the other. */
export interface Chunk {
  readonly length: number
  /** Writes them from `at` on. */
  readonly write: (into: Uint8Array, at: number) => void
}

/** Several pieces as one message body. */
export const message = (...pieces: readonly Chunk[]): Chunk => joined(pieces)

/** One piece per item. */
export const repeated = <T>(items: readonly T[], encode: (item: T) => Chunk): Chunk => joined(items.map(encode))

const joined = (pieces: readonly Chunk[]): Chunk => {
  let length = 0
  for (const piece of pieces) length += piece.length
  return {
    length,
    write: (into, at) => {
      let next = at
      for (const piece of pieces) {
        piece.write(into, next)
        next += piece.length
      }
    },
  }
}

/** A whole number, seven bits a byte, lowest first; a negative one as the 64 bits of its two's complement. */
const varint = (value: number | bigint): readonly number[] => {
  const bytes: number[] = []
  if (typeof value === 'number' && value >= 0 && value < 2 ** 31) {
    let rest = value
    for (; rest >= 0x80; rest >>= 7) bytes.push((rest & 0x7f) | 0x80)
    bytes.push(rest)
    return bytes
  }
  let rest = BigInt.asUintN(64, BigInt(value))
  for (; rest >= 0x80n; rest >>= 7n) bytes.push(Number(rest & 0x7fn) | 0x80)
  bytes.push(Number(rest))
  return bytes
}

const ofBytes = (bytes: readonly number[] | Uint8Array): Chunk => ({
  length: bytes.length,
  write: (into, at) => into.set(bytes, at),
})

const tag = (field: number, wireType: 0 | 2 | 5): readonly number[] => varint((field << 3) | wireType)

/** A field that holds an integer or an enumeration's value. */
export const integerField = (field: number, value: number | bigint): Chunk =>
  ofBytes([...tag(field, 0), ...varint(value)])

/** A field that holds a 32-bit float. */
export const floatField = (field: number, value: number): Chunk => {
  const bytes = new Uint8Array(4)
  new DataView(bytes.buffer).setFloat32(0, value, true)
  return ofBytes([...tag(field, 5), ...bytes])
}

/** A field that holds bytes. They are copied once, into the whole. */
export const bytesField = (field: number, bytes: Uint8Array): Chunk => messageField(field, ofBytes(bytes))

const encoder = new TextEncoder()

/** Whether each character is one byte. */
const isPlain = (text: string): boolean => /^[\x20-\x7e]*$/.test(text)

const ofText = (text: string): Chunk => ({
  length: text.length,
  write: (into, at) => {
    for (let i = 0; i < text.length; i++) into[at + i] = text.charCodeAt(i)
  },
})

/** A field that holds text. */
export const textField = (field: number, text: string): Chunk =>
  messageField(field, isPlain(text) ? ofText(text) : ofBytes(encoder.encode(text)))

/** A field that holds a message. */
export const messageField = (field: number, body: Chunk): Chunk => {
  const head = [...tag(field, 2), ...varint(body.length)]
  return {
    length: head.length + body.length,
    write: (into, at) => {
      into.set(head, at)
      body.write(into, at + head.length)
    },
  }
}

/** A field of several integers, packed. */
export const integersField = (field: number, values: readonly number[]): Chunk =>
  messageField(field, ofBytes(values.flatMap(varint)))

/** A message as one array. */
export const finish = (chunk: Chunk): Uint8Array => {
  const bytes = new Uint8Array(chunk.length)
  chunk.write(bytes, 0)
  return bytes
}
