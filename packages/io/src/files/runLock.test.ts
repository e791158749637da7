import { spawnSync } from 'node:child_process'
import { existsSync, mkdtempSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { hostname, tmpdir } from 'node:os'
import { join } from 'node:path'
import { E } from '@cotangent/prelude'
import { describe, expect, it } from 'vitest'
import { acquireRunLock, lockName, type RunLock } from './runLock.js'

const newFolder = (): string => mkdtempSync(join(tmpdir(), 'cotangent-'))
const lockOf = (folder: string): string => join(folder, lockName)

const acquired = async (folder: string): Promise<RunLock> => {
  const result = await acquireRunLock(folder)()
  if (E.isLeft(result)) throw new Error(result.left.message)
  return result.right
}
const messageOf = async (folder: string): Promise<string> => {
  const result = await acquireRunLock(folder)()
  return E.isLeft(result) ? result.left.message : 'acquired'
}
const left = (folder: string, holder: object): void => writeFileSync(lockOf(folder), JSON.stringify(holder))
const gonePid = (): number => spawnSync(process.execPath, ['-e', '0']).pid

describe('the lock of an output folder', () => {
  it('is held by one run at a time, and free after its end', async () => {
    const folder = newFolder()
    const lock = await acquired(folder)
    expect(lock.takenOver).toBe(undefined)
    expect(await messageOf(folder)).toContain(`process ${process.pid} on ${hostname()} is writing here`)
    lock.release()
    expect(readdirSync(folder)).toEqual([])
    lock.release()
    ;(await acquired(folder)).release()
  })

  it('says who holds it, in a file', async () => {
    const folder = newFolder()
    await acquired(folder)
    expect(JSON.parse(readFileSync(lockOf(folder), 'utf8'))).toMatchObject({ pid: process.pid, host: hostname() })
  })

  it('is taken over from a process that is gone', async () => {
    const folder = newFolder()
    left(folder, { pid: gonePid(), start: 'long ago', host: hostname() })
    const lock = await acquired(folder)
    expect(lock.takenOver).toMatch(/^The lock of an earlier run \(process \d+ on .*\) was taken over/)
    expect(await messageOf(folder)).toContain('is writing here')
    lock.release()
    expect(readdirSync(folder)).toEqual([])
  })

  it.skipIf(process.platform !== 'linux')(
    'is taken over where the process id belongs to another process now',
    async () => {
      const folder = newFolder()
      left(folder, { pid: process.pid, start: 'another boot/12345', host: hostname() })
      expect((await acquired(folder)).takenOver).toContain('was taken over')
    },
  )

  it('is believed where it was made on another host', async () => {
    const folder = newFolder()
    left(folder, { pid: gonePid(), start: '', host: 'another\u001b[31mhost' })
    const message = await messageOf(folder)
    expect(message).toContain('on another\\x1b[31mhost holds')
    expect(message).toContain('cannot be seen from here')
  })

  it.each(['', '{', '[]', '{"pid": -1}', '\u001b'])('is taken over where it holds %j', async (text) => {
    const folder = newFolder()
    writeFileSync(lockOf(folder), text)
    expect((await acquired(folder)).takenOver).toContain('was empty')
  })

  it('goes to one of many that take it over at once', async () => {
    const folder = newFolder()
    left(folder, { pid: gonePid(), start: '', host: hostname() })
    const results = await Promise.all(Array.from({ length: 20 }, () => acquireRunLock(folder)()))
    expect(results.filter(E.isRight)).toHaveLength(1)
    expect(readdirSync(folder)).toEqual([lockName])
  })

  it('stays where another run took it over', async () => {
    const folder = newFolder()
    const lock = await acquired(folder)
    left(folder, { pid: 1, start: '', host: 'another' })
    lock.release()
    expect(existsSync(lockOf(folder))).toBe(true)
  })

  it('is refused in a folder that is not there', async () => {
    expect(await messageOf(join(newFolder(), 'nowhere'))).toContain('it must be possible to make a lock file here')
  })
})
