import { ArgumentError, type Path, Tensor, treeLeaves } from '@cotangent/core'
import { isLowRank, type Weight } from '@cotangent/nn'
import type { AdapterInit } from './initialise.js'
import { mapNodes, nodesOf } from './tree.js'

/** Parameters with adapters, and where they are. */
export interface Adapted<T> {
  readonly params: T
  /** The weights that were changed, sorted. */
  readonly paths: readonly Path[]
}

const refuse = (expected: string, received: string, todo: string): never => {
  throw new ArgumentError({ op: 'adapt', expected, received, todo })
}

/**
 * Puts an adapter on each selected weight. The tree's type must allow a weight with an adapter there, as nn's do.
 *
 * @param params the original parameters, on the host; not changed, and their tensors are shared
 * @param select which weights, by path, as in `encoder.layer[0].attention.self.query.weight`
 * @param init `lora(...)`, `pissa(...)`, or a function of your own
 * @throws ArgumentError if nothing is selected, or a weight has an adapter already; what `init` throws
 * @example adapt(params, (path) => /\.(query|value)\.weight$/.test(path), pissa({ rank: 8, alpha: 8 })).paths
 */
export const adapt = <T>(params: T, select: (path: Path) => boolean, init: AdapterInit): Adapted<T> => {
  const nodes = nodesOf(params)
  const paths = [...nodes.keys()].filter((path) => select(path))
  if (paths.length === 0) {
    const some = [...nodes.keys()].filter((path) => path.endsWith('weight')).slice(0, 5)
    refuse('at least one weight must be selected.', `none; there are ${some.join(', ')}, …`, 'check the paths')
  }
  const adapters = new Map(
    paths.map((path, index): readonly [Path, Weight] => {
      const weight = nodes.get(path)
      if (!(weight instanceof Tensor))
        return refuse('a weight can have one adapter.', `${path} has one`, 'merge() it first')
      return [path, init(weight, index)]
    }),
  )
  // border: the tree keeps its structure, but for weights with an adapter in place of weights
  return { params: mapNodes(params, (path, node) => adapters.get(path) ?? node) as T, paths }
}

/**
 * What an adapted model trains, for `partition`: A and B of each adapter, and what else is asked for.
 *
 * @param params parameters with adapters
 * @param also further leaves, by path: a new head
 * @example const [trained, frozen] = partition(params, trainable(params, (path) => path.startsWith('classifier.')))
 */
export const trainable = (params: unknown, also: (path: Path) => boolean = () => false): ((path: Path) => boolean) => {
  const adapters = [...nodesOf(params)].filter(([, node]) => isLowRank(node))
  const factors = new Set(adapters.flatMap(([path]) => [`${path}.a`, `${path}.b`]))
  const inside = new Set(adapters.flatMap(([path]) => ['base', 'scale', 'a0', 'b0'].map((name) => `${path}.${name}`)))
  return (path) => factors.has(path) || (!inside.has(path) && also(path))
}

/** Number of elements of all leaves of a tree; `null` counts as nothing. So the size of what `partition` selected. */
export const parameterCount = (tree: unknown): number => treeLeaves(tree).reduce((total, leaf) => total + leaf.size, 0)
