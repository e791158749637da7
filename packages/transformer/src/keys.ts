import { split, type Tensor } from '@cotangent/core'

/**
 * A key for each name, from one that is not used again; all null where that is null, which means evaluation.
 *
 * @example namedKeys(key(0), ['attention', 'output']).output
 */
export const namedKeys = <const N extends string>(
  key: Tensor | null,
  names: readonly N[],
): Readonly<Record<N, Tensor | null>> => {
  const keys = key === null ? [] : split(key, names.length)
  // border: fromEntries forgets which names there were
  return Object.fromEntries(names.map((name, i) => [name, keys[i] ?? null])) as Record<N, Tensor | null>
}

/** `count` keys from one that is not used again; all null where that is null. */
export const listedKeys = (key: Tensor | null, count: number): readonly (Tensor | null)[] =>
  key === null ? new Array<null>(count).fill(null) : split(key, count)
