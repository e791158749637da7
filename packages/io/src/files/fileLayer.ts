import { open, readdir, rename, unlink } from 'node:fs/promises'
import { resolve } from 'node:path'
import { makeFolders } from './makeFolders.js'

/** A file that is being written. */
export interface OpenFile {
  /** Writes at the end; gives the number of bytes taken, which may be fewer. */
  readonly write: (bytes: Uint8Array) => Promise<number>
  /** Returns when the bytes are on the disk. */
  readonly sync: () => Promise<void>
  readonly close: () => Promise<void>
}

/**
 * The few operations through which everything that must survive a crash is written. Tests put faults and power cuts
 * here. Each throws what the system throws.
 */
export interface FileLayer {
  /** A new file; fails if there is one of that name. */
  readonly create: (path: string) => Promise<OpenFile>
  /** Replaces `to` at once. */
  readonly rename: (from: string, to: string) => Promise<void>
  readonly remove: (path: string) => Promise<void>
  /** A folder and those above it that are missing. */
  readonly makeFolder: (path: string) => Promise<void>
  /** Returns when the names in a folder are on the disk. */
  readonly syncFolder: (path: string) => Promise<void>
  readonly list: (folder: string) => Promise<readonly string[]>
}

const syncFolder = async (path: string): Promise<void> => {
  // Windows cannot open a folder; its renames are journalled.
  if (process.platform === 'win32') return
  const folder = await open(path, 'r')
  try {
    await folder.sync()
  } finally {
    await folder.close()
  }
}

/** The file layer of the machine. */
export const nodeFiles: FileLayer = {
  create: async (path) => {
    const handle = await open(path, 'wx')
    return {
      write: async (bytes) => (await handle.write(bytes)).bytesWritten,
      sync: () => handle.sync(),
      close: () => handle.close(),
    }
  },
  rename,
  remove: unlink,
  makeFolder: async (path) => {
    await makeFolders(resolve(path))
  },
  syncFolder,
  list: readdir,
}
