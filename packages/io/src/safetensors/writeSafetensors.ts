import { type BadContainer, badContainer, E, pipe, TE, type WriteFailed } from '@cotangent/prelude'
import type { FileLayer } from '../files/fileLayer.js'
import { writeFileAtomic } from '../files/writeFileAtomic.js'
import { elementCount, printStored, type StoredTensor, storedBytes, storedDTypes } from '../storedTensor.js'
import { metadataName, prefixBytes } from './header.js'

/** Texts that go into a file's header. */
export type Metadata = ReadonlyMap<string, string>

type Named = readonly [string, StoredTensor]

// Code points and not UTF-16 units, as Rust and Python compare.
const byCodePoints = (a: string, b: string): number => Buffer.compare(Buffer.from(a), Buffer.from(b))

const rank = new Map(storedDTypes.map((dtype, i) => [dtype, i]))
const rankOf = ({ dtype }: StoredTensor): number => rank.get(dtype) ?? 0

/** As the Python library orders them: the dtype first (wider ones before, so that all are aligned), then the name. */
const inFileOrder = (tensors: ReadonlyMap<string, StoredTensor>): readonly Named[] =>
  [...tensors].sort(([nameA, a], [nameB, b]) => rankOf(b) - rankOf(a) || byCodePoints(nameA, nameB))

const loneSurrogate = /[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/

const checkTensor = ([name, tensor]: Named, file: string): E.Either<BadContainer, void> => {
  const bad = (reason: string, received: string): E.Either<BadContainer, never> =>
    E.left(badContainer(file, reason, received, name))
  if (name === metadataName) return bad('no tensor may have this name', 'it is where the header keeps texts')
  if (loneSurrogate.test(name)) return bad('its name must be Unicode text', 'half of a surrogate pair')
  const count = elementCount(tensor.shape)
  if (count === undefined) return bad('its shape must be whole numbers of at least 0', printStored(tensor))
  const bytes = count * storedBytes[tensor.dtype]
  return bytes === tensor.data.byteLength
    ? E.right(undefined)
    : bad(`its data must be ${bytes} bytes for ${printStored(tensor)}`, `${tensor.data.byteLength}`)
}

const checkMetadata = (metadata: Metadata, file: string): E.Either<BadContainer, void> =>
  [...metadata].flat().some((text) => loneSurrogate.test(text))
    ? E.left(badContainer(file, `${metadataName} must be Unicode text`, 'half of a surrogate pair'))
    : E.right(undefined)

// Written by hand and not from an object: an object would put names such as "1" before the others.
const record = (fields: readonly (readonly [string, string])[]): string =>
  `{${fields.map(([name, json]) => `${JSON.stringify(name)}:${json}`).join(',')}}`

const headerText = (ordered: readonly Named[], metadata: Metadata): string => {
  const texts = [...metadata].sort(([a], [b]) => byCodePoints(a, b))
  let begin = 0
  const entries = ordered.map(([name, { dtype, shape, data }]): readonly [string, string] => {
    const end = begin + data.byteLength
    const json = `{"dtype":"${dtype}","shape":[${shape.join(',')}],"data_offsets":[${begin},${end}]}`
    begin = end
    return [name, json]
  })
  const first = record(texts.map(([key, text]) => [key, JSON.stringify(text)]))
  return record(texts.length === 0 ? entries : [[metadataName, first], ...entries])
}

/** Length and header, filled with spaces so that the data begins at a multiple of 8. */
const headerBytes = (ordered: readonly Named[], metadata: Metadata): Uint8Array => {
  const text = new TextEncoder().encode(headerText(ordered, metadata))
  const length = Math.ceil(text.length / 8) * 8
  const bytes = new Uint8Array(prefixBytes + length).fill(0x20)
  new DataView(bytes.buffer).setBigUint64(0, BigInt(length), true)
  bytes.set(text, prefixBytes)
  return bytes
}

/**
 * The pieces of a safetensors file: its header, then each tensor's data, not copied. Equal tensors and metadata give
 * equal bytes, whatever their order in the Map, and the bytes of the Python library.
 *
 * @param file its name, for messages
 * @returns BadContainer for a tensor whose data does not fit its shape, or a name that the format cannot hold
 */
export const encodeSafetensors = (
  tensors: ReadonlyMap<string, StoredTensor>,
  metadata: Metadata,
  file: string,
): E.Either<BadContainer, readonly Uint8Array[]> => {
  const ordered = inFileOrder(tensors)
  const checks = [checkMetadata(metadata, file), ...ordered.map((named) => checkTensor(named, file))]
  const bad = checks.find(E.isLeft)
  return bad ?? E.right([headerBytes(ordered, metadata), ...ordered.map(([, { data }]) => data)])
}

/**
 * Writes a safetensors file, atomically.
 *
 * @param metadata texts for the header, such as { format: 'pt' }, which transformers asks for
 * @example writeSafetensors('w.safetensors', new Map([['w', storedFloat32([1, 2], [2])]]))
 */
export const writeSafetensors = (
  path: string,
  tensors: ReadonlyMap<string, StoredTensor>,
  metadata: Metadata = new Map(),
  layer?: FileLayer,
): TE.TaskEither<BadContainer | WriteFailed, void> =>
  pipe(
    TE.fromEither<BadContainer | WriteFailed, readonly Uint8Array[]>(encodeSafetensors(tensors, metadata, path)),
    TE.flatMap((pieces) => writeFileAtomic(path, pieces, layer)),
  )

/** Bytes that the data of these tensors takes in a file; the header is left out. For estimates of free space. */
export const dataBytes = (tensors: Iterable<StoredTensor>): number => {
  let bytes = 0
  for (const { data } of tensors) bytes += data.byteLength
  return bytes
}
