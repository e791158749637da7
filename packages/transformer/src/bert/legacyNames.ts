import type { Tensor } from '@cotangent/core'

/** Buffers and copies of the head's table that older checkpoints hold: nothing to load. */
const dropped: ReadonlySet<string> = new Set(['bert.embeddings.position_ids', 'cls.predictions.decoder.weight'])

const renamed = (name: string, prefix: string): string =>
  `${prefix}${name}`
    .replace(/\.LayerNorm\.gamma$/, '.LayerNorm.weight')
    .replace(/\.LayerNorm\.beta$/, '.LayerNorm.bias')
    .replace(/^cls\.predictions\.decoder\.bias$/, 'cls.predictions.bias')

/**
 * The tensors of a checkpoint under today's names. Older ones call a norm's weight and bias `gamma` and `beta`; a
 * model saved without a head has no `bert.` in front.
 *
 * @example
 * const old = new Map([['encoder.layer.0.output.LayerNorm.gamma', ones([2])]])
 * Array.from(currentNames(old).keys()) // => ['bert.encoder.layer.0.output.LayerNorm.weight']
 */
export const currentNames = (tensors: ReadonlyMap<string, Tensor>): ReadonlyMap<string, Tensor> => {
  const prefix = [...tensors.keys()].some((name) => name.startsWith('bert.')) ? '' : 'bert.'
  const named = [...tensors].map(([name, tensor]): readonly [string, Tensor] => [renamed(name, prefix), tensor])
  return new Map(named.filter(([name]) => !dropped.has(name)))
}
