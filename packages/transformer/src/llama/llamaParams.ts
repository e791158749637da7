/*
 * LLaMA's parameters as a tree whose paths are transformers' names. Axes: embed, vocab, inner (feed-forward), heads,
 * keyHeads, headDim.
 */
import type { EmbeddingParams, LinearParams, RmsNormParams } from '@cotangent/nn'
import { embeddingParams, type MakeParameter, projectionParams, rmsNormParams } from '../parameters/makeParameter.js'
import { type LlamaConfig, llamaHeads } from './llamaConfig.js'

/** Queries [heads · headDim, embed], keys and values [keyHeads · headDim, embed], and back [embed, heads · headDim]. */
export type LlamaAttentionParams = {
  readonly q_proj: LinearParams
  readonly k_proj: LinearParams
  readonly v_proj: LinearParams
  readonly o_proj: LinearParams
}

/** Two maps to the inner width, one of which gates the other, and one back. */
export type LlamaMlpParams = {
  readonly gate_proj: LinearParams
  readonly up_proj: LinearParams
  readonly down_proj: LinearParams
}

/** One layer: attention, then the feed-forward part, each with its norm in front. */
export type LlamaLayerParams = {
  readonly self_attn: LlamaAttentionParams
  readonly mlp: LlamaMlpParams
  readonly input_layernorm: RmsNormParams
  readonly post_attention_layernorm: RmsNormParams
}

/** Embeddings, layers, and the norm behind them. */
export type LlamaDecoderParams = {
  readonly embed_tokens: EmbeddingParams
  readonly layers: readonly LlamaLayerParams[]
  readonly norm: RmsNormParams
}

/** With a head for the next token: transformers' LlamaForCausalLM. Without `lm_head`, the table of embeddings is the head. */
export type LlamaParams = {
  readonly model: LlamaDecoderParams
  readonly lm_head?: LinearParams
}

const layerParams = (make: MakeParameter, name: string, config: LlamaConfig): LlamaLayerParams => {
  const { hidden_size: embed, intermediate_size: inner, attention_bias, mlp_bias } = config
  const { heads, keyHeads, headDim } = llamaHeads(config)
  const attend = (part: string, out: number, inside: number): LinearParams =>
    projectionParams(make, `${name}.self_attn.${part}`, out, inside, attention_bias)
  const feed = (part: string, out: number, inside: number): LinearParams =>
    projectionParams(make, `${name}.mlp.${part}`, out, inside, mlp_bias)
  return {
    self_attn: {
      q_proj: attend('q_proj', heads * headDim, embed),
      k_proj: attend('k_proj', keyHeads * headDim, embed),
      v_proj: attend('v_proj', keyHeads * headDim, embed),
      o_proj: attend('o_proj', embed, heads * headDim),
    },
    mlp: {
      gate_proj: feed('gate_proj', inner, embed),
      up_proj: feed('up_proj', inner, embed),
      down_proj: feed('down_proj', embed, inner),
    },
    input_layernorm: rmsNormParams(make, `${name}.input_layernorm`, embed),
    post_attention_layernorm: rmsNormParams(make, `${name}.post_attention_layernorm`, embed),
  }
}

/** The parameters of a model, each asked for by name and shape. */
export const llamaParams = (make: MakeParameter, config: LlamaConfig): LlamaParams => {
  const { hidden_size: embed, vocab_size, pad_token_id } = config
  const model: LlamaDecoderParams = {
    embed_tokens: embeddingParams(make, 'model.embed_tokens', vocab_size, embed, pad_token_id),
    layers: Array.from({ length: config.num_hidden_layers }, (_, i) => layerParams(make, `model.layers.${i}`, config)),
    norm: rmsNormParams(make, 'model.norm', embed),
  }
  return config.tie_word_embeddings
    ? { model }
    : { model, lm_head: projectionParams(make, 'lm_head', vocab_size, embed, false) }
}
