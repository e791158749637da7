/* BERT's parameters as a tree whose paths are transformers' names. Axes: embed, vocab, inner (feed-forward), labels. */
import type { Tensor } from '@cotangent/core'
import type { EmbeddingParams, LayerNormParams, LinearParams } from '@cotangent/nn'
import { labelNames } from '../config/labels.js'
import { embeddingParams, layerNormParams, linearParams, type MakeParameter } from '../parameters/makeParameter.js'
import type { BertConfig } from './bertConfig.js'

/** A linear map, added to what came in, and a norm. */
export type BertOutputParams = { readonly dense: LinearParams; readonly LayerNorm: LayerNormParams }

/** One layer: attention, then the feed-forward part. */
export type BertLayerParams = {
  readonly attention: {
    readonly self: { readonly query: LinearParams; readonly key: LinearParams; readonly value: LinearParams }
    readonly output: BertOutputParams
  }
  readonly intermediate: { readonly dense: LinearParams }
  readonly output: BertOutputParams
}

/** The three tables whose rows are added, and their norm. */
export type BertEmbeddingsParams = {
  readonly word_embeddings: EmbeddingParams
  readonly position_embeddings: EmbeddingParams
  readonly token_type_embeddings: EmbeddingParams
  readonly LayerNorm: LayerNormParams
}

/** Embeddings and layers, which all heads share. */
export type BertEncoderParams = {
  readonly embeddings: BertEmbeddingsParams
  readonly encoder: { readonly layer: readonly BertLayerParams[] }
}

/** With a head for classes or numbers: transformers' BertForSequenceClassification. */
export type BertClassifierParams = {
  readonly bert: BertEncoderParams & { readonly pooler: { readonly dense: LinearParams } }
  readonly classifier: LinearParams
}

/** With a head for masked words: transformers' BertForMaskedLM. The decoder is the table of word embeddings. */
export type BertMaskedWordsParams = {
  readonly bert: BertEncoderParams
  readonly cls: {
    readonly predictions: {
      readonly transform: { readonly dense: LinearParams; readonly LayerNorm: LayerNormParams }
      readonly bias: Tensor
    }
  }
}

const layerParams = (make: MakeParameter, name: string, config: BertConfig): BertLayerParams => {
  const { hidden_size: embed, intermediate_size: inner } = config
  const output = (at: string, width: number): BertOutputParams => ({
    dense: linearParams(make, `${at}.dense`, embed, width),
    LayerNorm: layerNormParams(make, `${at}.LayerNorm`, embed),
  })
  return {
    attention: {
      self: {
        query: linearParams(make, `${name}.attention.self.query`, embed, embed),
        key: linearParams(make, `${name}.attention.self.key`, embed, embed),
        value: linearParams(make, `${name}.attention.self.value`, embed, embed),
      },
      output: output(`${name}.attention.output`, embed),
    },
    intermediate: { dense: linearParams(make, `${name}.intermediate.dense`, inner, embed) },
    output: output(`${name}.output`, inner),
  }
}

const encoderParams = (make: MakeParameter, config: BertConfig): BertEncoderParams => {
  const { hidden_size: embed, vocab_size, max_position_embeddings, type_vocab_size, pad_token_id } = config
  const at = 'bert.embeddings'
  return {
    embeddings: {
      word_embeddings: embeddingParams(make, `${at}.word_embeddings`, vocab_size, embed, pad_token_id),
      position_embeddings: embeddingParams(make, `${at}.position_embeddings`, max_position_embeddings, embed),
      token_type_embeddings: embeddingParams(make, `${at}.token_type_embeddings`, type_vocab_size, embed),
      LayerNorm: layerNormParams(make, `${at}.LayerNorm`, embed),
    },
    encoder: {
      layer: Array.from({ length: config.num_hidden_layers }, (_, i) =>
        layerParams(make, `bert.encoder.layer.${i}`, config),
      ),
    },
  }
}

/** The parameters of a model with a classifier, each asked for by name and shape. */
export const bertClassifierParams = (make: MakeParameter, config: BertConfig): BertClassifierParams => {
  const { hidden_size: embed } = config
  return {
    bert: { ...encoderParams(make, config), pooler: { dense: linearParams(make, 'bert.pooler.dense', embed, embed) } },
    classifier: linearParams(make, 'classifier', labelNames(config).length, embed),
  }
}

/** The parameters of a model with a head for masked words, each asked for by name and shape. */
export const bertMaskedWordsParams = (make: MakeParameter, config: BertConfig): BertMaskedWordsParams => {
  const { hidden_size: embed, vocab_size } = config
  const at = 'cls.predictions'
  return {
    bert: encoderParams(make, config),
    cls: {
      predictions: {
        transform: {
          dense: linearParams(make, `${at}.transform.dense`, embed, embed),
          LayerNorm: layerNormParams(make, `${at}.transform.LayerNorm`, embed),
        },
        bias: make(`${at}.bias`, [vocab_size], { kind: 'zeros' }),
      },
    },
  }
}

/** The heads a BERT model can have. */
export type BertHead = 'classify' | 'maskedWords'

/** The parameter tree by head. */
export type BertParams = { readonly classify: BertClassifierParams; readonly maskedWords: BertMaskedWordsParams }

/** The lists of parameters by head. */
export const bertParamsOf: {
  readonly [H in BertHead]: (make: MakeParameter, config: BertConfig) => BertParams[H]
} = { classify: bertClassifierParams, maskedWords: bertMaskedWordsParams }
