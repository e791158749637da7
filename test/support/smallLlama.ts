import { array, key, type Tensor } from '@cotangent/core'
import {
  initLlama,
  type LlamaConfig,
  type LlamaInputs,
  type LlamaParams,
  llamaConfig,
  llamaLogits,
} from '@cotangent/transformer'

/** A model whose laws are tested: two heads of queries share each head of keys and values. */
export const config = llamaConfig({
  vocab_size: 40,
  hidden_size: 16,
  num_hidden_layers: 2,
  num_attention_heads: 4,
  num_key_value_heads: 2,
  intermediate_size: 24,
  initializer_range: 0.3,
})
export const params = initLlama(key(1), config)

export const logitsOf = (inputs: LlamaInputs, tree: LlamaParams = params, settings: LlamaConfig = config): Tensor =>
  llamaLogits(settings, tree, inputs).logits

/** One text without padding. */
export const text = (ids: readonly number[]): LlamaInputs => ({
  inputIds: array([ids], 'i32'),
  attentionMask: array([ids.map(() => 1)], 'i32'),
})
