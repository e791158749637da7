import { constants } from 'node:fs'
import { type FileHandle, open } from 'node:fs/promises'
import { E, type MissingFile, missingFile, type TE } from '@cotangent/prelude'
import { systemCode, systemText } from './systemError.js'

/** An open regular file that is read by ranges. */
export interface RegularFile {
  readonly path: string
  /** Bytes, when it was opened. */
  readonly size: number
  /** Fills `into` with the bytes from `position` on; fewer if the file ends before. Gives their number. */
  readonly readInto: (into: Uint8Array, position: number) => Promise<number>
}

// Linux reads at most 0x7ffff000 bytes a call, and Node takes no length above 2^31 - 1.
const largestRead = 2 ** 30

const readInto = async (handle: FileHandle, into: Uint8Array, position: number): Promise<number> => {
  let done = 0
  while (done < into.length) {
    const length = Math.min(largestRead, into.length - done)
    const { bytesRead } = await handle.read(into, done, length, position + done)
    if (bytesRead === 0) break
    done += bytesRead
  }
  return done
}

// Without O_NONBLOCK, opening a named pipe waits for a writer. Windows has no such flag.
const flags = constants.O_RDONLY | (constants.O_NONBLOCK ?? 0)

const check = 'check the path; links are followed, other kinds of files are not read'

/**
 * Opens a file, makes sure that it is a regular one (no pipe, device or folder; links are followed), and closes it after
 * use.
 *
 * @param use gets the open file; a read that fails ends it with MissingFile
 */
export const withRegularFile =
  <L, A>(path: string, use: (file: RegularFile) => Promise<E.Either<L, A>>): TE.TaskEither<L | MissingFile, A> =>
  async () => {
    let handle: FileHandle | undefined
    try {
      handle = await open(path, flags)
      const opened = handle
      const stat = await opened.stat()
      if (!stat.isFile()) return E.left(missingFile(path, kindOf(stat), check))
      return await use({ path, size: stat.size, readInto: (into, position) => readInto(opened, into, position) })
    } catch (thrown) {
      if (systemCode(thrown) === '') throw thrown
      return E.left(missingFile(path, systemText(thrown), check, systemCode(thrown)))
    } finally {
      await handle?.close()
    }
  }

interface Kind {
  readonly isDirectory: () => boolean
  readonly isFIFO: () => boolean
}

const kindOf = (stat: Kind): string => {
  if (stat.isDirectory()) return 'a folder'
  return stat.isFIFO() ? 'a named pipe' : 'a device or socket'
}
