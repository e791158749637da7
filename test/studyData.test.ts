import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { getOrThrow } from '@cotangent/prelude'
import { Tokenizer as HuggingFaceTokenizer } from '@huggingface/tokenizers'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import {
  jaccard,
  loadMails,
  longestText,
  type MailLabel,
  type MailSet,
  mailLabels,
  shingleSets,
  splitMails,
  stratumOf,
  studyShares,
} from '../packages/experiment/src/data/index.js'
import { randomStream } from '../packages/experiment/src/statistics/index.js'
import {
  makeTokenizer,
  parseTokenizerFile,
  printTokenizerFile,
  specialTokens,
  trainBpe,
} from '../packages/transformer/src/tokenizer/index.js'

// The whole corpus, parsed once for all tests here.
let folder = ''
let set: MailSet
const progress: (readonly [number, number])[] = []

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'cotangent-mails-'))
  const loaded = loadMails({ cacheFolder: folder, onProgress: (done, total) => progress.push([done, total]) })
  set = getOrThrow(await loaded())
}, 120_000)

afterAll(() => {
  rmSync(folder, { recursive: true, force: true })
})

const share = <A>(items: readonly A[], holds: (item: A, i: number) => boolean): number =>
  items.filter(holds).length / items.length

describe('the corpus', () => {
  it('has 6,046 mails in nine classes, with the counts that the documentation states', () => {
    const counts = new Map<string, number>()
    for (const { label, group } of set.mails)
      for (const name of [label, `${label}/${group}`]) counts.set(name, (counts.get(name) ?? 0) + 1)
    expect(set.mails.length).toBe(6046)
    expect(new Set(set.mails.map(({ id }) => id)).size).toBe(6046)
    expect(mailLabels.map((label) => counts.get(label))).toEqual([1896, 1062, 738, 623, 597, 397, 287, 229, 217])
    expect(mailLabels.map((label) => counts.get(`${label}/hard-ham`) ?? 0)).toEqual([0, 1, 244, 0, 1, 2, 1, 0, 1])
    expect(counts.get('spam/spam')).toBe(1896)
    // The rule for a class of its own.
    for (const label of mailLabels) expect(counts.get(label)).toBeGreaterThanOrEqual(200)
  })

  it('was parsed: texts are not empty, not markup, not undecoded', () => {
    expect(set.mails.every(({ text }) => text.length > 0 && text.length <= longestText)).toBe(true)
    expect(share(set.mails, ({ text }) => text.length < 30)).toBeLessThan(0.01)
    expect(share(set.mails, ({ text }) => /<(?:font|table|html|body|br)\b/i.test(text))).toBeLessThan(0.005)
    expect(share(set.mails, ({ text }) => text.includes('\ufffd'))).toBeLessThan(0.01)
    expect(share(set.mails, ({ text }) => /=3D|=\?iso-8859/i.test(text))).toBeLessThan(0.002)
    expect(share(set.mails, ({ text }) => /^(?:Received|Message-Id|Content-Type):/im.test(text))).toBeLessThan(0.001)
  })

  it('does not say in the text which list a mail came from', () => {
    const marks: readonly RegExp[] = [
      /\[(?:ILUG|Razor-users|SAtalk|SAdev|SACVS|Spambayes|zzzzteana|use Perl)\]/i,
      /\b(?:ilug|razor-users|exmh-(?:users|workers)|rpm-(?:zzz)?list|spamassassin-(?:talk|devel)|zzzzteana|forteana)\b/i,
      /\bfork\b/i,
      /mailman\/listinfo|sf\.net email is sponsored|Your use of Yahoo! Groups/im,
      /xent\.com|linux\.ie|freshrpms|taint\.org/i,
    ]
    for (const mark of marks)
      expect([mark, set.mails.filter(({ text }) => mark.test(text)).map(({ id }) => id)]).toEqual([mark, []])
    // Addresses broken by their writers.
    expect(share(set.mails, ({ text }) => /https?:\/\/|www\.|\w@\w+\.\w/.test(text))).toBeLessThan(0.002)
  })

  it('does not show a list by the placeholder that stands for its name', () => {
    // A class would be known by `<list>` if most of its mails had it.
    for (const label of mailLabels) {
      const mails = set.mails.filter((mail) => mail.label === label)
      expect(share(mails, ({ text }) => text.includes('<list>'))).toBeLessThan(0.1)
    }
  })

  it('reports its progress to the end', () => {
    expect(progress.at(-1)).toEqual([6046, 6046])
    expect(progress.length).toBeGreaterThan(100)
  })
})

describe('the cache', () => {
  it('gives the same set again', async () => {
    expect(set.cache._tag).toBe('Written')
    const again = getOrThrow(await loadMails({ cacheFolder: folder })())
    expect(again.cache._tag).toBe('Read')
    expect({ ...again, cache: undefined }).toEqual({ ...set, cache: undefined })
    expect(readdirSync(folder)).toEqual([`mails-${set.version}.json`])
  })
})

describe('near-duplicates', () => {
  it('are half the spam and little of the ham', () => {
    const { twins } = set.clusters
    const shareOf = (group: string): number => {
      const places = [...set.mails.keys()].filter((i) => set.mails[i]?.group === group)
      return share(places, (i) => (twins.sizes[twins.of[i] ?? -1] ?? 0) > 1)
    }
    expect(shareOf('spam')).toBeGreaterThan(0.5)
    expect(shareOf('spam')).toBeLessThan(0.65)
    expect(shareOf('ham')).toBeLessThan(0.06)
    expect(shareOf('hard-ham')).toBeLessThan(0.1)
  })

  it('are found as a search through all pairs of spam finds them', () => {
    const places = [...set.mails.keys()].filter((i) => set.mails[i]?.group === 'spam').slice(0, 900)
    const shingles = shingleSets(
      places.map((i) => set.mails[i]?.text ?? ''),
      3,
    )
    let twins = 0
    let missed = 0
    shingles.forEach((a, i) => {
      for (let j = 0; j < i; j++)
        if (jaccard(a, shingles[j] ?? new Float64Array()) >= 0.5) {
          twins++
          if (set.clusters.twins.of[places[i] ?? -1] !== set.clusters.twins.of[places[j] ?? -1]) missed++
        }
    })
    expect(twins).toBeGreaterThan(300)
    expect(missed).toBe(0)
  })
})

describe('the split', () => {
  it('keeps clusters together and every stratum in its shares', () => {
    const split = splitMails(set.mails, set.clusters.kept, studyShares, randomStream(1).uniform)
    const partOf = new Map<number, string>()
    for (const [part, places] of Object.entries(split))
      for (const i of places) {
        const cluster = set.clusters.kept.of[i] ?? -1
        expect(partOf.get(cluster) ?? part).toBe(part)
        partOf.set(cluster, part)
      }
    const strata = set.mails.map(stratumOf)
    for (const stratum of [...mailLabels, 'other, hard ham']) {
      const all = strata.filter((name) => name === stratum).length
      for (const part of ['pretraining', 'pool', 'validation', 'test'] as const) {
        const here = split[part].filter((i) => strata[i] === stratum).length
        expect(Math.abs(here / all - studyShares[part])).toBeLessThan(0.02)
      }
    }
  })
})

describe('the tokeniser of the study', () => {
  it("is trained on the training split and encodes all mails as Hugging Face's library does", () => {
    const split = splitMails(set.mails, set.clusters.kept, studyShares, randomStream(1).uniform)
    const training = [...split.pretraining, ...split.pool].map((i) => set.mails[i]?.text.slice(0, 2000) ?? '')
    const text = printTokenizerFile(trainBpe(training, { vocabularySize: 4000, specialTokens }))
    const tokenizer = makeTokenizer(getOrThrow(parseTokenizerFile(text)))
    expect(tokenizer.vocabularySize).toBe(4000)
    const other = new HuggingFaceTokenizer(JSON.parse(text), {})
    const spellsSpecial = new RegExp(specialTokens.map((token) => token.replace(/[[\]]/g, '\\$&')).join('|'))
    const texts = set.mails.map((mail) => mail.text.slice(0, 400)).filter((mail) => !spellsSpecial.test(mail))
    expect(texts.length).toBeGreaterThan(6000)
    const different = texts.filter(
      (mail) => tokenizer.encode(mail).join() !== other.encode(mail, { add_special_tokens: false }).ids.join(),
    )
    expect(different).toEqual([])
    const lossy = set.mails.filter((mail) => tokenizer.decode(tokenizer.encode(mail.text)) !== mail.text)
    expect(lossy.map(({ id }) => id)).toEqual([])
  })

  it('knows the classes by more than chance: a label has words of its own', () => {
    // A sanity check of labels against texts: the word most typical of each list names its subject.
    const typical: Partial<Record<MailLabel, string>> = { exmh: 'exmh', razor: 'razor', rpm: 'rpm', ilug: 'linux' }
    for (const [label, word] of Object.entries(typical)) {
      const inside = set.mails.filter((mail) => mail.label === label)
      const outside = set.mails.filter((mail) => mail.label !== label)
      const has = ({ text }: { readonly text: string }): boolean => new RegExp(`\\b${word}\\b`, 'i').test(text)
      expect(share(inside, has)).toBeGreaterThan(5 * share(outside, has))
    }
  })
})
