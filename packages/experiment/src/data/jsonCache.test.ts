import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { E, open, positiveInteger, TE } from '@cotangent/prelude'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { jsonCache } from './jsonCache.js'

const codec = open({ n: positiveInteger })
let folder = ''
let made = 0
const make = TE.fromIO(() => ({ n: ++made }))

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'cotangent-cache-'))
  made = 0
})
afterEach(() => {
  rmSync(folder, { recursive: true, force: true })
})

describe('jsonCache', () => {
  it('makes once, then reads', async () => {
    const file = join(folder, 'n.json')
    const cached = jsonCache(file, codec, make)
    expect(await cached()).toEqual(E.right({ value: { n: 1 }, use: { _tag: 'Written', file } }))
    expect(await cached()).toEqual(E.right({ value: { n: 1 }, use: { _tag: 'Read', file } }))
    expect(readdirSync(folder)).toEqual(['n.json'])
  })

  it.each(['', '{"n": 1', '{"n": -1}', '[]', 'null', '{"n": "1"}'])(
    'makes anew where the file holds %j',
    async (content) => {
      const file = join(folder, 'n.json')
      writeFileSync(file, content)
      expect(await jsonCache(file, codec, make)()).toEqual(E.right({ value: { n: 1 }, use: { _tag: 'Written', file } }))
      expect(readFileSync(file, 'utf8')).toBe('{"n":1}')
    },
  )

  it('goes on without a file or a folder, and says so', async () => {
    expect(await jsonCache(undefined, codec, make)()).toEqual(E.right({ value: { n: 1 }, use: { _tag: 'Off' } }))
    expect(await jsonCache(join(folder, 'none', 'n.json'), codec, make)()).toMatchObject({
      right: { value: { n: 2 }, use: { _tag: 'NotWritten', error: { _tag: 'WriteFailed' } } },
    })
  })

  it('passes on why nothing could be made', async () => {
    expect(await jsonCache(join(folder, 'n.json'), codec, TE.left('no corpus'))()).toEqual(E.left('no corpus'))
    expect(readdirSync(folder)).toEqual([])
  })
})
