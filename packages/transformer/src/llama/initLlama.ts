import type { Tensor } from '@cotangent/core'
import { randomParameters } from '../parameters/makeParameter.js'
import type { LlamaConfig } from './llamaConfig.js'
import { type LlamaParams, llamaParams } from './llamaParams.js'

/**
 * Parameters of a new model: weights normal with deviation `initializer_range`, biases 0, norms 1, the row of the padding
 * token 0. Same key, same numbers; a parameter's numbers depend on the key and its name alone.
 *
 * @param key u32[2]
 * @example
 * const config = llamaConfig({ vocab_size: 50, hidden_size: 8, intermediate_size: 20, num_hidden_layers: 1, num_attention_heads: 2 })
 * initLlama(key(0), config).model.norm.weight.shape // => [8]
 */
export const initLlama = (key: Tensor, config: LlamaConfig): LlamaParams =>
  llamaParams(randomParameters(key, config.initializer_range), config)
