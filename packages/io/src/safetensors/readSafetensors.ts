import {
  type BadContainer,
  badContainer,
  E,
  type MissingFile,
  type MissingTensor,
  missingFile,
  missingTensor,
  nearest,
  TE,
} from '@cotangent/prelude'
import { type RegularFile, withRegularFile } from '../files/regularFile.js'
import type { StoredTensor } from '../storedTensor.js'
import { type Header, headerLength, parseHeader, prefixBytes, type TensorEntry } from './header.js'

/** What a safetensors file holds, in the order of its header. */
export interface StoredFile {
  readonly tensors: ReadonlyMap<string, StoredTensor>
  readonly metadata: ReadonlyMap<string, string>
}

/** Why a safetensors file was not read. */
export type ReadError = MissingFile | BadContainer | MissingTensor

// Files of PyTorch's own format are programs for Python's pickle: reading them would mean running them.
const pickled = /\.(bin|pt|pth|ckpt|pkl)$/i

const isPickle = (path: string): E.Either<MissingFile, void> =>
  pickled.test(path)
    ? E.left(
        missingFile(
          path,
          'a file of a format that runs code when it is read (pickle)',
          'convert it in Python: safetensors.torch.save_file(torch.load(path, weights_only=True), "model.safetensors")',
        ),
      )
    : E.right(undefined)

const headerOf = async (file: RegularFile): Promise<E.Either<BadContainer, Header>> => {
  const prefix = new Uint8Array(prefixBytes)
  const got = await file.readInto(prefix, 0)
  const length = headerLength(prefix.subarray(0, got), file.size, file.path)
  if (E.isLeft(length)) return length
  const bytes = new Uint8Array(length.right)
  if ((await file.readInto(bytes, prefixBytes)) < bytes.length) return E.left(shrunk(file))
  return parseHeader(bytes, file.size - prefixBytes - bytes.length, file.path)
}

const shrunk = (file: RegularFile): BadContainer =>
  badContainer(file.path, 'the file must stay as it is while it is read', 'it became shorter')

const tensorOf = async (
  file: RegularFile,
  header: Header,
  { dtype, shape, begin, end }: TensorEntry,
): Promise<E.Either<BadContainer, StoredTensor>> => {
  const data = new Uint8Array(end - begin)
  const got = await file.readInto(data, header.dataStart + begin)
  return got < data.length ? E.left(shrunk(file)) : E.right({ dtype, shape, data })
}

const wantedOf = (
  file: RegularFile,
  { tensors }: Header,
  names: readonly string[] | undefined,
): E.Either<MissingTensor, readonly (readonly [string, TensorEntry])[]> => {
  if (names === undefined) return E.right([...tensors])
  const found = names.flatMap((name): readonly (readonly [string, TensorEntry])[] => {
    const entry = tensors.get(name)
    return entry === undefined ? [] : [[name, entry]]
  })
  if (found.length === names.length) return E.right(found)
  const missing = names.filter((name) => !tensors.has(name))
  return E.left(missingTensor(missing, file.path, nearNames(missing, [...tensors.keys()])))
}

/** For each missing name the nearest one that is there, where there is one. Only the first names are compared. */
export const nearNames = (missing: readonly string[], present: readonly string[]): ReadonlyMap<string, string> =>
  new Map(
    missing.slice(0, 10).flatMap((name): readonly (readonly [string, string])[] => {
      const near = nearest(name, present)
      return near === undefined ? [] : [[name, near]]
    }),
  )

/**
 * The header of a safetensors file: names, dtypes, shapes and metadata, without the data.
 *
 * @returns MissingFile for what is no readable regular file, BadContainer for a file that breaks the format
 */
export const readSafetensorsHeader = (path: string): TE.TaskEither<ReadError, Header> =>
  TE.flatMap(() => withRegularFile<ReadError, Header>(path, headerOf))(TE.fromEither<ReadError, void>(isPickle(path)))

/**
 * Reads a safetensors file. The header is checked whole before memory is taken for the data; each tensor is read into
 * memory of its own, so that files beyond 2 GiB and odd offsets need no care.
 *
 * @param path a regular file, or a link to one
 * @param names the tensors that are needed; all of them unless given
 * @returns MissingTensor where one of `names` is not there
 * @example readSafetensors('model.safetensors')
 */
export const readSafetensors = (path: string, names?: readonly string[]): TE.TaskEither<ReadError, StoredFile> => {
  const read = async (file: RegularFile): Promise<E.Either<ReadError, StoredFile>> => {
    const header = await headerOf(file)
    if (E.isLeft(header)) return header
    const wanted = wantedOf(file, header.right, names)
    if (E.isLeft(wanted)) return wanted
    const tensors = new Map<string, StoredTensor>()
    for (const [name, entry] of wanted.right) {
      const tensor = await tensorOf(file, header.right, entry)
      if (E.isLeft(tensor)) return tensor
      tensors.set(name, tensor.right)
    }
    return E.right({ tensors, metadata: header.right.metadata })
  }
  return TE.flatMap(() => withRegularFile(path, read))(TE.fromEither<ReadError, void>(isPickle(path)))
}

/**
 * The tensors of a safetensors file that is in memory already; the data is shared, not copied.
 *
 * @param bytes the whole file
 * @param file its name, for messages
 */
export const decodeSafetensors = (bytes: Uint8Array, file: string): E.Either<BadContainer, StoredFile> => {
  const length = headerLength(bytes.subarray(0, prefixBytes), bytes.length, file)
  if (E.isLeft(length)) return length
  const dataStart = prefixBytes + length.right
  const header = parseHeader(bytes.subarray(prefixBytes, dataStart), bytes.length - dataStart, file)
  return E.map(({ tensors, metadata }: Header) => ({
    metadata,
    tensors: new Map(
      [...tensors].map(([name, { dtype, shape, begin, end }]) => [
        name,
        { dtype, shape, data: new Uint8Array(bytes.buffer, bytes.byteOffset + dataStart + begin, end - begin) },
      ]),
    ),
  }))(header)
}
