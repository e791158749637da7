import { key, mean, type Tensor, variance } from '@cotangent/core'
import { describe, expect, it } from 'vitest'
import { tensorsFromParams } from '../parameters/names.js'
import { initLlama } from './initLlama.js'
import { type LlamaConfig, llamaConfig } from './llamaConfig.js'

const sizes = {
  vocab_size: 200,
  hidden_size: 32,
  num_hidden_layers: 2,
  num_attention_heads: 4,
  num_key_value_heads: 2,
  head_dim: 10,
  intermediate_size: 64,
  pad_token_id: 5,
  initializer_range: 0.5,
}
const tensorsOf = (more: Partial<LlamaConfig> = {}, seed = 1): ReadonlyMap<string, Tensor> =>
  tensorsFromParams(initLlama(key(seed), llamaConfig({ ...sizes, ...more })))

const tensors = tensorsOf()
const get = (name: string, from = tensors): Tensor => from.get(name) ?? expect.unreachable(name)

describe('initLlama', () => {
  it('gives the names and shapes of transformers', () => {
    const layer = [...tensors].filter(([name]) => !name.startsWith('model.layers.1.'))
    expect(Object.fromEntries(layer.map(([name, { shape }]) => [name, shape]))).toEqual({
      'model.embed_tokens.weight': [200, 32],
      'model.layers.0.self_attn.q_proj.weight': [40, 32],
      'model.layers.0.self_attn.k_proj.weight': [20, 32],
      'model.layers.0.self_attn.v_proj.weight': [20, 32],
      'model.layers.0.self_attn.o_proj.weight': [32, 40],
      'model.layers.0.mlp.gate_proj.weight': [64, 32],
      'model.layers.0.mlp.up_proj.weight': [64, 32],
      'model.layers.0.mlp.down_proj.weight': [32, 64],
      'model.layers.0.input_layernorm.weight': [32],
      'model.layers.0.post_attention_layernorm.weight': [32],
      'model.norm.weight': [32],
      'lm_head.weight': [200, 32],
    })
  })

  it('has no head where embeddings are tied, and biases where the configuration says so', () => {
    const added = (more: Partial<LlamaConfig>): readonly string[] =>
      [...tensorsOf(more).keys()].filter((name) => !tensors.has(name) && !name.includes('layers.1'))
    expect(tensorsOf({ tie_word_embeddings: true }).has('lm_head.weight')).toBe(false)
    expect(added({ attention_bias: true })).toEqual(
      ['k', 'o', 'q', 'v'].map((part) => `model.layers.0.self_attn.${part}_proj.bias`),
    )
    expect(added({ mlp_bias: true })).toEqual(
      ['down', 'gate', 'up'].map((part) => `model.layers.0.mlp.${part}_proj.bias`),
    )
  })

  it('draws weights with the deviation asked for, norms 1, biases 0, the row of padding 0', () => {
    for (const [name, tensor] of tensorsOf({ attention_bias: true })) {
      if (name.endsWith('norm.weight')) expect(new Set(tensor.data)).toEqual(new Set([1]))
      else if (name.endsWith('.bias')) expect(new Set(tensor.data)).toEqual(new Set([0]))
      else {
        const size = name.includes('embed_tokens') ? tensor.size * (1 - 1 / 200) : tensor.size
        // five standard errors
        expect(Math.abs(mean(tensor).item()), name).toBeLessThan((5 * 0.5) / Math.sqrt(size))
        expect(Math.abs(variance(tensor).item() / 0.25 - 1), name).toBeLessThan(5 * Math.sqrt(2 / size) + 1 / 200)
      }
    }
    const table = get('model.embed_tokens.weight')
    expect([...table.data].flatMap((x, i) => (x === 0 ? [Math.floor(i / 32)] : []))).toEqual(new Array(32).fill(5))
  })

  it('gives every parameter its own numbers, the same for the same key and name', () => {
    const name = 'model.layers.0.self_attn.q_proj.weight'
    expect(get(name, tensorsOf({ tie_word_embeddings: true })).data).toEqual(get(name).data)
    expect(get(name, tensorsOf({}, 2)).data).not.toEqual(get(name).data)
    expect(get('model.layers.1.self_attn.q_proj.weight').data).not.toEqual(get(name).data)
    expect(get('model.layers.0.self_attn.v_proj.weight').data).not.toEqual(
      get('model.layers.0.self_attn.k_proj.weight').data,
    )
  })
})
