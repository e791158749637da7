import type { Tensor } from '@cotangent/core'

/**
 * The tensors of a LLaMA checkpoint under today's names. Older ones also hold the frequencies of the rotary positions;
 * a model saved without a head has no `model.` in front; one whose head is the table of embeddings may hold it twice.
 *
 * @param tied whether the head is the table of embeddings
 * @example
 * const old = new Map([['norm.weight', ones([2])], ['layers.0.self_attn.rotary_emb.inv_freq', ones([1])]])
 * Array.from(currentLlamaNames(old, false).keys()) // => ['model.norm.weight']
 */
export const currentLlamaNames = (tensors: ReadonlyMap<string, Tensor>, tied: boolean): ReadonlyMap<string, Tensor> => {
  const bare = ![...tensors.keys()].some((name) => name.startsWith('model.'))
  return new Map(
    [...tensors]
      .filter(([name]) => !name.endsWith('.rotary_emb.inv_freq') && !(tied && name === 'lm_head.weight'))
      .map(([name, tensor]) => [bare && name !== 'lm_head.weight' ? `model.${name}` : name, tensor]),
  )
}
