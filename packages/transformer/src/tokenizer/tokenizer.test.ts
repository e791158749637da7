import { readFileSync } from 'node:fs'
import { fc, test } from '@fast-check/vitest'
import { Tokenizer as HuggingFaceTokenizer } from '@huggingface/tokenizers'
import { describe, expect, it } from 'vitest'
import { fromByteCharacters, toByteCharacters, wordPattern } from './byteLevel.js'
import { makeTokenizer } from './tokenizer.js'
import { printTokenizerFile, specialTokens } from './tokenizerFile.js'
import { trainBpe } from './trainBpe.js'

const { trainOn, encode } = JSON.parse(
  readFileSync(new URL('../../../../test/fixtures/tokenizer/expected.json', import.meta.url), 'utf8'),
) as { trainOn: string[]; encode: { text: string; ids: number[] }[] }

const vocabulary = trainBpe(trainOn, { vocabularySize: 600, specialTokens })
const tokenizer = makeTokenizer(vocabulary)
const huggingFace = new HuggingFaceTokenizer(JSON.parse(printTokenizerFile(vocabulary)), {})

const unicodeText = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 40 }),
  fc.string({ unit: 'grapheme', maxLength: 40 }),
  fc
    .array(fc.constantFrom(...trainOn.join(' ').split(' '), ' ', '\n', '\t', "'s", '12', 'é', '🎉', '\ufeff'))
    .map((words) => words.join(' ')),
)

describe('byte alphabet', () => {
  test.prop([unicodeText], { numRuns: 300, seed: 2 })(
    'writes any text in printable characters and reads it back',
    (text) => {
      expect(fromByteCharacters(toByteCharacters(text))).toBe(text)
      expect(toByteCharacters(text)).not.toMatch(/\s/)
      expect(Array.from(text.matchAll(wordPattern()), ([word]) => word).join('')).toBe(text)
    },
  )
})

describe('makeTokenizer', () => {
  test.prop([unicodeText], { numRuns: 500, seed: 3 })('decode(encode(x)) = x', (text) => {
    expect(tokenizer.decode(tokenizer.encode(text))).toBe(text)
  })

  it('writes a lone surrogate as the replacement character', () => {
    expect(tokenizer.decode(tokenizer.encode('a\ud800b'))).toBe('a\ufffdb')
  })

  it.each(encode)('gives the ids of Python for $text', ({ text, ids }) => {
    expect([tokenizer.clsId, ...tokenizer.encode(text), tokenizer.sepId]).toEqual(ids)
  })

  test.prop([unicodeText], { numRuns: 500, seed: 4 })("gives the ids of Hugging Face's JavaScript library", (text) => {
    expect(tokenizer.encode(text)).toEqual(huggingFace.encode(text, { add_special_tokens: false }).ids)
  })

  it('takes a special token in a text for letters', () => {
    const ids = tokenizer.encode('[MASK]')
    expect(ids).not.toContain(tokenizer.maskId)
    expect(tokenizer.decode(ids)).toBe('[MASK]')
  })

  it('leaves special tokens and unknown ids out of the decoded text', () => {
    expect(tokenizer.decode([tokenizer.clsId, ...tokenizer.encode('hi'), tokenizer.sepId, 0, 9999, -1])).toBe('hi')
  })

  it('fills rows: [CLS], tokens, [SEP], padding', () => {
    const one = makeTokenizer(trainBpe([], { vocabularySize: 261, specialTokens }))
    const id = (character: string): number => vocabulary.tokens.indexOf(character)
    const batch = one.encodeBatch(['ab', 'abcd', ''], 5)
    expect(Array.from(batch.inputIds)).toEqual([
      ...[2, id('a'), id('b'), 3, 0],
      ...[2, id('a'), id('b'), id('c'), 3],
      ...[2, 3, 0, 0, 0],
    ])
    expect(Array.from(batch.attentionMask)).toEqual([1, 1, 1, 1, 0, 1, 1, 1, 1, 1, 1, 1, 0, 0, 0])
    expect(batch.shape).toEqual([3, 5])
    expect(batch.truncated).toBe(1)
  })

  test.prop([fc.array(unicodeText, { maxLength: 8 }), fc.integer({ min: 2, max: 20 })], { numRuns: 200, seed: 5 })(
    'a row is the start of the whole encoding',
    (texts, maxLength) => {
      const { inputIds, attentionMask, shape, truncated } = tokenizer.encodeBatch(texts, maxLength)
      const rows = texts.map((text) => tokenizer.encode(text))
      expect(shape).toEqual([texts.length, maxLength])
      expect(truncated).toBe(rows.filter((row) => row.length > maxLength - 2).length)
      rows.forEach((row, i) => {
        const kept = [tokenizer.clsId, ...row.slice(0, maxLength - 2), tokenizer.sepId]
        const padded = [...kept, ...new Array<number>(maxLength - kept.length).fill(tokenizer.padId)]
        expect(Array.from(inputIds.subarray(i * maxLength, (i + 1) * maxLength))).toEqual(padded)
        const mask = Array.from(attentionMask.subarray(i * maxLength, (i + 1) * maxLength))
        expect(mask).toEqual(padded.map((_, at) => (at < kept.length ? 1 : 0)))
      })
    },
  )

  it('refuses a row without room for [CLS] and [SEP]', () => {
    expect(() => tokenizer.encodeBatch(['a'], 1)).toThrow(/at least 2/)
    expect(() => tokenizer.encodeBatch(['a'], 2.5)).toThrow(RangeError)
  })
})
