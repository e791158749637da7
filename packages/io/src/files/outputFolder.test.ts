import { chmodSync, existsSync, mkdirSync, mkdtempSync, readdirSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { E } from '@cotangent/prelude'
import { expect, it } from 'vitest'
import { ensureOutputFolder, type OutputNeeds } from './outputFolder.js'
import { lockName } from './runLock.js'

const newFolder = (): string => mkdtempSync(join(tmpdir(), 'cotangent-'))

const messageOf = async (path: string, needs?: OutputNeeds): Promise<string> => {
  const result = await ensureOutputFolder(path, needs)()
  return E.isLeft(result) ? result.left.message : result.right
}

it('makes the folder and those above it, and leaves nothing in it', async () => {
  const path = join(newFolder(), 'a', 'b')
  expect(await messageOf(path, { bytes: 1000 })).toBe(path)
  expect(readdirSync(path)).toEqual([])
  expect(await messageOf(path)).toBe(path)
})

it('refuses a file, a path below a file, a path that is too long', async () => {
  const folder = newFolder()
  writeFileSync(join(folder, 'file'), '')
  expect(await messageOf(join(folder, 'file'))).toContain('must be a folder')
  expect(await messageOf(join(folder, 'file', 'out'))).toContain('a part of the path is a file')
  expect(await messageOf(join(folder, 'x'.repeat(5000)))).toContain('the path is too long')
})

it('refuses a folder with files, unless it is to be used again', async () => {
  const folder = newFolder()
  writeFileSync(join(folder, lockName), '')
  expect(await messageOf(folder)).toBe(folder)
  writeFileSync(join(folder, 'results\u001b.json'), '')
  expect((await messageOf(folder)).replace(folder, 'out')).toMatchInlineSnapshot(`
    "out: the output folder must be empty, so that nothing is overwritten.
      received  results\\x1b.json
      to do     give another path with --output"
  `)
  expect(await messageOf(folder, { reuse: true })).toBe(folder)
})

it('refuses a disk without room and takes back the folders it made', async () => {
  const folder = newFolder()
  expect(await messageOf(join(folder, 'a', 'b'), { bytes: 2 ** 62 })).toContain('bytes must be free here')
  expect(existsSync(join(folder, 'a'))).toBe(false)
  expect(existsSync(folder)).toBe(true)
})

it.skipIf(process.getuid?.() === 0)('refuses a folder that cannot be written', async () => {
  const folder = join(newFolder(), 'locked')
  mkdirSync(folder)
  chmodSync(folder, 0o555)
  expect(await messageOf(folder)).toContain('it must be possible to write here')
})

it.skipIf(process.platform !== 'linux')('refuses a place where no files can be made', async () => {
  expect(await messageOf('/proc')).toContain('it must be possible to write here')
  expect(await messageOf('/proc/nowhere')).toContain('it must be possible to make it')
})
