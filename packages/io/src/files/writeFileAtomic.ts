import { basename, dirname, join } from 'node:path'
import { E, type TE, type WriteFailed, writeFailed } from '@cotangent/prelude'
import { type FileLayer, nodeFiles, type OpenFile } from './fileLayer.js'
import { systemCode, systemText } from './systemError.js'

/** What is written: text (as UTF-8), bytes, or pieces one after the other, made as they are needed. */
export type Content = string | Uint8Array | Iterable<Uint8Array>

const piecesOf = (content: Content): Iterable<Uint8Array> => {
  if (typeof content === 'string') return [new TextEncoder().encode(content)]
  return content instanceof Uint8Array ? [content] : content
}

let made = 0

/** Begins with a dot and ends with a mark of ours, so that it can be told from a user's file. */
const temporaryName = (path: string): string => {
  made += 1
  // A file name may have 255 bytes: the target's own is not needed in full.
  const name = Buffer.from(basename(path)).subarray(0, 100).toString('hex').slice(0, 32)
  return join(dirname(path), `.${name}-${process.pid}-${made}.cotangent-tmp`)
}

const temporary = /^\.[0-9a-f]*-\d+-\d+\.cotangent-tmp$/

const writeAll = async (file: OpenFile, bytes: Uint8Array): Promise<void> => {
  for (let done = 0; done < bytes.length; ) {
    const taken = await file.write(bytes.subarray(done))
    if (taken <= 0) throw new Error('the system took no bytes')
    done += taken
  }
}

const writeNew = async (layer: FileLayer, path: string, content: Content): Promise<void> => {
  const file = await layer.create(path)
  try {
    for (const piece of piecesOf(content)) await writeAll(file, piece)
    await file.sync()
  } finally {
    await file.close()
  }
}

const ignoringFailure = async (action: Promise<void>): Promise<void> => {
  try {
    await action
  } catch {
    // The failure that led here is the one to report.
  }
}

/**
 * Writes a file so that whatever happens (a full disk, a crash, a power cut) there is afterwards either the old file or
 * the new one, whole: temporary file beside the target, fsync, rename, fsync of the folder. Where it fails the temporary
 * is removed and the target is as before.
 *
 * @param path the target; its folder must exist
 * @param content what to write
 * @param layer the machine's files unless told otherwise
 * @example writeFileAtomic('out/results.json', JSON.stringify(results))
 */
export const writeFileAtomic =
  (path: string, content: Content, layer: FileLayer = nodeFiles): TE.TaskEither<WriteFailed, void> =>
  async () => {
    const beside = temporaryName(path)
    let renamed = false
    try {
      await writeNew(layer, beside, content)
      await layer.rename(beside, path)
      renamed = true
      await layer.syncFolder(dirname(path))
      return E.right(undefined)
    } catch (thrown) {
      if (!renamed) await ignoringFailure(layer.remove(beside))
      return E.left(writeFailed(path, systemText(thrown), systemCode(thrown)))
    }
  }

/**
 * Removes the temporaries that a crash left in a folder. To be called by the run that holds the folder's lock.
 *
 * @returns the names that were removed
 */
export const removeLeftovers =
  (folder: string, layer: FileLayer = nodeFiles): TE.TaskEither<WriteFailed, readonly string[]> =>
  async () => {
    try {
      const names = (await layer.list(folder)).filter((name) => temporary.test(name))
      for (const name of names) await layer.remove(join(folder, name))
      return E.right(names)
    } catch (thrown) {
      return E.left(writeFailed(folder, systemText(thrown), systemCode(thrown)))
    }
  }
