import { readFileSync } from 'node:fs'
import { fc, test } from '@fast-check/vitest'
import { describe, expect, it } from 'vitest'
import { specialTokens } from './tokenizerFile.js'
import { trainBpe } from './trainBpe.js'

const fixture = (name: string): unknown =>
  JSON.parse(readFileSync(new URL(`../../../../test/fixtures/tokenizer/${name}`, import.meta.url), 'utf8'))

describe('trainBpe', () => {
  it('merges the most frequent pair first, by hand', () => {
    // "low" 3 times, "lower" once, "ow" twice: o w 6, l o 4, e r 1, w e 1.
    const { merges, tokens } = trainBpe(['low', 'low', 'low', 'lower', 'ow', 'ow'], {
      vocabularySize: 258,
      specialTokens: [],
    })
    expect(merges).toEqual([
      ['o', 'w'],
      ['l', 'ow'],
    ])
    expect(tokens.slice(-2)).toEqual(['ow', 'low'])
  })

  it('merges overlapping pairs from the left and counts what is left', () => {
    // "aaaa" twice: a a 6; then aa aa 2.
    const { merges } = trainBpe(['aaaa', 'aaaa'], { vocabularySize: 300, specialTokens: [] })
    expect(merges).toEqual([
      ['a', 'a'],
      ['aa', 'aa'],
    ])
  })

  it("learns the tokens and merges of Hugging Face's trainer from the same texts", () => {
    const { trainOn } = fixture('expected.json') as { trainOn: string[] }
    const { model } = fixture('tokenizer.json') as {
      model: { vocab: Record<string, number>; merges: [string, string][] }
    }
    const { tokens, merges } = trainBpe(trainOn, { vocabularySize: 600, specialTokens })
    expect(merges).toEqual(model.merges)
    expect(new Map(tokens.map((token, id) => [token, id]))).toEqual(new Map(Object.entries(model.vocab)))
  })

  it('stops where no pair is frequent enough', () => {
    const { tokens, merges } = trainBpe(['abc'], { vocabularySize: 1000, specialTokens })
    expect(merges).toEqual([])
    expect(tokens.length).toBe(261)
    expect(trainBpe([], { vocabularySize: 1000, specialTokens }).tokens.length).toBe(261)
  })

  it('refuses a vocabulary without room for the bytes, and repeated special tokens', () => {
    expect(() => trainBpe([], { vocabularySize: 260, specialTokens })).toThrow(/whole number from 261/)
    expect(() => trainBpe([], { vocabularySize: 300.5, specialTokens })).toThrow(RangeError)
    expect(() => trainBpe([], { vocabularySize: 300, specialTokens: ['[A]', '[A]'] })).toThrow(/must differ/)
  })

  test.prop(
    [fc.array(fc.string({ unit: fc.constantFrom('a', 'b', ' ', 'é'), maxLength: 12 }), { maxLength: 12 }), fc.nat()],
    { numRuns: 200, seed: 1 },
  )('takes at each step a pair that is most frequent in the texts as merged so far', (texts, rotation) => {
    const { merges } = trainBpe(texts, { vocabularySize: 290, specialTokens: [] })
    // The plain algorithm: count all pairs anew before every merge.
    let words = texts.flatMap((text) =>
      Array.from(text.matchAll(/ ?[abé]+|\s+(?!\S)|\s+/gu), ([word]) =>
        Array.from(new TextEncoder().encode(word), (byte) =>
          byte === 32 ? 'Ġ' : byte >= 0xc3 ? 'Ã' : byte === 0xa9 ? '©' : String.fromCharCode(byte),
        ),
      ),
    )
    for (const [left, right] of merges) {
      const counts = new Map<string, number>()
      for (const word of words)
        for (let i = 1; i < word.length; i++) {
          const pair = `${word[i - 1]} ${word[i]}`
          counts.set(pair, (counts.get(pair) ?? 0) + 1)
        }
      expect(counts.get(`${left} ${right}`)).toBe(Math.max(...counts.values()))
      words = words.map((word) => {
        const next: string[] = []
        for (let i = 0; i < word.length; i++)
          if (word[i] === left && word[i + 1] === right) {
            next.push(left + right)
            i++
          } else next.push(word[i] ?? '')
        return next
      })
    }
    // The order of the texts does not matter.
    const turn = texts.length === 0 ? 0 : rotation % texts.length
    const turned = [...texts.slice(turn), ...texts.slice(0, turn)]
    expect(trainBpe(turned, { vocabularySize: 290, specialTokens: [] }).merges).toEqual(merges)
  })
})
