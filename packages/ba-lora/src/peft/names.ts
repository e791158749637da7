import type { Path } from '@cotangent/core'

/** How a base model's file calls the parameter at a path. */
export type NameOf = (path: Path) => string

/** Numbers in brackets become parts: `encoder.layer[0].weight` is `encoder.layer.0.weight`, as in transformers. */
export const dottedName: NameOf = (path) => path.replaceAll(/\[(\d+)\]/g, '.$1').replace(/^\./, '')

/** PEFT's prefix of every name. */
const prefix = 'base_model.model.'

/** What a tensor of an adapter file is. */
export type AdapterKey =
  | { readonly kind: 'factor'; readonly module: string; readonly factor: 'a' | 'b' }
  | { readonly kind: 'whole'; readonly name: string }

/**
 * @example adapterKeyOf('base_model.model.encoder.query.lora_A.weight')
 * // => { kind: 'factor', module: 'encoder.query', factor: 'a' }
 */
export const adapterKeyOf = (key: string): AdapterKey | null => {
  if (!key.startsWith(prefix)) return null
  const name = key.slice(prefix.length)
  const found = /^(.+)\.lora_([AB])\.weight$/.exec(name)
  const module = found?.[1]
  if (module !== undefined) return { kind: 'factor', module, factor: found?.[2] === 'A' ? 'a' : 'b' }
  return /\blora_/.test(name) ? null : { kind: 'whole', name }
}

/** The inverse. */
export const keyOf = (key: AdapterKey): string =>
  key.kind === 'whole' ? `${prefix}${key.name}` : `${prefix}${key.module}.lora_${key.factor === 'a' ? 'A' : 'B'}.weight`

/** A module's name from its weight's. */
export const moduleOf = (name: string): string => name.replace(/\.?weight$/, '')
