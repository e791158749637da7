import { mkdtempSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { E } from '@cotangent/prelude'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type FileLayer, nodeFiles } from './fileLayer.js'
import { type Fault, failingAt, simulatedDisk } from './simulatedDisk.js'
import { removeLeftovers, writeFileAtomic } from './writeFileAtomic.js'

const encoder = new TextEncoder()
const pieces = ['new ', 'and longer'].map((text) => encoder.encode(text))

const folderWith = (content: string): { readonly folder: string; readonly path: string } => {
  const folder = mkdtempSync(join(tmpdir(), 'cotangent-'))
  const path = join(folder, 'results.json')
  writeFileSync(path, content)
  return { folder, path }
}

describe('writeFileAtomic', () => {
  it('writes text, bytes and pieces, and leaves nothing else', async () => {
    const { folder, path } = folderWith('old')
    for (const content of ['text ü', encoder.encode('text ü'), [encoder.encode('text '), encoder.encode('ü')]]) {
      expect(await writeFileAtomic(path, content)()).toEqual(E.right(undefined))
      expect(readFileSync(path, 'utf8')).toBe('text ü')
      writeFileSync(path, 'old')
    }
    expect(readdirSync(folder)).toEqual(['results.json'])
  })

  it('says what is wrong with the place', async () => {
    const result = await writeFileAtomic(join(tmpdir(), 'nowhere', 'at', 'all'), 'x')()
    expect(result).toMatchObject({ left: { _tag: 'WriteFailed', code: 'ENOENT' } })
  })

  it.each<Fault>(['ENOSPC', 'EIO', 'short write', 'end'])('survives %s at any operation', async (fault) => {
    for (let n = 1; ; n++) {
      const { folder, path } = folderWith('old')
      const { layer, operations } = failingAt(nodeFiles, n, fault)
      const result = await writeFileAtomic(path, pieces, layer)()
      const content = readFileSync(path, 'utf8')
      expect(content === 'old' || content === 'new and longer').toBe(true)
      if (E.isRight(result)) expect(content).toBe('new and longer')
      if (fault === 'short write') expect(E.isRight(result)).toBe(true)
      if (fault === 'end') await removeLeftovers(folder)()
      expect(readdirSync(folder)).toEqual(['results.json'])
      if (operations() < n) {
        expect(n).toBeGreaterThan(6)
        break
      }
    }
  })

  it('stops when the system takes nothing', async () => {
    const { folder, path } = folderWith('old')
    const layer: FileLayer = {
      ...nodeFiles,
      create: async (name) => ({ ...(await nodeFiles.create(name)), write: async () => 0 }),
    }
    expect(await writeFileAtomic(path, 'new', layer)()).toMatchObject({ left: { _tag: 'WriteFailed' } })
    expect(readdirSync(folder)).toEqual(['results.json'])
  })
})

describe('a power cut', () => {
  type Write = (path: string, layer: FileLayer) => Promise<boolean>

  const ours: Write = async (path, layer) => E.isRight(await writeFileAtomic(path, pieces, layer)())

  // What the steps are there for: the same without one of them.
  const careless =
    (left: 'sync' | 'syncFolder'): Write =>
    async (path, layer) => {
      const nothing = async (): Promise<void> => undefined
      return ours(path, {
        ...layer,
        create: async (name) => {
          const file = await layer.create(name)
          return left === 'sync' ? { ...file, sync: nothing } : file
        },
        ...(left === 'syncFolder' ? { syncFolder: nothing } : {}),
      })
    }

  const survives = (write: Write) =>
    fc.asyncProperty(
      fc.integer({ min: 1, max: 9 }),
      fc.infiniteStream(fc.constantFrom<'all' | 'part' | 'none'>('all', 'part', 'none')),
      async (operation, keeps) => {
        const disk = simulatedDisk()
        await writeFileAtomic('out/state', 'old', disk.layer)()
        const done = await write('out/state', failingAt(disk.layer, operation, 'end').layer)
        disk.powerCut(() => keeps.next().value ?? 'none')
        const content = new TextDecoder().decode(disk.read('out/state'))
        return done ? content === 'new and longer' : content === 'old' || content === 'new and longer'
      },
    )

  it('leaves the old file or the new one, and the new one once it was reported written', async () => {
    await fc.assert(survives(ours), { seed: 1, numRuns: 1000 })
  })

  it.each(['sync', 'syncFolder'] as const)('is seen by this test if %s is left out', async (left) => {
    expect((await fc.check(survives(careless(left)), { seed: 1, numRuns: 1000 })).failed).toBe(true)
  })
})
