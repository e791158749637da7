import { createHash } from 'node:crypto'
import { mkdtempSync, truncateSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { closed, E, positiveInteger } from '@cotangent/prelude'
import { expect, it } from 'vitest'
import { readBytes, readJson, readText, sha256OfFile } from './readFile.js'

const folder = mkdtempSync(join(tmpdir(), 'cotangent-'))
const written = (name: string, content: string | Uint8Array): string => {
  const path = join(folder, name)
  writeFileSync(path, content)
  return path
}

it('reads bytes and text', async () => {
  expect(await readBytes(written('a', Uint8Array.of(1, 2)))()).toEqual(E.right(Uint8Array.of(1, 2)))
  expect(await readText(written('b', '\ufeffü\r\n'))()).toEqual(E.right('ü\r\n'))
  expect(await readText(written('c', Uint8Array.of(0x61, 0xff)))()).toEqual(E.right('a\ufffd'))
})

it('refuses a file that is too large before reading it', async () => {
  const path = written('large', '')
  truncateSync(path, 2 ** 40)
  expect(await readBytes(path)()).toMatchObject({ left: { _tag: 'MissingFile' } })
})

it('decodes JSON and names file and field', async () => {
  const codec = closed({ rank: positiveInteger })
  expect(await readJson(written('good.json', '{"rank": 8}'), codec)()).toEqual(E.right({ rank: 8 }))
  const bad = await readJson(written('bad.json', '{"rank": -8}'), codec)()
  expect(E.isLeft(bad) && bad.left.message).toMatch(
    /bad\.json: .*\n {2}received {2}rank: expected a whole number above 0/,
  )
  expect(await readJson(written('cut.json', '{"rank"'), codec)()).toMatchObject({ left: { _tag: 'BadInput' } })
  expect(await readJson(join(folder, 'nowhere.json'), codec)()).toMatchObject({ left: { code: 'ENOENT' } })
})

it('hashes by parts', async () => {
  const bytes = new Uint8Array(2 ** 20 + 17).map((_, i) => (i * 31) % 251)
  const expected = createHash('sha256').update(bytes).digest('hex')
  expect(await sha256OfFile(written('hashed', bytes))()).toEqual(E.right(expected))
  expect(await sha256OfFile(written('empty', ''))()).toEqual(E.right(createHash('sha256').digest('hex')))
})
