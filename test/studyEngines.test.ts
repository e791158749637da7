/*
 * The same runs of the study on onnxruntime and on gpu.js.
 *
 * Both round to f32 after every operation, u = 2^-24; the order of sums differs, and gpu.js's mode cpu adds in f64. From
 * tokens to a loss and back to a gradient a value passes some 40 operations in this model, each a sum of at most 64
 * terms, which rounding moves by about √64 u. So 40 · 8 u = 2e-5 of a value, or of 1 where a term is smaller (consistency
 * is the difference of equal logits at first), is what two right engines may differ by. It does not grow over the steps
 * here: AdamW's steps are small, and a parameter whose gradient is rounding alone has no influence on the loss.
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Engine } from '@cotangent/core'
import { gpuEngine } from '@cotangent/engine-gpu'
import { onnxEngine } from '@cotangent/engine-onnx'
import {
  defaultSettings,
  knownMethods,
  makeClassifier,
  makeStudyData,
  pretrain,
  studyConfig,
  withSettings,
} from '@cotangent/experiment'
import { getOrThrow } from '@cotangent/prelude'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { argmax } from '../packages/experiment/src/metrics/index.js'
import { makeFineTuner } from '../packages/experiment/src/study/fineTune.js'
import { smallMails } from './support/smallMails.js'

const tolerance = 40 * Math.sqrt(64) * 2 ** -24

const settings = withSettings(defaultSettings, {
  model: { layers: 1, width: 16, heads: 2, length: 10, vocabulary: 300 },
  pretraining: { batch: 8, wordEpochs: 2, labelEpochs: 4, windows: 1, labelRate: 1e-2 },
  rank: 2,
  alpha: 2,
  fineTuning: { mails: 9, batch: 4, epochs: 4 },
})
const data = makeStudyData(smallMails, settings)
const config = studyConfig(settings, data.classes, data.tokenizer.vocabularySize)

/** What a run of the study shows: every term at every step, then the logits of the test mails, row by row. */
interface Trained {
  readonly terms: readonly (readonly [string, number])[]
  readonly logits: readonly Float32Array[]
}

const trainedOn = async (engine: Engine, cache: string): Promise<Trained> => {
  const terms: (readonly [string, number])[] = []
  const saw = (run: string, step: number, values: Readonly<Record<string, number>>): void => {
    for (const [term, value] of Object.entries(values)) terms.push([`${run} ${step} ${term}`, value])
  }
  const { signal } = new AbortController()
  const classifierOf = makeClassifier(config, engine, () => undefined)
  const { params } = getOrThrow(
    await pretrain({
      ...{ kind: 'faulty', model: 0, settings, data, config, engine, threads: 1, cache, signal },
      onStep: (part, { step, values }) => saw(part, step, values),
    })(),
  )
  const { logits: poolLogits } = await classifierOf(params)(data.parts.pool.tokens)
  const logits: Float32Array[] = []
  for (const name of ['full', 'lora', 'pissa', 'ba-lora']) {
    const method = knownMethods(settings).get(name)
    if (method === undefined) throw new Error(name)
    const tuned = getOrThrow(
      await makeFineTuner(method, config, settings, engine)(
        { params, poolLogits },
        data,
        { rate: 1e-3, lambda: 1 },
        0,
        {
          onStep: ({ step, values }) => saw(name, step, values),
        },
      ),
    )
    const { logits: answers, classes } = await classifierOf(tuned.params)(data.parts.test.tokens)
    for (let at = 0; at < answers.length; at += classes) logits.push(answers.slice(at, at + classes))
  }
  return { terms, logits }
}

describe('a study on gpu.js', () => {
  const folder = mkdtempSync(join(tmpdir(), 'cotangent-engines-'))
  let [onnx, gpu]: Trained[] = []
  beforeAll(async () => {
    const engines = [await onnxEngine({ threads: 1 }), await gpuEngine({ mode: 'cpu' })] as const
    ;[onnx, gpu] = [await trainedOn(engines[0], folder), await trainedOn(engines[1], folder)]
    for (const engine of engines) await engine.close()
  })
  afterAll(() => rmSync(folder, { recursive: true, force: true }))

  test('has the losses of onnxruntime at every step', () => {
    const ours = new Map(gpu?.terms)
    expect(ours.size).toBe(onnx?.terms.length)
    expect(ours.size).toBeGreaterThan(100)
    const apart = (onnx?.terms ?? []).map(([name, value]) => {
      const other = ours.get(name) ?? Number.NaN
      return { name, value, other, relative: Math.abs(value - other) / Math.max(1, Math.abs(value)) }
    })
    expect(apart.filter(({ relative }) => !(relative <= tolerance))).toEqual([])
    const losses = apart.flatMap(({ name, value }) => (name.startsWith('labels') ? [value] : []))
    expect(losses.at(-1)).toBeLessThan((losses[0] ?? 0) - 0.3) // it learns
  })

  test('answers alike in the end', () => {
    expect(gpu?.logits.length).toBe(onnx?.logits.length)
    for (const [i, row] of (onnx?.logits ?? []).entries()) {
      const other = gpu?.logits[i] ?? new Float32Array()
      const apart = Math.max(...row.map((x, j) => Math.abs(x - (other[j] ?? Number.NaN))))
      expect(apart).toBeLessThanOrEqual(tolerance)
      const best = argmax(row)
      const margin = Math.min(...row.map((x, j) => (j === best ? Number.POSITIVE_INFINITY : (row[best] ?? 0) - x)))
      if (margin > 2 * tolerance) expect(argmax(other)).toBe(best)
    }
  })
})
