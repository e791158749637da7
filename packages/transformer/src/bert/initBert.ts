import type { Tensor } from '@cotangent/core'
import { randomParameters } from '../parameters/makeParameter.js'
import type { BertConfig } from './bertConfig.js'
import { type BertHead, type BertParams, bertParamsOf } from './bertParams.js'

/**
 * Parameters of a new model: weights normal with deviation `initializer_range`, biases 0, norms 1 and 0, the row of the
 * padding token 0. Same key, same numbers; a parameter's numbers depend on the key and its name alone.
 *
 * @param key u32[2]
 * @example
 * const config = bertConfig({ vocab_size: 50, hidden_size: 8, num_hidden_layers: 1, num_attention_heads: 2, num_labels: 9 })
 * initBert(key(0), config, 'classify').classifier.weight.shape // => [9, 8]
 */
export const initBert = <H extends BertHead>(key: Tensor, config: BertConfig, head: H): BertParams[H] =>
  bertParamsOf[head](randomParameters(key, config.initializer_range), config)
