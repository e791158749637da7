import { fc, test } from '@fast-check/vitest'
import { describe, expect, it } from 'vitest'
import { randomStream } from '../statistics/index.js'
import type { TokenRows } from './dataset.js'
import { hideWords, maskWords } from './maskWords.js'

// ids 0 to 4 are special: 0 pads, 2 and 3 stand at the ends, 4 hides a word
const options = { share: 0.25, maskId: 4, vocabulary: 1000, firstWord: 5 }

/** Rows of `length` places with so many words each, ids that no two places share. */
const rowsWith = (counts: readonly number[], length: number): TokenRows => {
  const inputIds = new Int32Array(counts.length * length)
  const attentionMask = new Int32Array(counts.length * length)
  counts.forEach((count, i) => {
    const row = [2, ...Array.from({ length: count }, (_, j) => 5 + i * length + j), 3]
    inputIds.set(row, i * length)
    attentionMask.fill(1, i * length, i * length + row.length)
  })
  return { rows: counts.length, length, inputIds, attentionMask, truncated: 0 }
}

describe('maskWords', () => {
  test.prop([fc.array(fc.integer({ min: 0, max: 14 }), { minLength: 1, maxLength: 5 }), fc.nat()], {
    seed: 1,
    numRuns: 50,
  })('asks for words only, each place once, and changes nothing else', (counts, seed) => {
    const tokens = rowsWith(counts, 16)
    const rows = counts.map((_, i) => i)
    const { inputIds, attentionMask, positions, labels } = maskWords(tokens, rows, options, randomStream(seed))
    const perRow = 4
    expect(positions.shape).toEqual([counts.length * perRow])
    const asked = Array.from(labels.data).flatMap((label, k) => (label === -100 ? [] : [{ label, k }]))
    const places = asked.map(({ k }) => positions.data[k] ?? -1)
    expect(new Set(places).size).toBe(places.length)
    asked.forEach(({ label, k }, i) => {
      const place = places[i] ?? -1
      expect(Math.floor(place / 16)).toBe(Math.floor(k / perRow))
      expect(label).toBe(tokens.inputIds[place])
      expect(label).toBeGreaterThanOrEqual(options.firstWord)
    })
    counts.forEach((count, i) => {
      const expected = count === 0 ? 0 : Math.min(perRow, Math.max(1, Math.round(0.25 * count)))
      expect(places.filter((place) => Math.floor(place / 16) === i)).toHaveLength(expected)
    })
    const untouched = Array.from(tokens.inputIds, (id, at) => (places.includes(at) ? inputIds.data[at] : id))
    expect(Array.from(inputIds.data)).toEqual(untouched)
    expect(Array.from(attentionMask.data)).toEqual(Array.from(tokens.attentionMask))
  })

  it('asks for nothing in a filler row', () => {
    const { labels } = maskWords(rowsWith([10], 16), [-1, 0], options, randomStream(1))
    expect(Array.from(labels.data.subarray(0, 4))).toEqual([-100, -100, -100, -100])
    expect(Array.from(labels.data.subarray(4)).some((label) => label !== -100)).toBe(true)
  })

  it('hides 80 %, replaces 10 % by another word, leaves 10 %', () => {
    const tokens = rowsWith(new Array<number>(400).fill(30), 32)
    const rows = Array.from({ length: 400 }, (_, i) => i)
    const wide = { ...options, vocabulary: 20_000 }
    const { inputIds, positions, labels } = maskWords(tokens, rows, wide, randomStream(7))
    const kinds = { hidden: 0, left: 0, replaced: 0 }
    labels.data.forEach((label, k) => {
      const id = inputIds.data[positions.data[k] ?? 0] ?? -1
      if (id === wide.maskId) kinds.hidden += 1
      else if (id === label) kinds.left += 1
      else {
        kinds.replaced += 1
        expect(id).toBeGreaterThanOrEqual(wide.firstWord)
        expect(id).toBeLessThan(wide.vocabulary)
      }
    })
    // 3200 places: four standard deviations are 0.028 and 0.021
    expect(Math.abs(kinds.hidden / 3200 - 0.8)).toBeLessThan(0.028)
    expect(Math.abs(kinds.replaced / 3200 - 0.1)).toBeLessThan(0.021)
    expect(Math.abs(kinds.left / 3200 - 0.1)).toBeLessThan(0.021)
  })
})

describe('hideWords', () => {
  const tokens = rowsWith(new Array<number>(100).fill(30), 32)
  const rows = Array.from({ length: 100 }, (_, i) => i)

  it('hides words with the given probability, special tokens never', () => {
    const { inputIds } = hideWords(tokens, rows, { ...options, share: 0.3 }, randomStream(3))
    let hidden = 0
    inputIds.data.forEach((id, at) => {
      const was = tokens.inputIds[at] ?? 0
      if (id !== was) {
        hidden += 1
        expect(id).toBe(options.maskId)
        expect(was).toBeGreaterThanOrEqual(options.firstWord)
      }
    })
    // 3000 words: four standard deviations are 0.034
    expect(Math.abs(hidden / 3000 - 0.3)).toBeLessThan(0.034)
  })

  it('changes nothing at a share of 0', () => {
    const { inputIds } = hideWords(tokens, rows, { ...options, share: 0 }, randomStream(3))
    expect(Array.from(inputIds.data)).toEqual(Array.from(tokens.inputIds))
  })
})
