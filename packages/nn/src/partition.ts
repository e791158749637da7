/*
 * A parameter tree taken apart by leaf, as Equinox's partition and combine: what is trained, and the rest. Both parts
 * keep the structure, with null in the other's places, so that transforms and optimisers see only the leaves they get.
 */
import { type Path, Tensor, TreeMismatchError, treeEntries } from '@cotangent/core'

/** The leaves of a tree, each or null. */
type Leaves<T> = T extends Tensor | number
  ? T | null
  : T extends null | undefined
    ? null
    : { readonly [K in keyof T]: Leaves<T[K]> }

declare const whole: unique symbol

/** Remembers in the type which tree a part is of. The field is never there. */
type Of<T> = { readonly [whole]?: T }

/** A part of a tree: each leaf or null. `combine` gives back the tree that the type remembers. */
export type Part<T> = Leaves<T> & Of<T>

/**
 * Takes a tree apart: the leaves that are selected, and the others.
 *
 * @param select asked for each leaf; the path is as in `layers[3].query.weight`
 * @returns two trees of the same structure, null in the other's places
 * @example partition({ w: array([1]), b: array([2]) }, (path) => path === 'w') // => [{ w: [1], b: null }, { w: null, b: [2] }]
 */
export const partition = <T>(
  params: T,
  select: (path: Path, leaf: Tensor) => boolean,
): readonly [selected: Part<T>, rest: Part<T>] => {
  const chosen = new Map(treeEntries(params).map(([path, leaf]) => [path, select(path, leaf)]))
  const pick = (wanted: boolean): Part<T> => keep(params, '', (path) => chosen.get(path) === wanted) as Part<T> // border: the structure is data
  return [pick(true), pick(false)]
}

const childPath = (path: Path, key: string | number): Path =>
  typeof key === 'number' ? `${path}[${key}]` : path === '' ? key : `${path}.${key}`

const keep = (tree: unknown, path: Path, wanted: (path: Path) => boolean): unknown => {
  if (tree instanceof Tensor || typeof tree === 'number') return wanted(path) ? tree : null
  if (typeof tree !== 'object' || tree === null) return null
  if (Array.isArray(tree)) return tree.map((item: unknown, i) => keep(item, childPath(path, i), wanted))
  return Object.fromEntries(
    Object.entries(tree).map(([key, item]: [string, unknown]) => [key, keep(item, childPath(path, key), wanted)]),
  )
}

/**
 * Puts the parts of `partition` together again.
 *
 * @throws TreeMismatchError where both parts have a leaf, or their structures differ
 * @example combine({ w: array([1]), b: null }, { w: null, b: array([2]) }) // => { w: [1], b: [2] }
 */
export const combine: Combine = (a: unknown, b: unknown) => zip(a, b, '') as never // border: as above

/** Parts of a known tree give that tree; parts of an unknown one give an unknown one. */
interface Combine {
  <T>(a: NoInfer<Leaves<T>> & Of<T>, b: NoInfer<Leaves<T>> & Of<T>): T
  (a: unknown, b: unknown): unknown
}

const isRecord = (x: unknown): x is Readonly<Record<string, unknown>> =>
  typeof x === 'object' && x !== null && !Array.isArray(x) && !(x instanceof Tensor)

const zip = (a: unknown, b: unknown, path: Path): unknown => {
  if (a === null || a === undefined) return b ?? null
  if (b === null || b === undefined) return a
  if (Array.isArray(a) && Array.isArray(b) && a.length === b.length) {
    const others: readonly unknown[] = b
    return a.map((item: unknown, i) => zip(item, others[i], childPath(path, i)))
  }
  if (isRecord(a) && isRecord(b)) {
    const keys = [...new Set([...Object.keys(a), ...Object.keys(b)])]
    return Object.fromEntries(keys.map((key) => [key, zip(a[key], b[key], childPath(path, key))]))
  }
  throw new TreeMismatchError({
    op: 'combine',
    expected: 'the parts must have one structure, and a leaf in one of them at each place.',
    received: `at ${path || 'the root'}: ${kindOf(a)} and ${kindOf(b)}`,
    todo: 'combine what partition gave, after updates that keep the structure',
  })
}

const kindOf = (x: unknown): string =>
  x instanceof Tensor ? String(x) : Array.isArray(x) ? `a list of ${x.length}` : isRecord(x) ? 'a record' : typeof x
