import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { key, referenceEngine, type Tensor, treeEntries } from '@cotangent/core'
import { E } from '@cotangent/prelude'
import { initBert } from '@cotangent/transformer'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { smallMails } from '../../../../test/support/smallMails.js'
import { makeStudyData } from './dataset.js'
import { type FineTuned, fineTuningRows, makeFineTuner, type Teacher } from './fineTune.js'
import { knownMethods } from './methods.js'
import { type Pretrained, type PretrainOptions, pretrain, pretrainingMails } from './pretrain.js'
import { defaultSettings, type StudySettings, withSettings } from './settings.js'
import { studyConfig } from './studyConfig.js'

const settings = withSettings(defaultSettings, {
  model: { layers: 1, width: 8, heads: 2, length: 10, vocabulary: 300 },
  pretraining: { batch: 8, wordEpochs: 1, labelEpochs: 2, windows: 1 },
})
const data = makeStudyData(smallMails, settings)
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

describe('makeFineTuner', () => {
  const own = withSettings(settings, { rank: 2, alpha: 2, fineTuning: { mails: 9, batch: 4, epochs: 2 } })
  const params = initBert(key(1), config, 'classify')
  const classes = data.classes.length
  const poolLogits = Float32Array.from({ length: data.parts.pool.mails.length * classes }, (_, i) => Math.sin(i))
  const teacher: Teacher = { params, poolLogits }

  const tuned = async (name: string, seed: number, lambda = 1): Promise<FineTuned> => {
    const method = knownMethods(own).get(name)
    if (method === undefined) throw new Error(name)
    const tuner = makeFineTuner(method, config, own, referenceEngine())
    const result = await tuner(teacher, data, { rate: 1e-2, lambda }, seed, {})
    if (E.isLeft(result)) throw new Error(result.left.message)
    return result.right
  }
  const before = new Map(treeEntries(params).map(([path, leaf]) => [path, leaf]))
  /** Paths of parameters that are not what they were. */
  const moved = (run: FineTuned): readonly string[] =>
    treeEntries(run.params).flatMap(([path, leaf]) => (furthest(leaf, before.get(path)) > 1e-6 ? [path] : []))
  const distance = (a: FineTuned, b: FineTuned): number => {
    const others = treeEntries(b.params).map(([, leaf]) => leaf)
    return Math.max(...treeEntries(a.params).map(([, leaf], i) => furthest(leaf, others[i])))
  }

  it('takes every step and reports every term', async () => {
    const { records } = await tuned('ba-lora', 0)
    expect(records.map(({ step }) => step)).toEqual([0, 1, 2, 3, 4, 5])
    expect(Object.keys(records[0]?.values ?? {})).toEqual(['total', 'consistency', 'diversity', 'spectral', 'task'])
  })

  it('trains query, value and head with adapters, everything by full fine-tuning', async () => {
    const [adapters, full] = [await tuned('lora', 0), await tuned('full', 0)]
    expect([...moved(adapters)].sort()).toEqual([
      'bert.encoder.layer[0].attention.self.query.weight',
      'bert.encoder.layer[0].attention.self.value.weight',
      'classifier.bias',
      'classifier.weight',
    ])
    // two weights of 8 x 8 with factors of rank 2, and a head of 9 classes
    expect(adapters.trainable).toBe(2 * 2 * (8 * 2) + 9 * 8 + 9)
    expect(full.trainable).toBe(treeEntries(params).reduce((sum, [, leaf]) => sum + leaf.size, 0))
    expect(moved(full).length).toBeGreaterThan(moved(adapters).length)
  })

  it('BA-LoRA at λ = 0 is PiSSA, and is not at λ = 1', async () => {
    const pissa = await tuned('pissa', 0)
    expect(distance(await tuned('ba-lora', 0, 0), pissa)).toBe(0)
    expect(distance(await tuned('ba-lora', 0, 1), pissa)).toBeGreaterThan(1e-4)
  })

  it('is the same again for the same seed, and another for another', async () => {
    const first = await tuned('lora', 0)
    expect(distance(await tuned('lora', 0), first)).toBe(0)
    expect(distance(await tuned('lora', 1), first)).toBeGreaterThan(1e-4)
  })

  it('draws as many mails as asked for, the same for every method', () => {
    const rows = fineTuningRows(data, own, 3)
    expect(new Set(rows).size).toBe(9)
    expect(fineTuningRows(data, withSettings(own, { rank: 1 }), 3)).toEqual(rows)
    expect(fineTuningRows(data, own, 4)).not.toEqual(rows)
  })
})

/** The largest difference of two tensors of one shape. */
const furthest = (a: Tensor, b: Tensor | undefined): number => {
  if (b === undefined) return Number.POSITIVE_INFINITY
  expect(a.shape).toEqual(b.shape)
  return Math.max(...Array.from(a.data, (x, i) => Math.abs(x - (b.data[i] ?? Number.NaN))))
}
