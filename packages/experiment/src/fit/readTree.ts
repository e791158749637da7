import { treeFlatten, treeUnflatten } from '@cotangent/core'

/**
 * A tree whose leaves are on the host: those on an engine's device are copied from there, all at a time.
 *
 * @example await readTree({ loss: scalar(2) }) // => { loss: 2 }
 */
export const readTree = async <T>(tree: T): Promise<T> => {
  const [leaves, def] = treeFlatten(tree)
  return treeUnflatten(def, await Promise.all(leaves.map((x) => x.read())))
}
