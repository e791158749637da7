/* Parameter trees by place. A path is as in `layers[3].query.weight`. */
import { type Path, Tensor } from '@cotangent/core'
import { isLowRank, type Weight } from '@cotangent/nn'

const childPath = (path: Path, key: string | number): Path =>
  typeof key === 'number' ? `${path}[${key}]` : path === '' ? key : `${path}.${key}`

/**
 * The same tree with other nodes in some places. A weight with an adapter is one node.
 *
 * @param replace asked at each tensor and each weight with an adapter; answers with the node itself to keep it
 */
export const mapNodes = (tree: unknown, replace: (path: Path, node: Weight) => Weight, path: Path = ''): unknown => {
  if (tree instanceof Tensor || isLowRank(tree)) return replace(path, tree)
  if (typeof tree !== 'object' || tree === null) return tree
  if (Array.isArray(tree)) return tree.map((item: unknown, i) => mapNodes(item, replace, childPath(path, i)))
  return Object.fromEntries(
    Object.entries(tree).map(([key, item]: [string, unknown]) => [key, mapNodes(item, replace, childPath(path, key))]),
  )
}

/** Tensors and weights with adapters, in the order of their paths in the tree. */
export const nodesOf = (tree: unknown): ReadonlyMap<Path, Weight> => {
  const nodes: [Path, Weight][] = []
  mapNodes(tree, (path, node) => {
    nodes.push([path, node])
    return node
  })
  return new Map(nodes.sort(([p], [q]) => (p < q ? -1 : p > q ? 1 : 0)))
}
