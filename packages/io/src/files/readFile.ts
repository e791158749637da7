import { createHash } from 'node:crypto'
import {
  type BadInput,
  decode,
  E,
  type MissingFile,
  missingFile,
  parseJson,
  pipe,
  TE,
  type t,
} from '@cotangent/prelude'
import { type RegularFile, withRegularFile } from './regularFile.js'

/** The most bytes that are read into memory at once unless told otherwise: configurations and tokenisers stay far below. */
export const largestWhole = 256 * 2 ** 20

const whole = async (file: RegularFile, maxBytes: number): Promise<E.Either<MissingFile, Uint8Array>> => {
  const received = `${file.size} bytes`
  if (file.size > maxBytes)
    return E.left(missingFile(file.path, received, `give a file of at most ${maxBytes} bytes, or read it by parts`))
  const bytes = new Uint8Array(file.size)
  const length = await file.readInto(bytes, 0)
  return E.right(length === bytes.length ? bytes : bytes.slice(0, length))
}

/**
 * A regular file as bytes.
 *
 * @param path where it is; links are followed
 * @param maxBytes larger files are refused before anything is allocated
 */
export const readBytes = (path: string, maxBytes = largestWhole): TE.TaskEither<MissingFile, Uint8Array> =>
  withRegularFile(path, (file) => whole(file, maxBytes))

/**
 * A regular file as text in UTF-8. A byte order mark at its start is dropped; bytes that are no UTF-8 become U+FFFD.
 */
export const readText = (path: string, maxBytes = largestWhole): TE.TaskEither<MissingFile, string> =>
  pipe(
    readBytes(path, maxBytes),
    TE.map((bytes) => new TextDecoder().decode(bytes)),
  )

/**
 * A JSON file decoded by a codec; all fields that are wrong are in one error.
 *
 * @example readJson('config.json', open({ hidden_size: positiveInteger }))
 */
export const readJson = <A>(
  path: string,
  codec: t.Decoder<unknown, A>,
  maxBytes = largestWhole,
): TE.TaskEither<MissingFile | BadInput, A> =>
  pipe(
    readBytes(path, maxBytes),
    TE.flatMapEither(
      (bytes): E.Either<MissingFile | BadInput, A> =>
        pipe(
          parseJson(bytes, path),
          E.flatMap((json) => decode(codec, json, { file: path })),
        ),
    ),
  )

const chunkBytes = 2 ** 20

/**
 * SHA-256 of a file in hexadecimal, read by parts.
 *
 * @returns 64 hexadecimal digits
 */
export const sha256OfFile = (path: string): TE.TaskEither<MissingFile, string> =>
  withRegularFile(path, async (file) => {
    const hash = createHash('sha256')
    const chunk = new Uint8Array(chunkBytes)
    for (let at = 0; ; ) {
      const length = await file.readInto(chunk, at)
      if (length === 0) return E.right(hash.digest('hex'))
      hash.update(chunk.subarray(0, length))
      at += length
    }
  })
