/*
 * A parameter's name in a file and its place in a tree say the same: `bert.encoder.layer.0.attention.self.query.weight`
 * is `bert.encoder.layer[0].attention.self.query.weight`. Numbers are places in a list, other parts are keys.
 */
import { type Path, Tensor, treeEntries } from '@cotangent/core'
import { type BadContainer, badContainer, E } from '@cotangent/prelude'

/** A tree of tensors. */
export type TensorTree = Tensor | readonly TensorTree[] | { readonly [key: string]: TensorTree }

/**
 * The name in a file of the parameter at a place of a tree.
 *
 * @example nameOfPath('encoder.layer[0].weight') // => 'encoder.layer.0.weight'
 */
export const nameOfPath = (path: Path): string => path.replaceAll(/\[(\d+)\]/g, '.$1').replace(/^\./, '')

/**
 * The place in a tree of the parameter with a name.
 *
 * @example pathOfName('encoder.layer.0.weight') // => 'encoder.layer[0].weight'
 */
export const pathOfName = (name: string): Path => name.replaceAll(/(^|\.)(\d+)(?=\.|$)/g, '[$2]')

/**
 * The leaves of a tree under their names in a file, in the order of the tree.
 *
 * @example tensorsFromParams({ layer: [{ weight: scalar(2) }] }) // => new Map([['layer.0.weight', 2]])
 */
export const tensorsFromParams = (params: unknown): ReadonlyMap<string, Tensor> =>
  new Map(treeEntries(params).map(([path, leaf]) => [nameOfPath(path), leaf]))

/** A node under construction: its parts by key, or a leaf. */
type Node = Map<string, Node> | Tensor

const number = /^(0|[1-9]\d*)$/
const word = /^(?!__proto__$)[A-Za-z_][\w-]*$/

/**
 * The tree that named tensors make: the inverse of `tensorsFromParams`.
 *
 * @param file where the names are from, for messages
 * @returns BadContainer where a name is no path, a name goes on behind another, or the numbers of a list have gaps
 * @example paramsFromTensors(new Map([['layer.0.w', scalar(2)]]), 'a.safetensors') // => E.right({ layer: [{ w: 2 }] })
 */
export const paramsFromTensors = (
  tensors: ReadonlyMap<string, Tensor>,
  file: string,
): E.Either<BadContainer, TensorTree> => {
  const root: Map<string, Node> = new Map()
  for (const [name, leaf] of tensors) {
    const fault = insert(root, name, leaf)
    if (fault !== null) return E.left(badContainer(file, fault.reason, fault.received, name))
  }
  return build(root, '', file)
}

const insert = (
  root: Map<string, Node>,
  name: string,
  leaf: Tensor,
): { readonly reason: string; readonly received: string } | null => {
  const parts = name.split('.')
  const bad = parts.find((part) => !number.test(part) && !word.test(part))
  if (bad !== undefined)
    return { reason: 'its name must be words and numbers with dots between them', received: `the part "${bad}"` }
  const occupied = { reason: 'no other name may go on behind a name', received: 'a tensor and a group of tensors' }
  let at = root
  for (const part of parts.slice(0, -1)) {
    const next = at.get(part) ?? new Map<string, Node>()
    if (next instanceof Tensor) return occupied
    at.set(part, next)
    at = next
  }
  const last = parts.at(-1) ?? ''
  if (at.has(last)) return occupied
  at.set(last, leaf)
  return null
}

const build = (node: Node, path: string, file: string): E.Either<BadContainer, TensorTree> => {
  if (node instanceof Tensor) return E.right(node)
  const built: [string, TensorTree][] = []
  for (const [key, child] of node) {
    const result = build(child, path === '' ? key : `${path}.${key}`, file)
    if (E.isLeft(result)) return result
    built.push([key, result.right])
  }
  const numbered = built.filter(([key]) => number.test(key))
  if (numbered.length === 0) return E.right(Object.fromEntries(built))
  const places = new Map(numbered.map(([key, child]) => [Number(key), child]))
  const list = Array.from({ length: built.length }, (_, i) => places.get(i))
  const items = list.filter((item) => item !== undefined)
  return items.length === built.length
    ? E.right(items)
    : E.left(
        badContainer(
          file,
          `the parts of "${path}" must be numbered from 0 without gaps`,
          built.map(([key]) => key).join(', '),
        ),
      )
}
