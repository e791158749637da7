import { fc, test } from '@fast-check/vitest'
import { describe, expect, it } from 'vitest'
import { randomStream } from '../statistics/index.js'
import { clusterMails } from './clusterMails.js'
import type { Mail } from './mail.js'
import { nearDuplicates } from './nearDuplicates.js'
import { jaccard, shingleSets } from './shingles.js'
import { unionFind } from './unionFind.js'

const words = fc.array(fc.constantFrom('buy', 'now', 'free', 'linux', 'kernel', 'is', 'a', 'the'), { maxLength: 14 })
const texts = fc.array(
  words.map((list) => list.join(' ')),
  { maxLength: 12 },
)

/** Word shingles and their similarity in the plainest way. */
const similarity = (a: string, b: string, size: number): number => {
  const shingles = (text: string): Set<string> => {
    const list = text.split(' ').filter((word) => word !== '')
    const length = Math.min(size, list.length)
    return new Set(
      length === 0
        ? []
        : Array.from({ length: list.length - length + 1 }, (_, i) => list.slice(i, i + length).join(' ')),
    )
  }
  const [x, y] = [shingles(a), shingles(b)]
  const common = [...x].filter((shingle) => y.has(shingle)).length
  return x.size + y.size === 0 ? 0 : common / (x.size + y.size - common)
}

describe('shingles', () => {
  it('by hand', () => {
    const [a, b, c] = shingleSets(['a b c d', 'A, b c: x', 'a b'], 3)
    expect(a?.length).toBe(2)
    expect(jaccard(a ?? new Float64Array(), b ?? new Float64Array())).toBeCloseTo(1 / 3, 15)
    expect(jaccard(a ?? new Float64Array(), c ?? new Float64Array())).toBe(0)
    expect(shingleSets(['', '!?'], 3).map((set) => set.length)).toEqual([0, 0])
  })

  test.prop([texts, fc.integer({ min: 1, max: 4 })], { numRuns: 200, seed: 1 })(
    'have the similarity of sets of strings, the same both ways',
    (list, size) => {
      const sets = shingleSets(list, size)
      sets.forEach((a, i) => {
        sets.forEach((b, j) => {
          expect(jaccard(a, b)).toBeCloseTo(similarity(list[i] ?? '', list[j] ?? '', size), 12)
          expect(jaccard(a, b)).toBe(jaccard(b, a))
        })
      })
    },
  )

  it('refuses sizes whose numbers are not exact', () => {
    expect(() => shingleSets(['a b'], 0)).toThrow(RangeError)
    expect(() => shingleSets([Array.from({ length: 2000 }, (_, i) => `w${i}`).join(' ')], 6)).toThrow(/2\^53/)
  })
})

describe('unionFind', () => {
  test.prop([fc.array(fc.tuple(fc.nat(19), fc.nat(19)), { maxLength: 30 })], { numRuns: 200, seed: 2 })(
    'joins what a walk over the pairs reaches, and names it by its smallest item',
    (pairs) => {
      const sets = unionFind(20)
      for (const [a, b] of pairs) sets.union(a, b)
      for (let start = 0; start < 20; start++) {
        const reached = new Set([start])
        for (let grew = true; grew; ) {
          grew = false
          for (const [a, b] of pairs)
            if (reached.has(a) !== reached.has(b)) {
              reached.add(a).add(b)
              grew = true
            }
        }
        expect(sets.find(start)).toBe(Math.min(...reached))
      }
    },
  )
})

describe('nearDuplicates', () => {
  // 60 bands of one hash find every pair that shares a shingle with certainty but for 2^-60; exactness does the rest.
  const thorough = { shingleWords: 2, similarity: 0.5, bands: 60, rows: 1 }

  test.prop([texts, fc.nat()], { numRuns: 200, seed: 3 })(
    'are the connected components of pairs that are similar enough',
    (list, seed) => {
      const sets = unionFind(list.length)
      list.forEach((a, i) => {
        list.forEach((b, j) => {
          if (similarity(a, b, 2) >= 0.5) sets.union(i, j)
        })
      })
      const { of, sizes } = nearDuplicates(list, randomStream(seed).uniform, thorough)
      list.forEach((_, i) => {
        list.forEach((__, j) => {
          expect(of[i] === of[j]).toBe(sets.find(i) === sets.find(j))
        })
      })
      expect(sizes.reduce((a, b) => a + b, 0)).toBe(list.length)
      expect(new Set(of).size).toBe(sizes.length)
    },
  )

  it('does not depend on the order of the texts', () => {
    const list = ['buy it now it is free', 'Buy it now: it is free!', 'the kernel is free', 'it is free', 'a b c d e f']
    const forwards = nearDuplicates(list, randomStream(1).uniform).of
    const backwards = nearDuplicates([...list].reverse(), randomStream(2).uniform).of.toReversed()
    const together = (of: readonly number[]): boolean[] => of.flatMap((a) => of.map((b) => a === b))
    expect(together(backwards)).toEqual(together(forwards))
    expect(forwards[0]).toBe(forwards[1])
    expect(nearDuplicates(list, randomStream(1).uniform).of).toEqual(forwards)
  })
})

describe('clusterMails', () => {
  const mail = (text: string): Mail => ({ id: text, text, label: 'fork', group: 'ham', file: text })
  it('keeps a thread together that shares nothing but its subject', () => {
    const { twins, kept } = clusterMails(
      [
        mail('SUSE 8 disks?\nDoes anybody have them'),
        mail('suse 8 disks?\nNo, but ask at the meeting'),
        mail('hi\nDoes it work with yours'),
        mail('hi\nNothing of the sort here'),
        mail('(no subject)\none two three'),
        mail('(no subject)\nfour five six'),
      ],
      randomStream(1).uniform,
    )
    expect(twins.of).toEqual([0, 1, 2, 3, 4, 5])
    expect(kept.of).toEqual([0, 0, 1, 2, 3, 4])
  })
})
