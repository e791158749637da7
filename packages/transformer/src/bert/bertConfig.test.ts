import { E, parseJson } from '@cotangent/prelude'
import { describe, expect, it } from 'vitest'
import { labelNames, problemTypeOf } from '../config/labels.js'
import { bertConfig, decodeBertConfig } from './bertConfig.js'

const refused = (fields: unknown): string => {
  const result = decodeBertConfig(fields, 'config.json')
  return E.isLeft(result) ? result.left.message : 'accepted'
}

const fromText = (text: string): string => {
  const json = parseJson(text, 'config.json')
  return E.isLeft(json) ? json.left.message : refused(json.right)
}

describe('decodeBertConfig', () => {
  it("fills in transformers' defaults", () => {
    expect(bertConfig({})).toMatchInlineSnapshot(`
      {
        "attention_probs_dropout_prob": 0.1,
        "classifier_dropout": null,
        "hidden_act": "gelu",
        "hidden_dropout_prob": 0.1,
        "hidden_size": 768,
        "initializer_range": 0.02,
        "intermediate_size": 3072,
        "layer_norm_eps": 1e-12,
        "max_position_embeddings": 512,
        "model_type": "bert",
        "num_attention_heads": 12,
        "num_hidden_layers": 12,
        "pad_token_id": 0,
        "tie_word_embeddings": true,
        "type_vocab_size": 2,
        "vocab_size": 30522,
      }
    `)
  })

  it('takes what hubs hold besides, and keeps it', () => {
    const config = decodeBertConfig({
      _name_or_path: 'bert-base-uncased',
      architectures: ['BertForMaskedLM'],
      gradient_checkpointing: false,
      model_type: 'bert',
      position_embedding_type: 'absolute',
      torch_dtype: 'float32',
      transformers_version: '4.6.0.dev0',
      use_cache: true,
      classifier_dropout: null,
      quantization_config: null,
      pruned_heads: {},
      auto_map: {},
    })
    expect(E.isRight(config) && config.right).toMatchObject({
      torch_dtype: 'float32',
      hidden_size: 768,
      use_cache: true,
    })
  })

  it('names every fault in one message', () => {
    expect(
      refused({
        model_type: 'bert',
        vocab_size: 0,
        hidden_size: 100,
        num_hidden_layers: 2 ** 40,
        num_attention_heads: 8,
        intermediate_size: '3072',
        hidden_act: 'geluu',
        hidden_dropout_prob: 1.5,
        layer_norm_eps: -1,
        max_position_embeddings: 1.5,
        problem_type: 'regresion',
        id2label: { 0: 'ham', 2: 'spam' },
        num_labels: 3,
        is_decoder: true,
        position_embedding_type: 'relative_key',
        quantization_config: { bits: 4 },
        auto_map: { AutoModel: 'code.Model' },
      }),
    ).toMatchInlineSnapshot(`
      "config.json: 15 values are not as they must be.
        received  vocab_size: expected a whole number from 1 to 16777216, received 0
                  num_hidden_layers: expected a whole number from 1 to 16777216, received 1099511627776
                  intermediate_size: expected a whole number from 1 to 16777216, received "3072"
                  hidden_act: expected "gelu" or "gelu_new" or "gelu_pytorch_tanh" or "relu" or "sigmoid" or "silu" or "swish" or "tanh" (did you mean "gelu"?), received "geluu"
                  hidden_dropout_prob: expected a number from 0 to 1, received 1.5
                  max_position_embeddings: expected a whole number from 1 to 16777216, received 1.5
                  layer_norm_eps: expected a number above 0, received -1
                  problem_type: expected "regression" or "single_label_classification" or "multi_label_classification" or null, received "regresion"
                  num_attention_heads: expected a divisor of hidden_size, received 8
                  position_embedding_type: expected "absolute": relative positions are not supported, received "relative_key"
                  is_decoder: expected false: BERT as a decoder is not supported, received true
                  id2label: expected a name for each number from 0 on, without gaps, received a record with 0, 2
                  num_labels: expected as many labels as id2label names, received 3
                  quantization_config: expected nothing: quantised weights are not supported, received a record with bits
                  auto_map: expected nothing: a model's own code is never loaded, received a record with AutoModel
        to do     correct what is listed in config.json"
    `)
  })

  it('says what is unsupported where the fields themselves decode', () => {
    expect(refused({ model_type: 'bert', is_decoder: true })).toMatchInlineSnapshot(`
      "config.json: this configuration cannot be used.
        received  is_decoder: expected false: BERT as a decoder is not supported, received true
        to do     correct them, or use another model: to ignore them would change what it computes"
    `)
    expect(refused({ model_type: 'bert', hidden_size: 30, num_attention_heads: 4 })).toMatchInlineSnapshot(`
      "config.json: this configuration cannot be used.
        received  num_attention_heads: expected a divisor of hidden_size, received 4
        to do     correct them, or use another model: to ignore them would change what it computes"
    `)
    expect(refused({ model_type: 'bert', vocab_size: 10, pad_token_id: 10 })).toContain('a token of the vocabulary')
  })

  it.each(['roberta', undefined, 'bret'])('refuses the model type %s', (model_type) => {
    expect(refused({ model_type })).toContain('model_type: expected "bert"')
  })

  it('refuses what is no configuration', () => {
    expect(refused([])).toContain('config.json')
    expect(refused(null)).toContain('config.json')
    expect(fromText('{"model_type": "bert", "layer_norm_eps": NaN}')).toContain('config.json')
    expect(fromText('{"model_type": "bert", "layer_norm_eps": 1e999}')).toContain('config.json')
    expect(fromText('{"model_type": "bert"')).toContain('config.json')
  })

  it('reads own keys only', () => {
    expect(
      fromText(
        '{"model_type": "bert", "__proto__": {"polluted": true}, "constructor": {"prototype": {"polluted": true}}}',
      ),
    ).toBe('accepted')
    expect(Reflect.get({}, 'polluted')).toBeUndefined()
  })
})

describe('labels', () => {
  it('are named by id2label, or counted', () => {
    expect(labelNames(bertConfig({ id2label: { 0: 'ham', 1: 'spam', 2: 'list' } }))).toEqual(['ham', 'spam', 'list'])
    expect(labelNames(bertConfig({ num_labels: 3 }))).toEqual(['LABEL_0', 'LABEL_1', 'LABEL_2'])
    expect(labelNames(bertConfig({}))).toHaveLength(2)
  })

  it('say what is learnt', () => {
    expect(problemTypeOf(bertConfig({ num_labels: 1 }))).toBe('regression')
    expect(problemTypeOf(bertConfig({ num_labels: 3 }))).toBe('single_label_classification')
    expect(problemTypeOf(bertConfig({ num_labels: 3, problem_type: 'multi_label_classification' }))).toBe(
      'multi_label_classification',
    )
  })
})
