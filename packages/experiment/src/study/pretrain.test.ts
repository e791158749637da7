import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { referenceEngine, treeEntries } from '@cotangent/core'
import { E } from '@cotangent/prelude'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Mail, type MailSet, mailLabels } from '../data/index.js'
import { makeStudyData } from './dataset.js'
import { type Pretrained, type PretrainOptions, pretrain, pretrainingMails, studyConfig } from './pretrain.js'
import { defaultSettings, type StudySettings, withSettings } from './settings.js'

const words = ['list', 'patch', 'offer', 'money', 'kernel', 'filter', 'razor', 'package', 'folder']

/** Ten mails of each class; every tenth one of `other` is hard ham. */
const mails: readonly Mail[] = mailLabels.flatMap((label, k) =>
  Array.from(
    { length: 10 },
    (_, i): Mail => ({
      id: `${label}/${i}`,
      text: `${words[k] ?? ''} ${words[(k + i) % words.length] ?? ''} number ${i}`,
      label,
      group: label === 'spam' ? 'spam' : label === 'other' && i % 2 === 0 ? 'hard-ham' : 'ham',
      file: `${label}-${i}`,
    }),
  ),
)
const alone = { of: mails.map((_, i) => i), sizes: mails.map(() => 1) }
const set: MailSet = { mails, clusters: { twins: alone, kept: alone }, version: 'test', cache: { _tag: 'Off' } }

const settings = withSettings(defaultSettings, {
  model: { layers: 1, width: 8, heads: 2, length: 10, vocabulary: 300 },
  pretraining: { batch: 8, wordEpochs: 1, labelEpochs: 2, windows: 1 },
})
const data = makeStudyData(set, settings)
const config = studyConfig(settings, data.classes, data.tokenizer.vocabularySize)

let cache = ''
beforeAll(() => {
  cache = mkdtempSync(join(tmpdir(), 'cotangent-pretrain-'))
})
afterAll(() => {
  rmSync(cache, { recursive: true, force: true })
})

const optionsWith = (own: StudySettings, change: Partial<PretrainOptions> = {}): PretrainOptions => ({
  kind: 'faulty',
  model: 0,
  settings: own,
  data,
  config,
  engine: referenceEngine(),
  threads: 1,
  cache,
  onStep: () => undefined,
  signal: new AbortController().signal,
  ...change,
})

const made = async (options: PretrainOptions): Promise<Pretrained> => {
  const result = await pretrain(options)()
  if (E.isLeft(result)) throw new Error(result.left.message)
  return result.right
}

const numbersOf = ({ params }: Pretrained): readonly (readonly [string, readonly number[]])[] =>
  treeEntries(params).map(([path, leaf]) => [path, Array.from(leaf.data)])

describe('pretrain', () => {
  it('learns words, then labels, reads as many mails as it says, and is taken from the cache afterwards', async () => {
    const seen: Record<string, number> = { words: 0, labels: 0 }
    const losses: number[] = []
    const options = optionsWith(settings, {
      onStep: (part, { values }, flop, read) => {
        expect(flop).toBeGreaterThan(0)
        expect(part === 'words' && seen.labels !== 0).toBe(false)
        seen[part] = (seen[part] ?? 0) + read
        losses.push(values.total ?? Number.NaN)
      },
    })
    const first = await made(options)
    expect(first.cached).toBe(false)
    expect((seen.words ?? 0) + (seen.labels ?? 0)).toBe(pretrainingMails(options))
    // a model that knows nothing: log V for equal logits, and half the variance (about 1) of those it starts with
    expect(Math.abs((losses[0] ?? 0) - Math.log(data.tokenizer.vocabularySize) - 0.5)).toBeLessThan(0.5)
    expect(losses.every(Number.isFinite)).toBe(true)
    expect(readdirSync(first.folder).sort()).toEqual(['config.json', 'model.safetensors', 'tokenizer.json'])

    const again = await made(optionsWith(settings, { onStep: () => expect.unreachable('nothing is trained') }))
    expect(again).toMatchObject({ cached: true, folder: first.folder })
    expect(numbersOf(again)).toEqual(numbersOf(first))
  })

  it('keeps a model for each kind and each setting that made it', async () => {
    const { folder } = await made(optionsWith(settings))
    const others = [
      optionsWith(settings, { kind: 'clean' }),
      optionsWith(settings, { model: 1 }),
      optionsWith(withSettings(settings, { pretraining: { noise: 0.3 } })),
      optionsWith(withSettings(settings, { seed: 1 })),
    ]
    const folders = [folder]
    for (const options of others) folders.push((await made(options)).folder)
    expect(new Set(folders).size).toBe(folders.length)
    // what the comparison does later leaves the model as it is
    const later = withSettings(settings, { rank: 4, seeds: 3, fineTuning: { epochs: 9 } })
    expect(await made(optionsWith(later))).toMatchObject({ cached: true, folder })
  })

  it('does without words where no epoch of them is asked for', async () => {
    const parts = new Set<string>()
    const own = withSettings(settings, { pretraining: { wordEpochs: 0 } })
    await made(optionsWith(own, { onStep: (part) => parts.add(part) }))
    expect([...parts]).toEqual(['labels'])
  })

  it('leaves hard ham out where that is the fault', () => {
    const hard = data.parts.pretraining.mails.filter(({ group }) => group === 'hard-ham').length
    expect(hard).toBeGreaterThan(0)
    const mailsOf = (kind: 'faulty' | 'clean') =>
      pretrainingMails(
        optionsWith(withSettings(settings, { pretraining: { batch: 1, labelEpochs: 1, imbalance: 1 } }), { kind }),
      )
    expect(mailsOf('faulty')).toBeLessThan(mailsOf('clean') - hard)
  })

  it('stops where it is told to, and keeps nothing', async () => {
    const controller = new AbortController()
    const own = withSettings(settings, { seed: 5 })
    const before = readdirSync(cache).length
    const stopped = pretrain(
      optionsWith(own, { signal: controller.signal, onStep: () => controller.abort(new Error('enough')) }),
    )()
    await expect(stopped).rejects.toThrow('enough')
    expect(readdirSync(cache).length).toBe(before)
  })
})
