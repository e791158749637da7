/* Axes: batch, seq, embed, vocab. */
import type { Tensor } from '@cotangent/core'
import { type AdapterDropout, applyWeight, linear } from '@cotangent/nn'
import { namedKeys } from '../keys.js'
import type { LlamaConfig } from './llamaConfig.js'
import { type LlamaInputs, type LlamaOptions, type LlamaStates, llamaDecode } from './llamaDecoder.js'
import type { LlamaParams } from './llamaParams.js'

/** What the model gives. */
export interface LlamaPrediction extends LlamaStates {
  /** Of the token after each position, [batch, seq, vocab]. */
  readonly logits: Tensor
}

/**
 * The head: logits of the next token for any last hidden states, so that some positions, or a part of them at a time,
 * need not wait for all.
 *
 * @param states [...s, embed]
 * @returns [...s, vocab]
 * @throws ShapeError
 * @example llamaHead(params, take(reshape(lastHiddenState, [-1, 8]), positions))
 */
export const llamaHead = (params: LlamaParams, states: Tensor, adapterDropout?: AdapterDropout): Tensor =>
  params.lm_head
    ? linear(params.lm_head, states, adapterDropout)
    : applyWeight(params.model.embed_tokens.weight, states)

/**
 * LLaMA with its head: logits of the token that follows each position. Agrees with transformers' LlamaForCausalLM.
 *
 * @param params weights may have adapters
 * @param options key for dropout; without it, evaluation
 * @throws ShapeError
 * @example llamaLogits(config, params, { inputIds, attentionMask }).logits
 */
export const llamaLogits = (
  config: LlamaConfig,
  params: LlamaParams,
  inputs: LlamaInputs,
  options: LlamaOptions = {},
): LlamaPrediction => {
  const keys = namedKeys(options.key ?? null, ['decoder', 'head'])
  const states = llamaDecode(config, params.model, inputs, { ...options, key: keys.decoder })
  const logits = llamaHead(params, states.lastHiddenState, { rate: options.adapterDropout ?? 0, key: keys.head })
  return { ...states, logits }
}
