import {
  array,
  type CompileEvent,
  compile,
  type Engine,
  key,
  type Tensor,
  treeEntries,
  valueAndGrad,
  zeros,
} from '@cotangent/core'
import { startOnnxEngine } from '@cotangent/engine-onnx'
import { bertClassify, bertConfig, classificationLoss, initBert } from '@cotangent/transformer'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { right, scaledError } from './support/fixtures.js'
import { expectAgreement, referenceBerts } from './support/referenceBert.js'

let engine: Engine
beforeAll(async () => {
  engine = right(await startOnnxEngine({ threads: 2 })())
})
afterAll(() => engine.close())

describe('on the onnx engine', () => {
  it.each(referenceBerts)('%s agrees with transformers, as one program', async (name) => {
    const events: CompileEvent[] = []
    await expectAgreement(name, (f, params, batch) =>
      compile(f, engine, { onCompile: (event) => events.push(event) })(params, batch),
    )
    expect(events.map(({ programs }) => programs)).toEqual([1])
  })

  it('dropout is the same as on the reference evaluator, and its words are drawn before the one program', async () => {
    const config = bertConfig({
      vocab_size: 50,
      hidden_size: 16,
      num_hidden_layers: 2,
      num_attention_heads: 2,
      intermediate_size: 24,
      num_labels: 3,
      hidden_dropout_prob: 0.2,
      attention_probs_dropout_prob: 0.3,
      initializer_range: 0.3,
    })
    const params = initBert(key(1), config, 'classify')
    const inputs = {
      inputIds: array(
        [
          [2, 7, 9, 3],
          [2, 5, 3, 0],
        ],
        'i32',
      ),
      attentionMask: array([
        [1, 1, 1, 1],
        [1, 1, 1, 0],
      ]),
    }
    const step = (p: typeof params, random: Tensor) =>
      valueAndGrad((q: typeof params) =>
        classificationLoss(config, bertClassify(config, q, inputs, { key: random }).logits, array([0, 2], 'i32')),
      )(p)
    const events: CompileEvent[] = []
    const compiled = compile(step, engine, { onCompile: (event) => events.push(event) })
    for (const seed of [1, 2]) {
      const [loss, slope] = step(params, key(seed))
      const [ours, slopes] = await compiled(params, key(seed))
      expect(scaledError(ours, loss)).toBeLessThan(1e-5)
      const expected = new Map(treeEntries(slope))
      const largest = Math.max(...[...expected.values()].flatMap((x) => [...x.data].map(Math.abs)))
      for (const [path, x] of treeEntries(slopes)) {
        const reference = expected.get(path) ?? zeros([])
        const worst = Math.max(...[...x.data].map((value, i) => Math.abs(value - (reference.data[i] ?? Number.NaN))))
        expect(worst / largest, path).toBeLessThan(1e-5)
      }
    }
    expect(events.map(({ programs, reason }) => [programs, reason])).toEqual([[1, 'first call']])
  })
})
