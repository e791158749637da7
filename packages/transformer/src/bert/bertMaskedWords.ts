/* Axes: batch, seq, embed, vocab; n (positions to predict). */
import { add, reshape, type Tensor, take } from '@cotangent/core'
import { activations, applyWeight, layerNorm, linear } from '@cotangent/nn'
import { namedKeys } from '../keys.js'
import type { BertConfig } from './bertConfig.js'
import { type BertInputs, type BertOptions, type BertStates, bertEncode } from './bertEncoder.js'
import type { BertMaskedWordsParams } from './bertParams.js'

/** The encoder's options, and which positions are asked for. */
export interface BertMaskedWordsOptions extends BertOptions {
  /**
   * [n] i32, places in the flattened [batch · seq]: logits of these alone are computed. With 15 % of the words masked
   * that saves most of the head's work.
   */
  readonly positions?: Tensor
}

/** What the head for masked words gives. */
export interface BertWordPrediction extends BertStates {
  /** [batch, seq, vocab], or [n, vocab] for the positions asked for. */
  readonly logits: Tensor
}

/**
 * BERT with a head for masked words: logits = E·norm(act(dense(h))) + bias, E the table of word embeddings. Agrees with
 * transformers' BertForMaskedLM.
 *
 * @throws ShapeError
 * @example bertMaskedWords(config, params, { inputIds, attentionMask }, { positions }).logits
 */
export const bertMaskedWords = (
  config: BertConfig,
  params: BertMaskedWordsParams,
  inputs: BertInputs,
  options: BertMaskedWordsOptions = {},
): BertWordPrediction => {
  const keys = namedKeys(options.key ?? null, ['encoder', 'transform'])
  const states = bertEncode(config, params.bert, inputs, { ...options, key: keys.encoder })
  const { lastHiddenState: last } = states
  const [batch = 0, seq = 0, embed = 0] = last.shape
  const rows = options.positions ? take(reshape(last, [batch * seq, embed]), options.positions) : last
  const { transform, bias } = params.cls.predictions
  const dense = linear(transform.dense, rows, { rate: options.adapterDropout ?? 0, key: keys.transform })
  const words = layerNorm(transform.LayerNorm, activations[config.hidden_act](dense), config.layer_norm_eps)
  return { ...states, logits: add(applyWeight(params.bert.embeddings.word_embeddings.weight, words), bias) }
}
