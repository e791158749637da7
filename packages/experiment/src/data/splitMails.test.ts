import { fc, test } from '@fast-check/vitest'
import { describe, expect, it } from 'vitest'
import { randomStream } from '../statistics/index.js'
import { fineTuningSet } from './fineTuningSet.js'
import { type MailGroup, type MailLabel, mailLabels } from './mail.js'
import { clustersFrom } from './nearDuplicates.js'
import { shuffled } from './random.js'
import { splitMails, studyShares } from './splitMails.js'
import { apportion } from './stratify.js'

interface Kind {
  readonly label: MailLabel
  readonly group: MailGroup
}
const kind: fc.Arbitrary<Kind> = fc.record({
  label: fc.constantFrom(...mailLabels),
  group: fc.constantFrom<MailGroup>('ham', 'ham', 'ham', 'hard-ham'),
})

/** Mails in clusters whose numbers run from 0 without holes. */
const clustered = fc.array(fc.tuple(kind, fc.nat(30)), { minLength: 1, maxLength: 80 }).map((rows) => {
  const numbers = new Map<number, number>()
  const of = rows.map(([, cluster]) => {
    if (!numbers.has(cluster)) numbers.set(cluster, numbers.size)
    return numbers.get(cluster) ?? 0
  })
  return { mails: rows.map(([mail]) => mail), clusters: clustersFrom(of) }
})

describe('splitMails', () => {
  test.prop([clustered, fc.nat()], { numRuns: 300, seed: 1 })(
    'puts every mail into one part and no cluster into two',
    ({ mails, clusters }, seed) => {
      const split = splitMails(mails, clusters, studyShares, randomStream(seed).uniform)
      const places = Object.values(split).flat()
      expect(places.toSorted((a, b) => a - b)).toEqual([...mails.keys()])
      const parts = Object.values(split).map((part) => new Set(part.map((i) => clusters.of[i])))
      for (const [i, part] of parts.entries())
        for (const other of parts.slice(i + 1)) expect([...part].some((cluster) => other.has(cluster))).toBe(false)
      expect(splitMails(mails, clusters, studyShares, randomStream(seed).uniform)).toEqual(split)
    },
  )

  it('meets the shares to within a mail in every stratum of single mails', () => {
    const mails: Kind[] = mailLabels.flatMap((label, i) =>
      Array.from({ length: 40 + i }, (_, k) => ({
        label,
        group: k % 10 === 0 ? ('hard-ham' as const) : ('ham' as const),
      })),
    )
    const split = splitMails(mails, clustersFrom([...mails.keys()]), studyShares, randomStream(3).uniform)
    for (const label of mailLabels)
      for (const group of ['ham', 'hard-ham'] as const) {
        const all = mails.filter((mail) => mail.label === label && mail.group === group).length
        for (const part of ['pretraining', 'pool', 'validation', 'test'] as const) {
          const here = split[part].filter((i) => mails[i]?.label === label && mails[i]?.group === group).length
          expect(Math.abs(here - all * studyShares[part])).toBeLessThan(1)
        }
      }
  })

  it('refuses shares that cannot be', () => {
    const mails: Kind[] = [{ label: 'fork', group: 'ham' }]
    for (const shares of [
      { a: 0, b: 0 },
      { a: -1, b: 2 },
      { a: Number.NaN, b: 1 },
    ])
      expect(() => splitMails(mails, clustersFrom([0]), shares, () => 0.5)).toThrow(/shares/)
  })
})

describe('apportion', () => {
  test.prop([fc.nat(1000), fc.array(fc.nat(50), { minLength: 1, maxLength: 9 })], { numRuns: 300, seed: 2 })(
    'gives quotas rounded up or down that sum to the total',
    (total, weights) => {
      const sum = weights.reduce((a, b) => a + b, 0)
      const shares = apportion(total, weights)
      expect(shares.reduce((a, b) => a + b, 0)).toBe(sum === 0 ? 0 : total)
      shares.forEach((share, i) => {
        if (sum > 0) expect(Math.abs(share - (total * (weights[i] ?? 0)) / sum)).toBeLessThan(1)
      })
    },
  )
})

describe('fineTuningSet', () => {
  const pool: Kind[] = [
    ...Array.from({ length: 300 }, (): Kind => ({ label: 'spam', group: 'spam' })),
    ...Array.from({ length: 120 }, (_, i): Kind => ({ label: 'other', group: i < 40 ? 'hard-ham' : 'ham' })),
    ...Array.from({ length: 30 }, (): Kind => ({ label: 'razor', group: 'ham' })),
  ]
  const count = (places: readonly number[], label: MailLabel, group?: MailGroup): number =>
    places.filter((i) => pool[i]?.label === label && (group === undefined || pool[i]?.group === group)).length

  it('draws natural shares', () => {
    const places = fineTuningSet(pool, { size: 45, classes: 'natural' }, randomStream(1).uniform)
    expect([count(places, 'spam'), count(places, 'other'), count(places, 'razor')]).toEqual([30, 12, 3])
    expect(count(places, 'other', 'hard-ham')).toBe(4)
  })

  it('draws equal shares, with hard ham in its share of the class, and takes all where too few', () => {
    const places = fineTuningSet(pool, { size: 90, classes: 'balanced' }, randomStream(1).uniform)
    expect([count(places, 'spam'), count(places, 'other'), count(places, 'razor')]).toEqual([30, 30, 30])
    expect(count(places, 'other', 'hard-ham')).toBe(10)
    const more = fineTuningSet(pool, { size: 150, classes: 'balanced' }, randomStream(1).uniform)
    expect([count(more, 'spam'), count(more, 'other'), count(more, 'razor')]).toEqual([60, 60, 30])
  })

  it('is fixed by the seed and different between seeds', () => {
    const draw = (seed: number) => fineTuningSet(pool, { size: 60, classes: 'natural' }, randomStream(seed).uniform)
    expect(draw(1)).toEqual(draw(1))
    expect(draw(1)).not.toEqual(draw(2))
    expect(new Set(draw(1)).size).toBe(60)
  })

  it('refuses more than there is', () => {
    expect(() => fineTuningSet(pool, { size: 451, classes: 'natural' }, randomStream(1).uniform)).toThrow(/at most 450/)
  })
})

describe('shuffled', () => {
  it('gives every order equally often', () => {
    const stream = randomStream(5)
    const counts = new Map<string, number>()
    for (let i = 0; i < 6000; i++) {
      const order = shuffled(['a', 'b', 'c'], stream.uniform).join('')
      counts.set(order, (counts.get(order) ?? 0) + 1)
    }
    // Chi-square with 5 degrees of freedom: 20.5 is exceeded with probability 0.001.
    const chiSquare = [...counts.values()].reduce((sum, n) => sum + (n - 1000) ** 2 / 1000, 0)
    expect(counts.size).toBe(6)
    expect(chiSquare).toBeLessThan(20.5)
  })
})
