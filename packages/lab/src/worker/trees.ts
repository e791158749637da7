/* Trees of tensors, some of them on a device. */
import { HostTensor, tensor, treeLeaves, treeMap } from '@cotangent/core'
import { DeviceTensor } from '@cotangent/engine-gpu'

/** Gives the device's memory back now; else it stays until the garbage collector finds the tensors. */
export const free = (tree: unknown): void => {
  for (const leaf of treeLeaves(tree)) if (leaf instanceof DeviceTensor) leaf.free()
}

/** Storage of its own for every leaf on the host, so that a step may take it (`donate`) whoever else holds the tree. */
export const ownCopy = <T>(tree: T): T =>
  treeMap((leaf) => (leaf instanceof HostTensor ? tensor(leaf.data.slice(), leaf.shape) : leaf), tree)
