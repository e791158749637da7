/* Axes: batch, seq, embed; heads (of queries), keyHeads (of keys and values), headDim; inner (feed-forward). */
import { add, iota, mul, printAval, reshape, ShapeError, scope, type Tensor } from '@cotangent/core'
import {
  activations,
  attention,
  causalMask,
  embedding,
  type LinearParams,
  linear,
  maskBias,
  type RopeTable,
  rmsNorm,
  rope,
  ropeTable,
} from '@cotangent/nn'
import { listedKeys, namedKeys } from '../keys.js'
import { type LlamaConfig, llamaHeads } from './llamaConfig.js'
import type { LlamaAttentionParams, LlamaDecoderParams, LlamaLayerParams, LlamaMlpParams } from './llamaParams.js'
import { ropeSettingsOf } from './ropeFields.js'

/** A batch of token rows. */
export type LlamaInputs = {
  /** [batch, seq] i32 */
  readonly inputIds: Tensor
  /** [batch, seq], any dtype: 0 on padding, which may be on either side. */
  readonly attentionMask: Tensor
  /**
   * [batch, seq] i32; 0, 1, 2, ... in every row unless given. Only differences count, so padding on the left needs none.
   */
  readonly positionIds?: Tensor | null
}

/** What every forward pass may be told. */
export interface LlamaOptions {
  /** u32[2] for dropout, where the configuration says so; null or absent means evaluation. */
  readonly key?: Tensor | null
  /** Dropout on what adapters see, with the same key; 0 unless given. */
  readonly adapterDropout?: number
  /** Whether to return what goes into each layer. */
  readonly hiddenStates?: boolean
}

/** What the decoder gives. */
export interface LlamaStates {
  /** What comes out of the last norm, [batch, seq, embed]. */
  readonly lastHiddenState: Tensor
  /** What goes into each layer, then the last hidden state, each [batch, seq, embed]. */
  readonly hiddenStates?: readonly Tensor[]
}

/** What all layers of one pass share. */
interface Shared {
  readonly config: LlamaConfig
  readonly table: RopeTable
  /** [batch, 1, seq, seq] */
  readonly bias: Tensor
  readonly adapterDropout: number
}

/** Attention to what came before, [batch, seq, embed] -> the same. */
const attend = (
  { config, table, bias, adapterDropout }: Shared,
  params: LlamaAttentionParams,
  x: Tensor,
  key: Tensor | null,
): Tensor => {
  const [batch = 0, seq = 0] = x.shape
  const { heads, keyHeads, headDim } = llamaHeads(config)
  const keys = namedKeys(key, ['q_proj', 'k_proj', 'v_proj', 'o_proj', 'probabilities'])
  const apply = (part: LinearParams, input: Tensor, own: Tensor | null): Tensor =>
    linear(part, input, { rate: adapterDropout, key: own })
  const split = (y: Tensor, count: number): Tensor => reshape(y, [batch, seq, count, headDim])
  const context = attention(
    rope(split(apply(params.q_proj, x, keys.q_proj), heads), table),
    rope(split(apply(params.k_proj, x, keys.k_proj), keyHeads), table),
    split(apply(params.v_proj, x, keys.v_proj), keyHeads),
    { bias, dropout: { rate: config.attention_dropout, key: keys.probabilities } },
  )
  return apply(params.o_proj, reshape(context, [batch, seq, heads * headDim]), keys.o_proj)
}

/** down(act(gate x) · up x), [batch, seq, embed] -> the same. */
const feedForward = (
  { config, adapterDropout }: Shared,
  params: LlamaMlpParams,
  x: Tensor,
  key: Tensor | null,
): Tensor => {
  const keys = namedKeys(key, ['gate_proj', 'up_proj', 'down_proj'])
  const apply = (part: keyof LlamaMlpParams, input: Tensor): Tensor =>
    linear(params[part], input, { rate: adapterDropout, key: keys[part] })
  return apply('down_proj', mul(activations[config.hidden_act](apply('gate_proj', x)), apply('up_proj', x)))
}

/** One layer: h = x + attend(norm x), then h + feedForward(norm h). */
const layer = (shared: Shared, params: LlamaLayerParams, x: Tensor, key: Tensor | null): Tensor => {
  const { rms_norm_eps: eps } = shared.config
  const keys = namedKeys(key, ['self_attn', 'mlp'])
  const h = add(x, attend(shared, params.self_attn, rmsNorm(params.input_layernorm, x, eps), keys.self_attn))
  return add(h, feedForward(shared, params.mlp, rmsNorm(params.post_attention_layernorm, h, eps), keys.mlp))
}

/**
 * The LLaMA decoder without a head: what stands at each position depends on that token and those before it.
 *
 * @param params of any LLaMA model: its `model` part; weights may have adapters
 * @throws ShapeError
 * @example llamaDecode(config, params.model, { inputIds, attentionMask }).lastHiddenState
 */
export const llamaDecode = (
  config: LlamaConfig,
  params: LlamaDecoderParams,
  { inputIds, attentionMask, positionIds }: LlamaInputs,
  { key = null, adapterDropout = 0, hiddenStates = false }: LlamaOptions = {},
): LlamaStates => {
  const [, seq = 0] = inputIds.shape
  if (inputIds.rank !== 2) {
    throw new ShapeError({
      op: 'LLaMA',
      expected: 'inputIds must be [batch, seq].',
      received: `inputIds ${printAval(inputIds.aval)}`,
      todo: 'give a batch of rows, of one row if need be',
    })
  }
  const embedded = embedding(params.embed_tokens, inputIds)
  const settings = ropeSettingsOf(config, llamaHeads(config).headDim)
  const shared: Shared = {
    config,
    table: ropeTable(settings, positionIds ?? iota(seq), embedded.dtype),
    bias: maskBias(causalMask(attentionMask), embedded.dtype),
    adapterDropout,
  }
  const layerKeys = listedKeys(key, params.layers.length)
  const states = [embedded]
  let x = embedded
  for (const [i, part] of params.layers.entries()) {
    const before = x
    x = scope(`layers.${i}`, () => layer(shared, part, before, layerKeys[i] ?? null))
    states.push(x)
  }
  const lastHiddenState = rmsNorm(params.norm, x, config.rms_norm_eps)
  return hiddenStates
    ? { lastHiddenState, hiddenStates: [...states.slice(0, -1), lastHiddenState] }
    : { lastHiddenState }
}
