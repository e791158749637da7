import { HostTensor, tensor, treeMap } from '@cotangent/core'

/**
 * Storage of its own for every leaf on the host, so that a step may take it (`donate`) whoever else holds the tree. Leaves on
 * a device stay as they are.
 *
 * @example ownCopy({ rate: scalar(2) }) // => { rate: 2 }
 */
export const ownCopy = <T>(tree: T): T =>
  treeMap((leaf) => (leaf instanceof HostTensor ? tensor(leaf.data.slice(), leaf.shape) : leaf), tree)
