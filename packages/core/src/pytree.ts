import { TreeMismatchError } from './errors.js'
import { brand, literal, Tensor, version } from './tensor.js'

/** Nested arrays and plain objects whose leaves are tensors; a bare number is a leaf too (an f32 scalar). */
export type Pytree = Tensor | number | null | undefined | readonly Pytree[] | { readonly [key: string]: Pytree }

/** A pytree's type as traced functions see it: every leaf is a tensor, whatever it was made of. */
export type Leaves<T> = T extends Tensor | number ? Tensor : { readonly [K in keyof T]: Leaves<T[K]> }

/** The structure of a pytree without its leaves. */
export type TreeDef =
  | { readonly kind: 'leaf' }
  | { readonly kind: 'none' }
  | { readonly kind: 'array'; readonly items: readonly TreeDef[] }
  | { readonly kind: 'object'; readonly keys: readonly string[]; readonly items: readonly TreeDef[] }

const leafDef: TreeDef = { kind: 'leaf' }
const noneDef: TreeDef = { kind: 'none' }

/** Where a leaf is, as a JavaScript expression: `layers[3].query`. */
export type Path = string

/** The keys from the root to a place in a tree. */
type Keys = readonly (string | number)[]

const pathOf = (keys: Keys): Path =>
  keys.map((key, i) => (typeof key === 'number' ? `[${key}]` : i === 0 ? key : `.${key}`)).join('')

const isPlainObject = (x: object): boolean => {
  const prototype: unknown = Object.getPrototypeOf(x)
  return prototype === Object.prototype || prototype === null
}

const notATree = (path: Path, value: unknown): TreeMismatchError => {
  const foreign = typeof value === 'object' && value !== null && brand in value
  return new TreeMismatchError({
    op: 'pytree',
    expected: 'a pytree holds tensors, numbers, null, arrays and plain objects only.',
    received: foreign
      ? `at ${path || 'the root'}: a tensor of another copy of @cotangent/core (${String(value[brand])}; this one is ${version})`
      : `at ${path || 'the root'}: ${typeof value === 'object' && value !== null ? value.constructor.name : typeof value}`,
    todo: foreign
      ? 'install one copy: `npm ls @cotangent/core` shows who brings the second'
      : value instanceof Promise
        ? 'await it before the call; traced functions are synchronous'
        : 'turn it into a tensor with array(), or keep it beside the tree',
  })
}

/** Visits leaves in order (object keys sorted), and returns the structure. `keys` is where the walk is, for the visitor. */
const walk = (tree: unknown, keys: (string | number)[], leaf: (x: Tensor, keys: Keys) => void): TreeDef => {
  if (tree instanceof Tensor) {
    leaf(tree, keys)
    return leafDef
  }
  if (typeof tree === 'number') {
    leaf(literal(tree, 'f32'), keys)
    return leafDef
  }
  if (tree === null || tree === undefined) return noneDef
  const inside = (key: string | number, item: unknown): TreeDef => {
    keys.push(key)
    const def = walk(item, keys, leaf)
    keys.pop()
    return def
  }
  if (Array.isArray(tree)) return { kind: 'array', items: tree.map((item: unknown, i) => inside(i, item)) }
  if (typeof tree === 'object' && isPlainObject(tree)) {
    const names = Object.keys(tree).sort()
    return { kind: 'object', keys: names, items: names.map((key) => inside(key, Reflect.get(tree, key))) }
  }
  throw notATree(pathOf(keys), tree)
}

/**
 * Leaves in order, and the structure to put them back.
 *
 * @example treeFlatten({ b: 1, a: [2, 3] })[0].map((x) => x.item()) // => [2, 3, 1]
 */
export const treeFlatten = (tree: unknown): readonly [readonly Tensor[], TreeDef] => {
  const leaves: Tensor[] = []
  const def = walk(tree, [], (x) => leaves.push(x))
  return [leaves, def]
}

/**
 * Leaves in order.
 *
 * @example treeLeaves({ a: scalar(1), b: [scalar(2)] }) // => [1, 2]
 */
export const treeLeaves = (tree: unknown): readonly Tensor[] => treeFlatten(tree)[0]

/**
 * Leaves with their paths.
 *
 * @example treeEntries({ a: scalar(1), b: [scalar(2)] }) // => [['a', 1], ['b[0]', 2]]
 */
export const treeEntries = (tree: unknown): readonly (readonly [Path, Tensor])[] => {
  const entries: (readonly [Path, Tensor])[] = []
  walk(tree, [], (x, keys) => entries.push([pathOf(keys), x]))
  return entries
}

/** Paths of a structure's leaves, in order: `.layers[3].query`, as they follow a variable's name. */
export const leafPaths = (def: TreeDef): readonly Path[] => {
  if (def.kind === 'leaf') return ['']
  if (def.kind === 'none') return []
  return def.items.flatMap((item, i) => {
    const step = def.kind === 'array' ? `[${i}]` : `.${def.keys[i]}`
    return leafPaths(item).map((path) => step + path)
  })
}

/** Number of leaves of a structure. */
export const leafCount = (def: TreeDef): number =>
  def.kind === 'leaf' ? 1 : def.kind === 'none' ? 0 : def.items.reduce((n, item) => n + leafCount(item), 0)

/**
 * Puts leaves back into a structure. The caller says the tree's type: the structure is data, types cannot see it.
 *
 * @example
 * const [leaves, def] = treeFlatten({ a: scalar(1), b: [scalar(2)] })
 * treeUnflatten(def, leaves.map((x) => mul(x, 10))) // => { a: 10, b: [20] }
 */
export const treeUnflatten = <T>(def: TreeDef, leaves: readonly unknown[]): T => {
  let next = 0
  const build = (d: TreeDef): unknown => {
    switch (d.kind) {
      case 'leaf':
        return leaves[next++]
      case 'none':
        return null
      case 'array':
        return d.items.map(build)
      case 'object': {
        const items = d.items.map(build)
        return Object.fromEntries(d.keys.map((key, i) => [key, items[i]]))
      }
    }
  }
  return build(def) as T // border: see the comment above
}

/** Whether two structures are the same. */
export const sameTree = (a: TreeDef, b: TreeDef): boolean =>
  a.kind === b.kind &&
  (a.kind !== 'object' || (b.kind === 'object' && a.keys.every((key, i) => key === b.keys[i]))) &&
  ('items' in a && 'items' in b
    ? a.items.length === b.items.length && a.items.every((x, i) => sameTree(x, b.items[i] ?? noneDef))
    : true)

/** `{a: [*, *]}`, with `*` for a leaf. */
export const printTree = (def: TreeDef): string => {
  switch (def.kind) {
    case 'leaf':
      return '*'
    case 'none':
      return 'null'
    case 'array':
      return `[${def.items.map(printTree).join(', ')}]`
    case 'object':
      return `{${def.keys.map((key, i) => `${key}: ${printTree(def.items[i] ?? noneDef)}`).join(', ')}}`
  }
}

/**
 * Applies a function to the leaves of one tree, or of several of the same structure, side by side.
 *
 * @throws TreeMismatchError if the structures differ
 * @example treeMap((x) => mul(x, 2), { w: array([1, 2]) }) // => { w: [2, 4] }
 */
export const treeMap = <T>(f: (x: Tensor, ...more: Tensor[]) => Tensor, tree: T, ...others: readonly unknown[]): T => {
  const [leaves, def] = treeFlatten(tree)
  const rest = others.map((other) => {
    const [otherLeaves, otherDef] = treeFlatten(other)
    if (!sameTree(def, otherDef)) throw treesDiffer('treeMap', def, otherDef)
    return otherLeaves
  })
  return treeUnflatten(
    def,
    leaves.map((x, i) => f(x, ...rest.flatMap((other) => other[i] ?? []))),
  )
}

/** The error for two structures that should be the same. */
export const treesDiffer = (op: string, a: TreeDef, b: TreeDef): TreeMismatchError =>
  new TreeMismatchError({
    op,
    expected: 'the pytrees must have the same structure.',
    received: differing(a, b),
    todo: 'give both the same keys and lengths',
  })

/** How many characters of a structure are worth reading; of longer ones the first difference is. */
const readable = 80

/** Two structures, or where they begin to differ. */
const differing = (a: TreeDef, b: TreeDef, path: Path = ''): string => {
  const both = [a, b].map(printTree)
  if (both.every((text) => text.length <= readable)) return `${path === '' ? '' : `at ${path}: `}${both.join(' and ')}`
  if (a.kind === 'array' && b.kind === 'array' && a.items.length === b.items.length) {
    return differingItem(a.items, b.items, (i) => `${path}[${i}]`)
  }
  if (a.kind === 'object' && b.kind === 'object' && a.keys.join() === b.keys.join()) {
    return differingItem(a.items, b.items, (i) => `${path}.${a.keys[i]}`)
  }
  return `at ${path === '' ? 'the root' : path}: ${outline(a, b)} and ${outline(b, a)}`
}

const differingItem = (a: readonly TreeDef[], b: readonly TreeDef[], pathOf: (i: number) => Path): string => {
  const at = a.findIndex((item, i) => !sameTree(item, b[i] ?? noneDef))
  return differing(a[at] ?? noneDef, b[at] ?? noneDef, pathOf(at))
}

/** The keys that the other has not, or the length. */
const outline = (def: TreeDef, other: TreeDef): string => {
  if (def.kind === 'array') return `an array of ${def.items.length}`
  if (def.kind !== 'object') return printTree(def)
  const own = other.kind === 'object' ? def.keys.filter((key) => !other.keys.includes(key)) : def.keys
  const some = own.slice(0, 5).join(', ')
  return `an object${own.length === 0 ? ' without more' : ` with ${some}${own.length > 5 ? ', ...' : ''}`}`
}
