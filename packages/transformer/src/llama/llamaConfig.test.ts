import { ropeFrequencies } from '@cotangent/nn'
import { E } from '@cotangent/prelude'
import { describe, expect, it } from 'vitest'
import { decodeLlamaConfig, llamaConfig, llamaHeads } from './llamaConfig.js'
import { ropeSettingsOf } from './ropeFields.js'

const refused = (fields: object): string => {
  const result = decodeLlamaConfig({ model_type: 'llama', ...fields }, 'config.json')
  return E.isLeft(result) ? result.left.message : 'accepted'
}

const llama3 = {
  rope_type: 'llama3',
  factor: 8,
  low_freq_factor: 1,
  high_freq_factor: 4,
  original_max_position_embeddings: 8192,
} as const

describe('decodeLlamaConfig', () => {
  it("fills in transformers' defaults", () => {
    expect(llamaConfig({})).toMatchInlineSnapshot(`
      {
        "attention_bias": false,
        "attention_dropout": 0,
        "hidden_act": "silu",
        "hidden_size": 4096,
        "initializer_range": 0.02,
        "intermediate_size": 11008,
        "max_position_embeddings": 2048,
        "mlp_bias": false,
        "model_type": "llama",
        "num_attention_heads": 32,
        "num_hidden_layers": 32,
        "pad_token_id": null,
        "rms_norm_eps": 0.000001,
        "tie_word_embeddings": false,
        "vocab_size": 32000,
      }
    `)
    expect(llamaHeads(llamaConfig({}))).toEqual({ heads: 32, keyHeads: 32, headDim: 128 })
    expect(llamaHeads(llamaConfig({ num_key_value_heads: null, head_dim: null }))).toEqual(llamaHeads(llamaConfig({})))
    expect(llamaHeads(llamaConfig({ num_key_value_heads: 8, head_dim: 64 }))).toEqual({
      heads: 32,
      keyHeads: 8,
      headDim: 64,
    })
  })

  it('takes what hubs hold besides, and keeps it', () => {
    const fields = {
      model_type: 'llama',
      architectures: ['LlamaForCausalLM'],
      bos_token_id: 128000,
      eos_token_id: [128001, 128008],
      max_position_embeddings: 131072,
      num_attention_heads: 32,
      num_key_value_heads: 8,
      pretraining_tp: 1,
      rope_scaling: llama3,
      rope_theta: 500000,
      torch_dtype: 'bfloat16',
      use_cache: true,
    }
    const config = decodeLlamaConfig(fields)
    expect(E.isRight(config) && config.right).toMatchObject(fields)
  })

  it('names every fault in one message', () => {
    expect(
      refused({
        vocab_size: 0,
        hidden_size: 100,
        num_attention_heads: 8,
        num_key_value_heads: 3,
        num_hidden_layers: 2 ** 40,
        intermediate_size: '11008',
        hidden_act: 'silly',
        attention_dropout: 2,
        rms_norm_eps: 0,
        attention_bias: 'no',
        rope_theta: -1,
        rope_scaling: { type: 'yarn', factor: 4 },
        quantization_config: { bits: 4 },
        auto_map: { AutoModel: 'code.Model' },
      }),
    ).toMatchInlineSnapshot(`
      "config.json: 13 values are not as they must be.
        received  vocab_size: expected a whole number from 1 to 16777216, received 0
                  num_hidden_layers: expected a whole number from 1 to 16777216, received 1099511627776
                  intermediate_size: expected a whole number from 1 to 16777216, received "11008"
                  hidden_act: expected "gelu" or "gelu_new" or "gelu_pytorch_tanh" or "relu" or "sigmoid" or "silu" or "swish" or "tanh" (did you mean "silu"?), received "silly"
                  attention_dropout: expected a number from 0 to 1, received 2
                  attention_bias: expected true or false, received "no"
                  rms_norm_eps: expected a number above 0, received 0
                  rope_theta: expected a number above 0 or null, received -1
                  rope_scaling.type: expected "default" or "linear" or "llama3", received "yarn"
                  num_attention_heads: expected a divisor of hidden_size where head_dim is not given, received 8
                  num_key_value_heads: expected a divisor of num_attention_heads, received 3
                  quantization_config: expected nothing: quantised weights are not supported, received a record with bits
                  auto_map: expected nothing: a model's own code is never loaded, received a record with AutoModel
        to do     correct what is listed in config.json"
    `)
  })

  it.each([
    ['dynamic', { rope_scaling: { type: 'dynamic', factor: 2 } }],
    ['yarn', { rope_parameters: { rope_type: 'yarn', factor: 2 } }],
    ['longrope', { rope_scaling: { rope_type: 'longrope', short_factor: [1], long_factor: [2] } }],
    ['linearr', { rope_scaling: { rope_type: 'linearr', factor: 2 } }],
  ])('refuses rotary positions of the type %s by name', (name, fields) => {
    expect(refused(fields)).toMatch(new RegExp(`type: expected "default" or "linear" or "llama3".*received "${name}"`))
  })

  it.each([
    ['a rope_type beside a factor', { rope_scaling: { factor: 2 } }],
    ['a factor for the rope_type "linear"', { rope_scaling: { type: 'linear' } }],
    ['low_freq_factor, high_freq_factor', { rope_parameters: { rope_type: 'llama3', factor: 8 } }],
    ['a low_freq_factor below', { rope_scaling: { ...llama3, low_freq_factor: 4 } }],
    ['a partial_rotary_factor of 1', { rope_parameters: { partial_rotary_factor: 0.5 } }],
    ['partial_rotary_factor: expected 1', { partial_rotary_factor: 0.5 }],
    ['nothing beside rope_parameters', { rope_parameters: { rope_type: 'default' }, rope_scaling: llama3 }],
    ['rope_theta: expected that of rope_parameters', { rope_parameters: { rope_theta: 500 }, rope_theta: 10000 }],
    ['num_attention_heads: expected a divisor', { hidden_size: 100, num_attention_heads: 8 }],
    ['head_dim: expected an even number', { head_dim: 7 }],
    ['head_dim: expected an even number', { hidden_size: 12, num_attention_heads: 4 }],
    ['num_key_value_heads: expected a divisor', { num_key_value_heads: 5 }],
    ['pad_token_id: expected a token of the vocabulary', { vocab_size: 10, pad_token_id: 10 }],
    ['is_causal: expected true', { is_causal: false }],
    ['model_type: expected "llama"', { model_type: 'llama4' }],
    ['quantised weights are not supported', { quantization_config: {} }],
  ])('refuses: %s', (message, fields) => {
    expect(refused(fields)).toContain(message)
  })

  it('takes a width that heads do not divide where head_dim is given', () => {
    expect(refused({ hidden_size: 100, num_attention_heads: 8, head_dim: 16 })).toBe('accepted')
  })
})

describe('rotary positions', () => {
  it.each([
    [{}, { theta: 10000 }],
    [{ rope_theta: 500, rope_scaling: null }, { theta: 500 }],
    [{ rope_parameters: { rope_theta: 500, rope_type: 'default' } }, { theta: 500 }],
    [{ rope_parameters: { rope_type: 'default' }, rope_theta: 500 }, { theta: 500 }],
    [{ rope_scaling: { type: 'linear', factor: 2 } }, { theta: 10000, scaling: { kind: 'linear', factor: 2 } }],
    [
      { rope_scaling: llama3 },
      {
        theta: 10000,
        scaling: { kind: 'llama3', factor: 8, lowFrequency: 1, highFrequency: 4, trainedLength: 8192 },
      },
    ],
  ] as const)('%o', (fields, expected) => {
    const settings = ropeSettingsOf(llamaConfig(fields), 8)
    expect(settings).toEqual({ headDim: 8, scaling: undefined, ...expected })
    expect(ropeFrequencies(settings)).toHaveLength(4)
  })
})
