/*
 * Protocol buffers' wire format, written bottom-up: a message is a list of chunks with its length known, so that an
 * outer message can put the length in front without copying.
 * Source: https://protobuf.dev/programming-guides/encoding/
 */

/** Encoded fields, one behind the other. */
export interface Chunks {
  readonly length: number
  readonly parts: readonly Uint8Array[]
}

const ofBytes = (bytes: Uint8Array): Chunks => ({ length: bytes.length, parts: [bytes] })

/** Several pieces as one message body. */
export const message = (...pieces: readonly Chunks[]): Chunks => ({
  length: pieces.reduce((total, piece) => total + piece.length, 0),
  parts: pieces.flatMap((piece) => piece.parts),
})

/** One piece per item. */
export const repeated = <T>(items: readonly T[], encode: (item: T) => Chunks): Chunks => message(...items.map(encode))

/** A whole number, seven bits a byte, lowest first; a negative one as the 64 bits of its two's complement. */
const varint = (value: number | bigint): number[] => {
  const bytes: number[] = []
  let rest = BigInt.asUintN(64, BigInt(value))
  while (rest >= 0x80n) {
    bytes.push(Number(rest & 0x7fn) | 0x80)
    rest >>= 7n
  }
  bytes.push(Number(rest))
  return bytes
}

const tag = (field: number, wireType: 0 | 2 | 5): number[] => varint((field << 3) | wireType)

/** A field that holds an integer or an enumeration's value. */
export const integerField = (field: number, value: number | bigint): Chunks =>
  ofBytes(Uint8Array.from([...tag(field, 0), ...varint(value)]))

/** A field that holds a 32-bit float. */
export const floatField = (field: number, value: number): Chunks => {
  const bytes = new Uint8Array(5)
  bytes.set(tag(field, 5))
  new DataView(bytes.buffer).setFloat32(1, value, true)
  return ofBytes(bytes)
}

/** A field that holds bytes. They are not copied. */
export const bytesField = (field: number, bytes: Uint8Array): Chunks => messageField(field, ofBytes(bytes))

const encoder = new TextEncoder()

/** A field that holds text. */
export const textField = (field: number, text: string): Chunks => bytesField(field, encoder.encode(text))

/** A field that holds a message. */
export const messageField = (field: number, body: Chunks): Chunks => {
  const head = Uint8Array.from([...tag(field, 2), ...varint(body.length)])
  return { length: head.length + body.length, parts: [head, ...body.parts] }
}

/** A field of several integers, packed. */
export const integersField = (field: number, values: readonly number[]): Chunks =>
  bytesField(field, Uint8Array.from(values.flatMap((value) => varint(value))))

/** A message as one array. */
export const finish = ({ length, parts }: Chunks): Uint8Array => {
  const bytes = new Uint8Array(length)
  let at = 0
  for (const part of parts) {
    bytes.set(part, at)
    at += part.length
  }
  return bytes
}
