import { existsSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { E, getOrThrow, nonNegativeInteger, open, t } from '@cotangent/prelude'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type JsonLinesContent, type JsonLinesOptions, openJsonLines, readJsonLines } from './jsonLines.js'

const folder = mkdtempSync(join(tmpdir(), 'cotangent-'))
const at = (name: string): string => join(folder, name)

const row = open({ text: t.string, label: nonNegativeInteger })
type Row = t.TypeOf<typeof row>

const read = (content: string | Uint8Array, options?: JsonLinesOptions) => {
  writeFileSync(at('rows.jsonl'), content)
  return readJsonLines(at('rows.jsonl'), row, options)()
}
const rowsOf = async (content: string | Uint8Array): Promise<readonly Row[]> => getOrThrow(await read(content)).rows
const messageOf = async (content: string): Promise<string> => {
  const result = await read(content)
  return E.isLeft(result) ? result.left.message.replaceAll(folder, '') : 'read'
}

const good = '{"text":"a","label":1}'

describe('writing', () => {
  it('gives each row a line at once, and goes on where a file ended', () => {
    const path = at('metrics.jsonl')
    const first = getOrThrow(openJsonLines(path))
    first.append({ step: 1, loss: Number.NaN, terms: [Number.NEGATIVE_INFINITY] })
    expect(readFileSync(path, 'utf8')).toBe('{"step":1,"loss":"NaN","terms":["-Infinity"]}\n')
    expect(first.close()).toEqual(E.right(undefined))
    expect(first.close()).toEqual(E.right(undefined))
    expect(first.append({})).toMatchObject({ left: { _tag: 'WriteFailed' } })
    const second = getOrThrow(openJsonLines(path))
    second.append({ step: 2 })
    second.close()
    expect(readFileSync(path, 'utf8').split('\n')).toHaveLength(3)
  })

  it('is what reading gives back', async () => {
    const rows = fc.array(fc.record({ text: fc.string({ unit: 'binary' }), label: fc.nat() }), { maxLength: 20 })
    let n = 0
    await fc.assert(
      fc.asyncProperty(rows, async (rows) => {
        n += 1
        const path = at(`round-${n}.jsonl`)
        const writer = getOrThrow(openJsonLines(path))
        for (const each of rows) getOrThrow(writer.append(each))
        getOrThrow(writer.close())
        const content: JsonLinesContent<Row> = getOrThrow(await readJsonLines(path, row)())
        expect(content.rows).toEqual(rows)
      }),
      { seed: 1, numRuns: 50 },
    )
  })

  it.skipIf(!existsSync('/dev/full'))('says that the disk is full', () => {
    const writer = getOrThrow(openJsonLines('/dev/full'))
    expect(writer.append({ step: 1 })).toMatchObject({ left: { _tag: 'WriteFailed', code: 'ENOSPC' } })
  })

  it('says that the place is wrong', () => {
    expect(openJsonLines(at('nowhere/metrics.jsonl'))).toMatchObject({ left: { _tag: 'WriteFailed', code: 'ENOENT' } })
  })
})

describe('reading takes', () => {
  it.each([
    ['a byte order mark', `\ufeff${good}\n`],
    ['CRLF', `${good}\r\n${good}\r\n`],
    ['no newline at the end', `${good}\n${good}`],
    ['blank lines', `\n${good}\n \n\r\n`],
  ])('%s', async (_, content) => {
    expect((await rowsOf(content))[0]).toEqual({ text: 'a', label: 1 })
  })

  it('U+2028 within a line, lone surrogates, and bytes that are no UTF-8 (as U+FFFD)', async () => {
    expect(await rowsOf('{"text":"a\u2028b","label":1}')).toEqual([{ text: 'a\u2028b', label: 1 }])
    expect(await rowsOf('{"text":"\\ud800","label":1}')).toEqual([{ text: '\ud800', label: 1 }])
    const bytes = new TextEncoder().encode('{"text":"?","label":1}').map((byte) => (byte === 0x3f ? 0xff : byte))
    expect(await rowsOf(bytes)).toEqual([{ text: '\ufffd', label: 1 }])
  })

  it('lines that lie across the parts in which a file is read', async () => {
    const long = { text: 'ü'.repeat(700_000), label: 2 }
    const lines = Array.from({ length: 4 }, () => JSON.stringify(long)).join('\n')
    expect(await rowsOf(`${good}\n${lines}`)).toEqual([{ text: 'a', label: 1 }, long, long, long, long])
  })

  it('an empty file, as no rows', async () => {
    expect(await rowsOf('')).toEqual([])
  })
})

describe('reading refuses', () => {
  it('bad rows, with file and line', async () => {
    const bad = [
      '[1]',
      'null',
      '{"text":"a"}',
      '{"text":5,"label":"1"}',
      '{"text":"a","label":-1}',
      `${good}${good}`,
      '{"text',
    ]
    expect(await messageOf([good, ...bad].join('\n'))).toMatchInlineSnapshot(`
      "/rows.jsonl: 8 values are not as they must be.
        received  /rows.jsonl:2: expected a record, received a list of 1
                  /rows.jsonl:3: expected a record, received null
                  /rows.jsonl:4, label: expected a whole number of at least 0, received nothing
                  /rows.jsonl:5, text: expected a text, received 5
                  /rows.jsonl:5, label: expected a whole number of at least 0, received "1"
                  /rows.jsonl:6, label: expected a whole number of at least 0, received -1
                  /rows.jsonl:7, column 23: expected the end of the file after the value, received more text
                  /rows.jsonl:8, column 7: expected a text that ends with a quote and holds no raw control character, received the end of the file
        to do     correct what is listed in /rows.jsonl"
    `)
  })

  it.each(['0.5', '1e30', '"1"', '-100', 'NaN', '1e999', 'true'])('the label %s', async (label) => {
    expect(await messageOf(`${good}\n{"text":"a","label":${label}}`)).toContain('rows.jsonl:2, ')
  })

  it('nothing where bad rows are skipped, and counts them', async () => {
    const content = getOrThrow(await read(`${good}\n{}\n${good}\nx`, { skipBadRows: true }))
    expect(content.rows).toHaveLength(2)
    expect(content.skippedRows).toBe(2)
    expect(content.skipped.map(({ path }) => path.replace(folder, ''))).toEqual([
      '/rows.jsonl:2, text',
      '/rows.jsonl:2, label',
      '/rows.jsonl:4, column 1',
    ])
  })
})
