import { fc, test } from '@fast-check/vitest'
import { describe, expect, it } from 'vitest'
import { randomStream } from '../statistics/index.js'
import { characterNoise } from './characterNoise.js'
import { labelNoise } from './labelNoise.js'
import { longTail, longTailCounts } from './longTail.js'
import { type Mail, mailLabels } from './mail.js'
import { noFaults, pretrainingSet } from './pretrainingSet.js'

const rate = fc.double({ min: 0, max: 1, noNaN: true })
const classes = ['a', 'b', 'c', 'd'] as const

describe('labelNoise', () => {
  test.prop([fc.array(fc.constantFrom(...classes), { maxLength: 60 }), rate, fc.nat()], { numRuns: 300, seed: 1 })(
    'changes exactly the share asked for, each label to another class',
    (labels, share, seed) => {
      const noisy = labelNoise(labels, classes, share, randomStream(seed).uniform)
      expect(noisy.changed.length).toBe(Math.round(share * labels.length))
      const changed = new Set(noisy.changed)
      labels.forEach((label, i) => {
        expect(noisy.labels[i] !== label).toBe(changed.has(i))
        expect(classes).toContain(noisy.labels[i])
      })
      expect(labelNoise(labels, classes, share, randomStream(seed).uniform)).toEqual(noisy)
    },
  )

  it('takes the other classes equally often', () => {
    const noisy = labelNoise(new Array<string>(9000).fill('a'), classes, 1, randomStream(2).uniform)
    const counts = ['b', 'c', 'd'].map((label) => noisy.labels.filter((other) => other === label).length)
    expect(counts.reduce((sum, n) => sum + (n - 3000) ** 2 / 3000, 0)).toBeLessThan(13.8)
  })

  it('refuses rates outside [0, 1] and a single class', () => {
    for (const wrong of [-0.1, 1.1, Number.NaN])
      expect(() => labelNoise(['a'], ['a', 'b'], wrong, () => 0)).toThrow(/rate/)
    expect(() => labelNoise(['a'], ['a'], 1, () => 0)).toThrow(/two classes/)
    expect(labelNoise(['a'], ['a'], 0, () => 0).labels).toEqual(['a'])
  })
})

describe('longTail', () => {
  it('by hand', () => {
    expect(longTailCounts([100, 100, 100], 4)).toEqual([100, 50, 25])
    // n_0 is what the third class allows: 20 / (1/4) = 80.
    expect(longTailCounts([20, 100, 90], 4)).toEqual([20, 80, 40])
    expect(longTailCounts([20, 100, 90], 1)).toEqual([20, 20, 20])
    expect(longTailCounts([7], 10)).toEqual([7])
    expect(() => longTailCounts([1], 0.5)).toThrow(/ratio/)
    expect(() => longTailCounts([1, 0], 2)).toThrow(/every class/)
  })

  test.prop(
    [
      fc.array(fc.integer({ min: 50, max: 2000 }), { minLength: 2, maxLength: 9 }),
      fc.double({ min: 1, max: 20, noNaN: true }),
    ],
    { numRuns: 300, seed: 3 },
  )('falls geometrically, keeps the ratio, and wastes nothing', (counts, ratio) => {
    const kept = longTailCounts(counts, ratio)
    const falling = kept.toSorted((a, b) => b - a)
    const step = ratio ** (1 / (counts.length - 1))
    falling.slice(1).forEach((n, i) => {
      // Both neighbours are rounded down.
      expect(n * step).toBeLessThan((falling[i] ?? 0) + 1 + step)
      expect((n + 1) * step).toBeGreaterThan((falling[i] ?? 0) - 1e-6)
    })
    kept.forEach((n, i) => {
      expect(n).toBeLessThanOrEqual(counts[i] ?? 0)
    })
    expect(kept.some((n, i) => n === counts[i])).toBe(true)
  })

  it('draws within classes, by seed', () => {
    const labels = Array.from({ length: 300 }, (_, i) => classes[i % 3] ?? 'a')
    const places = longTail(labels, 4, randomStream(1).uniform)
    expect(['a', 'b', 'c'].map((label) => places.filter((i) => labels[i] === label).length)).toEqual([100, 50, 25])
    expect(longTail(labels, 4, randomStream(1).uniform)).toEqual(places)
    expect(longTail(labels, 4, randomStream(2).uniform)).not.toEqual(places)
  })
})

describe('pretrainingSet', () => {
  const mails: Pick<Mail, 'label' | 'group'>[] = mailLabels.flatMap((label) =>
    Array.from({ length: 50 }, (_, i) => ({ label, group: i % 5 === 0 ? ('hard-ham' as const) : ('ham' as const) })),
  )

  it('without faults is the mails themselves', () => {
    const set = pretrainingSet(mails, noFaults, randomStream(1).uniform)
    expect(set.places).toEqual([...mails.keys()])
    expect(set.labels).toEqual(mails.map(({ label }) => label))
    expect(set.changed).toEqual([])
  })

  it('has no hard ham, a long tail, and the rate of noise on what is left', () => {
    const set = pretrainingSet(mails, { noise: 0.2, imbalance: 10, withoutHardHam: true }, randomStream(1).uniform)
    expect(set.places.some((i) => mails[i]?.group === 'hard-ham')).toBe(false)
    const counts = mailLabels.map((label) => set.places.filter((i) => mails[i]?.label === label).length)
    expect(Math.max(...counts) / Math.min(...counts)).toBe(10)
    expect(set.changed.length).toBe(Math.round(0.2 * set.places.length))
    set.labels.forEach((label, at) => {
      expect(label !== mails[set.places[at] ?? -1]?.label).toBe(set.changed.includes(at))
    })
  })
})

describe('characterNoise', () => {
  const text = fc.oneof(
    fc.string({ unit: 'binary' }),
    fc.lorem({ maxCount: 30 }),
    fc.constant('see <url> of <list>, Ünal'),
  )

  test.prop([text, rate, fc.nat()], { numRuns: 300, seed: 4 })(
    'leaves everything but letters where it is, and is fixed by the seed',
    (original, strength, seed) => {
      const noisy = characterNoise(original, strength, randomStream(seed).uniform)
      const others = (of: string): string => of.replace(/\p{L}/gu, '')
      expect(others(noisy)).toBe(others(original))
      expect(characterNoise(original, strength, randomStream(seed).uniform)).toBe(noisy)
      expect(characterNoise(original, 0, randomStream(seed).uniform)).toBe(original)
    },
  )

  it('disturbs the share of letters asked for', () => {
    const original = 'abcdefghij '.repeat(3000)
    for (const strength of [0.02, 0.1, 0.3]) {
      const noisy = characterNoise(original, strength, randomStream(6).uniform)
      // Drops and insertions balance; a swap takes its neighbour's turn, so fewer letters than `strength` are drawn.
      expect(Math.abs(noisy.length - original.length)).toBeLessThan(0.02 * original.length)
      const kept = noisy.split(' ').filter((word) => word === 'abcdefghij').length / 3000
      const expected = (1 - strength) ** 10
      expect(Math.abs(kept - expected)).toBeLessThan(4 * Math.sqrt((expected * (1 - expected)) / 3000))
    }
  })

  it('keeps placeholders', () => {
    expect(characterNoise('<url> <email> <list>', 1, randomStream(1).uniform)).toBe('<url> <email> <list>')
  })

  it('makes each of the four edits', () => {
    // Draws: below strength, then the choice among four, then a letter.
    const scripted =
      (...draws: number[]) =>
      () =>
        draws.shift() ?? 0.999
    expect(characterNoise('ab', 0.5, scripted(0, 0))).toBe('b')
    expect(characterNoise('ab', 0.5, scripted(0, 0.3, 0))).toBe('aab')
    expect(characterNoise('ab', 0.5, scripted(0, 0.6, 0))).toBe('bb')
    expect(characterNoise('ab', 0.5, scripted(0, 0.9))).toBe('ba')
    expect(() => characterNoise('a', 1.5, scripted())).toThrow(/strength/)
  })
})
