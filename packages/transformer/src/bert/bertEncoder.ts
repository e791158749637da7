/* Axes: batch, seq, embed; heads × headDim = embed; inner (feed-forward). */
import { add, printAval, reshape, ShapeError, scope, slice, type Tensor } from '@cotangent/core'
import {
  activations,
  attention,
  dropout,
  embedding,
  type LinearParams,
  layerNorm,
  linear,
  maskBias,
} from '@cotangent/nn'
import { listedKeys, namedKeys } from '../keys.js'
import type { BertConfig } from './bertConfig.js'
import type { BertEmbeddingsParams, BertEncoderParams, BertLayerParams } from './bertParams.js'

/** A batch of token rows. */
export type BertInputs = {
  /** [batch, seq] i32 */
  readonly inputIds: Tensor
  /** [batch, seq], any dtype: 0 on padding. */
  readonly attentionMask: Tensor
  /** [batch, seq] i32; all 0 unless given. */
  readonly tokenTypeIds?: Tensor | null
}

/** What every forward pass may be told. */
export interface BertOptions {
  /** u32[2] for dropout, where the configuration says so; null or absent means evaluation. */
  readonly key?: Tensor | null
  /** Dropout on what adapters see, with the same key; 0 unless given. */
  readonly adapterDropout?: number
  /** Whether to return what goes into each layer. */
  readonly hiddenStates?: boolean
}

/** What the encoder gives. */
export interface BertStates {
  /** What comes out of the last layer, [batch, seq, embed]. */
  readonly lastHiddenState: Tensor
  /** What goes into each layer, and what comes out of the last, each [batch, seq, embed]. */
  readonly hiddenStates?: readonly Tensor[]
}

/** Word, type and position rows, summed and normalised: [batch, seq] -> [batch, seq, embed]. */
const embed = (
  config: BertConfig,
  params: BertEmbeddingsParams,
  { inputIds, tokenTypeIds }: BertInputs,
  key: Tensor | null,
): Tensor => {
  const [, seq = 0] = inputIds.shape
  const [longest = 0, width = 0] = params.position_embeddings.weight.shape
  if (inputIds.rank !== 2 || seq > longest) {
    throw new ShapeError({
      op: 'BERT',
      expected: `inputIds must be [batch, seq] with seq at most ${longest} (max_position_embeddings).`,
      received: `inputIds ${printAval(inputIds.aval)}`,
      todo: 'cut longer texts when encoding them',
    })
  }
  const words = embedding(params.word_embeddings, inputIds)
  const positions = slice(params.position_embeddings.weight, [0, 0], [seq, width])
  const types = tokenTypeIds
    ? embedding(params.token_type_embeddings, tokenTypeIds)
    : slice(params.token_type_embeddings.weight, [0, 0], [1, width])
  const total = add(words, add(types, positions)) // without types, [seq, embed] is summed first
  return dropout(key, config.hidden_dropout_prob, layerNorm(params.LayerNorm, total, config.layer_norm_eps))
}

/** One encoder layer, [batch, seq, embed] -> the same. */
const layer = (
  config: BertConfig,
  params: BertLayerParams,
  x: Tensor,
  bias: Tensor,
  key: Tensor | null,
  adapterDropout: number,
): Tensor => {
  const { layer_norm_eps: eps, hidden_dropout_prob: rate, num_attention_heads: heads } = config
  const [batch = 0, seq = 0, width = 0] = x.shape
  const keys = namedKeys(key, [
    'query',
    'key',
    'value',
    'probabilities',
    'attention',
    'afterAttention',
    'intermediate',
    'output',
    'afterOutput',
  ])
  const apply = (part: LinearParams, input: Tensor, own: Tensor | null): Tensor =>
    linear(part, input, { rate: adapterDropout, key: own })
  const split = (y: Tensor): Tensor => reshape(y, [batch, seq, heads, width / heads])

  const { self, output } = params.attention
  const context = attention(
    split(apply(self.query, x, keys.query)),
    split(apply(self.key, x, keys.key)),
    split(apply(self.value, x, keys.value)),
    { bias, dropout: { rate: config.attention_probs_dropout_prob, key: keys.probabilities } },
  )
  const mixed = apply(output.dense, reshape(context, [batch, seq, width]), keys.attention)
  const attended = layerNorm(output.LayerNorm, add(dropout(keys.afterAttention, rate, mixed), x), eps)

  const inner = activations[config.hidden_act](apply(params.intermediate.dense, attended, keys.intermediate))
  const outer = apply(params.output.dense, inner, keys.output)
  return layerNorm(params.output.LayerNorm, add(dropout(keys.afterOutput, rate, outer), attended), eps)
}

/**
 * The BERT encoder without a head.
 *
 * @param params of any BERT model: its `bert` part
 * @throws ShapeError where a row is longer than the table of positions
 * @example bertEncode(config, params.bert, { inputIds, attentionMask }).lastHiddenState
 */
export const bertEncode = (
  config: BertConfig,
  params: BertEncoderParams,
  inputs: BertInputs,
  { key = null, adapterDropout = 0, hiddenStates = false }: BertOptions = {},
): BertStates => {
  const [embeddingKey = null, ...layerKeys] = listedKeys(key, params.encoder.layer.length + 1)
  let last = scope('embeddings', () => embed(config, params.embeddings, inputs, embeddingKey))
  const states = [last]
  const bias = maskBias(inputs.attentionMask, last.dtype)
  for (const [i, part] of params.encoder.layer.entries()) {
    const before = last
    last = scope(`encoder.layer.${i}`, () => layer(config, part, before, bias, layerKeys[i] ?? null, adapterDropout))
    states.push(last)
  }
  return hiddenStates ? { lastHiddenState: last, hiddenStates: states } : { lastHiddenState: last }
}
