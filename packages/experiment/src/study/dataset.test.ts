import { makeTokenizer, specialTokens, trainBpe } from '@cotangent/transformer'
import { fc, test } from '@fast-check/vitest'
import { describe, expect, it } from 'vitest'
import { encodeTexts, encodeWindows, labelBatch, rowsOf, type TokenRows, tokenBatch } from './dataset.js'

const tokenizer = makeTokenizer(trainBpe(['the cat sat on the mat'], { vocabularySize: 270, specialTokens }))

const row = <A extends Int32Array | Float32Array>(table: A, width: number, i: number): number[] =>
  Array.from(table.subarray(i * width, (i + 1) * width))

/** The words of a row: what stands between [CLS] and [SEP]. */
const wordsOf = ({ inputIds, attentionMask, length }: TokenRows, i: number): number[] => {
  const ids = row(inputIds, length, i)
  const many = row(attentionMask, length, i).reduce((sum, one) => sum + one, 0)
  expect([ids[0], ids[many - 1]]).toEqual([tokenizer.clsId, tokenizer.sepId])
  expect(ids.slice(many).every((id) => id === tokenizer.padId)).toBe(true)
  return ids.slice(1, many - 1)
}

describe('encodeWindows', () => {
  test.prop(
    [fc.array(fc.stringMatching(/^[a-z ]{0,40}$/), { minLength: 1, maxLength: 4 }), fc.integer({ min: 1, max: 4 })],
    { seed: 1, numRuns: 40 },
  )('cuts a text into pieces that follow one another; only a short rest is left out', (texts, limit) => {
    const length = 10
    const inner = length - 2
    const { tokens, ofMail } = encodeWindows(tokenizer, texts, length, limit)
    expect(ofMail.flat()).toEqual(Array.from({ length: tokens.rows }, (_, i) => i))
    texts.forEach((text, i) => {
      const own = ofMail[i] ?? []
      expect(own.length).toBeGreaterThanOrEqual(1)
      expect(own.length).toBeLessThanOrEqual(limit)
      const whole = wordsOf(encodeTexts(tokenizer, [text], limit * inner + 2), 0)
      const pieces = own.flatMap((place) => wordsOf(tokens, place))
      expect(pieces).toEqual(whole.slice(0, pieces.length))
      expect(whole.length - pieces.length).toBeLessThan(inner / 4)
    })
  })

  it('is the plain encoding where a text fits into one row', () => {
    const texts = ['the cat', 'mat']
    const plain = encodeTexts(tokenizer, texts, 16)
    const { tokens, ofMail } = encodeWindows(tokenizer, texts, 16, 3)
    expect(tokens).toEqual(plain)
    expect(ofMail).toEqual([[0], [1]])
  })
})

describe('batches', () => {
  const tokens = encodeTexts(tokenizer, ['cat', 'the mat', 'on'], 8)

  it('tokenBatch takes rows as asked for; filler attends to one token', () => {
    const { inputIds, attentionMask } = tokenBatch(tokens, [2, -1, 0])
    expect(inputIds.shape).toEqual([3, 8])
    const ids = Int32Array.from(inputIds.data)
    expect([row(ids, 8, 0), row(ids, 8, 2)]).toEqual([row(tokens.inputIds, 8, 2), row(tokens.inputIds, 8, 0)])
    const mask = Int32Array.from(attentionMask.data)
    expect(row(mask, 8, 1)).toEqual([1, 0, 0, 0, 0, 0, 0, 0])
    expect(row(mask, 8, 2)).toEqual(row(tokens.attentionMask, 8, 0))
  })

  it('rowsOf takes rows of a table; filler is 0', () => {
    const table = Float32Array.of(1, 2, 3, 4, 5, 6)
    const { shape, data } = rowsOf(table, 2, [2, -1, 0])
    expect(shape).toEqual([3, 2])
    expect(Array.from(data)).toEqual([5, 6, 0, 0, 1, 2])
  })

  it('labelBatch masks filler out', () => {
    const { labels, mask } = labelBatch(Int32Array.of(7, 8, 9), [2, -1, 0])
    expect(Array.from(labels.data)).toEqual([9, 0, 7])
    expect(Array.from(mask.data)).toEqual([1, 0, 1])
    expect([labels.dtype, mask.dtype]).toEqual(['i32', 'f32'])
  })
})
