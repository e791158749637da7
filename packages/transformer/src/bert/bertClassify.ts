/* Axes: batch, seq, embed, labels. */
import { reshape, slice, type Tensor, tanh } from '@cotangent/core'
import { dropout, linear } from '@cotangent/nn'
import { namedKeys } from '../keys.js'
import type { BertConfig } from './bertConfig.js'
import { type BertInputs, type BertOptions, type BertStates, bertEncode } from './bertEncoder.js'
import type { BertClassifierParams } from './bertParams.js'

/** What the classifier gives. */
export interface BertClassification extends BertStates {
  /** [batch, labels]; for regression the numbers themselves. */
  readonly logits: Tensor
  /** The first position after the pooler's tanh, [batch, embed]. */
  readonly pooled: Tensor
}

/**
 * BERT with a classifier on the first position: logits = classifier(dropout(tanh(pooler(h₀)))). For regression (one
 * label) the logits are the predicted numbers. Agrees with transformers' BertForSequenceClassification.
 *
 * @param params weights may have adapters
 * @param options key for dropout; without it, evaluation
 * @throws ShapeError
 * @example bertClassify(config, params, { inputIds, attentionMask }).logits
 */
export const bertClassify = (
  config: BertConfig,
  params: BertClassifierParams,
  inputs: BertInputs,
  options: BertOptions = {},
): BertClassification => {
  const keys = namedKeys(options.key ?? null, ['encoder', 'pooler', 'pooled', 'classifier'])
  const states = bertEncode(config, params.bert, inputs, { ...options, key: keys.encoder })
  const [batch = 0, , embed = 0] = states.lastHiddenState.shape
  const first = reshape(slice(states.lastHiddenState, [0, 0, 0], [batch, 1, embed]), [batch, embed])
  const rate = options.adapterDropout ?? 0
  const pooled = tanh(linear(params.bert.pooler.dense, first, { rate, key: keys.pooler }))
  const kept = dropout(keys.pooled, config.classifier_dropout ?? config.hidden_dropout_prob, pooled)
  return { ...states, pooled, logits: linear(params.classifier, kept, { rate, key: keys.classifier }) }
}
