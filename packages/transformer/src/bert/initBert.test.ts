import { key, mean, type Tensor, variance } from '@cotangent/core'
import { describe, expect, it } from 'vitest'
import { tensorsFromParams } from '../parameters/names.js'
import { bertConfig } from './bertConfig.js'
import { initBert } from './initBert.js'

const config = bertConfig({
  vocab_size: 200,
  hidden_size: 32,
  num_hidden_layers: 2,
  num_attention_heads: 4,
  intermediate_size: 64,
  num_labels: 3,
  pad_token_id: 5,
  initializer_range: 0.5,
})
const params = initBert(key(1), config, 'classify')
const tensors = tensorsFromParams(params)
const get = (name: string): Tensor => tensors.get(name) ?? expect.unreachable(name)

describe('initBert', () => {
  it('draws weights with the deviation asked for', () => {
    for (const [name, tensor] of tensors) {
      if (tensor.size < 1000) continue
      const size = name.includes('word_embeddings') ? tensor.size * (1 - 1 / 200) : tensor.size
      // five standard errors
      expect(Math.abs(mean(tensor).item()), name).toBeLessThan((5 * 0.5) / Math.sqrt(size))
      expect(Math.abs(variance(tensor).item() / 0.25 - 1), name).toBeLessThan(5 * Math.sqrt(2 / size) + 1 / 200)
    }
  })

  it('begins biases at 0, norms at 1 and 0, and the row of padding at 0', () => {
    for (const [name, tensor] of tensors) {
      const all = new Set(tensor.data)
      if (name.endsWith('LayerNorm.weight')) expect(all).toEqual(new Set([1]))
      else if (name.endsWith('.bias')) expect(all).toEqual(new Set([0]))
      else expect(all.size).toBeGreaterThan(2)
    }
    const table = get('bert.embeddings.word_embeddings.weight')
    expect([...table.data].flatMap((x, i) => (x === 0 ? [Math.floor(i / 32)] : []))).toEqual(new Array(32).fill(5))
  })

  it('gives every parameter its own numbers, the same for the same key and name', () => {
    const again = tensorsFromParams(initBert(key(1), config, 'classify'))
    const other = tensorsFromParams(initBert(key(2), config, 'classify'))
    const words = tensorsFromParams(initBert(key(1), config, 'maskedWords'))
    const name = 'bert.encoder.layer.0.attention.self.query.weight'
    expect(again.get(name)?.data).toEqual(get(name).data)
    expect(words.get(name)?.data).toEqual(get(name).data)
    expect(other.get(name)?.data).not.toEqual(get(name).data)
    expect(get('bert.encoder.layer.1.attention.self.query.weight').data).not.toEqual(get(name).data)
    expect(get('bert.encoder.layer.0.attention.self.key.weight').data).not.toEqual(get(name).data)
  })
})
