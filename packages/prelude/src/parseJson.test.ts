import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { E } from './fp.js'
import { parseJson } from './parseJson.js'

const messageOf = (text: string | Uint8Array): string => {
  const parsed = parseJson(text, 'f.json')
  return E.isLeft(parsed) ? parsed.left.message : 'parsed'
}

describe('parseJson', () => {
  it('gives what JSON.parse gives', () => {
    fc.assert(
      fc.property(fc.json({ maxDepth: 4 }), fc.constantFrom(0, 1, 2), (text, indent) => {
        const value: unknown = JSON.parse(text)
        const parsed = parseJson(JSON.stringify(value, null, indent), 'f.json')
        expect(E.isRight(parsed) && JSON.stringify(parsed.right)).toBe(JSON.stringify(value))
      }),
      { seed: 1, numRuns: 300 },
    )
  })

  it('refuses exactly what JSON.parse refuses, but for duplicate names and numbers out of range', () => {
    const texts = fc
      .tuple(
        fc.json({ maxDepth: 2 }),
        fc.nat(),
        fc.constantFrom('', ',', '"', '{', ']', '0', 'e', '\\', ':', '\n', 'u'),
      )
      .map(([text, at, mark]) => {
        const cut = at % (text.length + 1)
        return text.slice(0, cut) + mark + text.slice(cut + (at % 2))
      })
    fc.assert(
      fc.property(texts, (text) => {
        const ours = parseJson(text, 'f.json')
        if (E.isLeft(ours) && /only once|finite number/.test(ours.left.message)) return
        expect(E.isRight(ours)).toBe(parses(text))
      }),
      { seed: 2, numRuns: 2000 },
    )
  })

  it('takes __proto__ as a name like others', () => {
    const parsed = parseJson('{"__proto__": {"polluted": 1}, "constructor": 2}', 'f.json')
    expect(E.isRight(parsed) && JSON.stringify(parsed.right)).toBe('{"__proto__":{"polluted":1},"constructor":2}')
    expect(Reflect.get({}, 'polluted')).toBe(undefined)
  })

  it.each([
    ['', 'line 1, column 1: expected a JSON value, received the end of the file'],
    ['\ufeff{}', 'expected JSON text without a byte order mark, received a byte order mark'],
    ['{"a": 1, "a": 2}', 'line 1, column 13 (in a): expected a name only once in a record'],
    ['{"a": [NaN]}', 'line 1, column 8 (in a[0]): expected a JSON value, received NaN'],
    ['{"a": 1e999}', '(in a): expected a finite number, received a number too large for a double (1e999)'],
    ['{"a": 1}{', 'line 1, column 9: expected the end of the file after the value, received more text'],
    ['{"a": 01}', 'expected a comma or }'],
    ['{\n "a": "b', 'line 2, column 9 (in a): expected a text that ends with a quote'],
    ['['.repeat(200_000), 'expected at most 200 levels'],
    ['{"a":'.repeat(200_000), 'expected at most 200 levels'],
  ])('refuses %s', (text, part) => {
    expect(messageOf(text)).toContain(part)
  })

  it('refuses bytes that are not UTF-8 or begin with a mark', () => {
    expect(messageOf(new Uint8Array([0x22, 0xff, 0x22]))).toContain('bytes that are not UTF-8')
    expect(messageOf(new Uint8Array([0xef, 0xbb, 0xbf, 0x31]))).toContain('byte order mark')
  })

  it('quotes nothing of a file that is no JSON', () => {
    expect(messageOf('root:secret:0:0')).not.toMatch(/root|secret/)
    expect(messageOf('"root" secret')).not.toMatch(/root|secret/)
  })
})

const parses = (text: string): boolean => {
  try {
    JSON.parse(text)
    return true
  } catch {
    return false
  }
}
