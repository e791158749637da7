import { dirname } from 'node:path'
import type { FileLayer } from './fileLayer.js'

/** A disk in memory that can lose what was not synced: for tests of what must survive a power cut. */
export interface SimulatedDisk {
  readonly layer: FileLayer
  /** The content of a file as a running program sees it. */
  readonly read: (path: string) => Uint8Array | undefined
  /**
   * The power goes and comes back. `keep` is asked once for each change that was not synced, data and names alike: each
   * may have reached the disk or not, in any combination, and data may have reached it in part.
   */
  readonly powerCut: (keep: () => 'all' | 'part' | 'none') => void
}

interface Inode {
  durable: Uint8Array
  current: Uint8Array
}

// A change of names, done as a whole or not at all.
interface NameChange {
  readonly folder: string
  readonly apply: (names: Map<string, Inode>) => void
}

const systemError = (code: string): Error => Object.assign(new Error(code), { code })

/**
 * A file layer in memory that a power cut can strike: what was not flushed may be lost.
 *
 * @example
 * const disk = simulatedDisk()
 * await writeFileAtomic('a', 'text', disk.layer)()
 * disk.powerCut(() => 'none')
 */
export const simulatedDisk = (): SimulatedDisk => {
  const names = new Map<string, Inode>()
  const durableNames = new Map<string, Inode>()
  let pending: readonly NameChange[] = []

  const change = (folder: string, apply: NameChange['apply']): void => {
    apply(names)
    pending = [...pending, { folder, apply }]
  }
  const found = (path: string): Inode => {
    const inode = names.get(path)
    if (inode === undefined) throw systemError('ENOENT')
    return inode
  }

  const layer: FileLayer = {
    create: async (path) => {
      if (names.has(path)) throw systemError('EEXIST')
      const inode: Inode = { durable: new Uint8Array(), current: new Uint8Array() }
      change(dirname(path), (map) => map.set(path, inode))
      return {
        write: async (bytes) => {
          inode.current = Uint8Array.of(...inode.current, ...bytes)
          return bytes.length
        },
        sync: async () => {
          inode.durable = inode.current
        },
        close: async () => undefined,
      }
    },
    rename: async (from, to) => {
      const inode = found(from)
      change(dirname(to), (map) => map.set(to, inode).delete(from))
    },
    remove: async (path) => {
      found(path)
      change(dirname(path), (map) => map.delete(path))
    },
    makeFolder: async () => undefined,
    syncFolder: async (path) => {
      for (const { apply } of pending.filter(({ folder }) => folder === path)) apply(durableNames)
      pending = pending.filter(({ folder }) => folder !== path)
    },
    list: async (folder) =>
      [...names.keys()].filter((path) => dirname(path) === folder).map((path) => path.slice(folder.length + 1)),
  }

  const powerCut = (keep: () => 'all' | 'part' | 'none'): void => {
    for (const { apply } of pending) if (keep() !== 'none') apply(durableNames)
    for (const inode of durableNames.values()) {
      const kept = inode.current === inode.durable ? 'all' : keep()
      if (kept === 'none') inode.current = inode.durable
      if (kept === 'part') inode.current = inode.current.subarray(0, inode.current.length >> 1)
      inode.durable = inode.current
    }
    pending = []
    names.clear()
    for (const [path, inode] of durableNames) names.set(path, inode)
  }

  return { layer, read: (path) => names.get(path)?.current, powerCut }
}

/** What goes wrong at an operation; at `end` the process is gone and nothing after it happens either. */
export type Fault = 'ENOSPC' | 'EIO' | 'short write' | 'end'

/** A layer whose operations are counted, and the count so far. */
export interface FaultyLayer {
  readonly layer: FileLayer
  readonly operations: () => number
}

/**
 * A file layer in which the n-th operation fails; all others are those of `layer`.
 *
 * @param at which operation fails, counted from 1
 * @example failingAt(nodeFiles, 3, 'ENOSPC').layer
 */
export const failingAt = (layer: FileLayer, at: number, fault: Fault): FaultyLayer => {
  let count = 0
  const guarded = async <A>(action: () => Promise<A>): Promise<A> => {
    count += 1
    const fails = fault === 'end' ? count >= at : count === at && fault !== 'short write'
    if (fails) throw systemError(fault === 'end' ? 'ESHUTDOWN' : fault)
    return action()
  }
  return {
    operations: () => count,
    layer: {
      create: async (path) => {
        const file = await guarded(() => layer.create(path))
        return {
          write: (bytes) =>
            guarded(() => file.write(count === at ? bytes.subarray(0, Math.ceil(bytes.length / 2)) : bytes)),
          sync: () => guarded(file.sync),
          // A file is closed in any case, as by the end of a process.
          close: async () => {
            await file.close()
            await guarded(async () => undefined)
          },
        }
      },
      rename: (from, to) => guarded(() => layer.rename(from, to)),
      remove: (path) => guarded(() => layer.remove(path)),
      makeFolder: (path) => guarded(() => layer.makeFolder(path)),
      syncFolder: (path) => guarded(() => layer.syncFolder(path)),
      list: (folder) => guarded(() => layer.list(folder)),
    },
  }
}
