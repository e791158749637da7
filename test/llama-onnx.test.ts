import { array, type CompileEvent, compile, type Engine, key, type Tensor, treeEntries, zeros } from '@cotangent/core'
import { startOnnxEngine } from '@cotangent/engine-onnx'
import { nextTokenLoss } from '@cotangent/nn'
import { initLlama, llamaConfig, llamaLogits } from '@cotangent/transformer'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { right, scaledError } from './support/fixtures.js'
import { expectLlamaAgreement, lossAndGradient, referenceLlamas } from './support/referenceLlama.js'

let engine: Engine
beforeAll(async () => {
  engine = right(await startOnnxEngine({ threads: 2 })())
})
afterAll(() => engine.close())

describe('on the onnx engine', () => {
  it.each(referenceLlamas)('%s, %s, agrees with transformers, as one program', async (...reference) => {
    const events: CompileEvent[] = []
    await expectLlamaAgreement(reference, (f, params, batch) =>
      compile(f, engine, { onCompile: (event) => events.push(event) })(params, batch),
    )
    expect(events.map(({ programs }) => programs)).toEqual([1])
  })

  const config = llamaConfig({
    vocab_size: 50,
    hidden_size: 16,
    num_hidden_layers: 2,
    num_attention_heads: 4,
    num_key_value_heads: 2,
    intermediate_size: 24,
    attention_bias: true,
    mlp_bias: true,
    tie_word_embeddings: true,
    initializer_range: 0.3,
  })
  const params = initLlama(key(1), config)
  const inputIds = array(
    [
      [2, 7, 9, 3, 11],
      [0, 0, 5, 3, 8],
    ],
    'i32',
  )
  const attentionMask = array([
    [1, 1, 1, 1, 1],
    [0, 0, 1, 1, 1],
  ])

  it('tied embeddings, biases and positions given: as on the reference evaluator', async () => {
    const positionIds = array(
      [
        [0, 1, 2, 3, 4],
        [0, 0, 0, 1, 2],
      ],
      'i32',
    )
    const batch = { inputs: { inputIds, attentionMask, positionIds }, labels: inputIds }
    const f = lossAndGradient(config)
    const [[loss, { logits }], slope] = f(params, batch)
    const [[ourLoss, { logits: ourLogits }], slopes] = await compile(f, engine)(params, batch)
    expect(scaledError(ourLoss, loss)).toBeLessThan(1e-5)
    expect(scaledError(ourLogits, logits)).toBeLessThan(1e-5)
    const expected = new Map(treeEntries(slope))
    for (const [path, x] of treeEntries(slopes)) {
      expect(scaledError(x, expected.get(path) ?? zeros([])), path).toBeLessThan(1e-5)
    }
  })

  it('dropout is the same as on the reference evaluator', async () => {
    const dropping = { ...config, attention_dropout: 0.3 }
    const step = (p: typeof params, random: Tensor): Tensor =>
      nextTokenLoss(llamaLogits(dropping, p, { inputIds, attentionMask }, { key: random }).logits, inputIds)
    const compiled = compile(step, engine)
    const losses = [1, 2].map((seed) => step(params, key(seed)))
    for (const [i, loss] of losses.entries()) {
      expect(scaledError(await compiled(params, key(i + 1)), loss)).toBeLessThan(1e-5)
    }
    expect(losses[0]?.item()).not.toBe(losses[1]?.item())
  })

  it('logits do not change with what comes after, bit for bit', async () => {
    const compiled = compile(
      (ids: Tensor, mask: Tensor) => llamaLogits(config, params, { inputIds: ids, attentionMask: mask }).logits,
      engine,
    )
    const other = array(
      [
        [2, 7, 9, 40, 41],
        [0, 0, 5, 42, 43],
      ],
      'i32',
    )
    const [before, after] = [await compiled(inputIds, attentionMask), await compiled(other, attentionMask)]
    // rows 0 to 2 of the first text; row 2 of the second, the ones before it being padding
    for (const row of [0, 1, 2, 7]) {
      const part = (x: Tensor): readonly number[] => [...x.data].slice(row * 50, (row + 1) * 50)
      expect(part(after)).toEqual(part(before))
    }
    expect([...after.data].slice(150, 250)).not.toEqual([...before.data].slice(150, 250))
  })
})
