/* Trees of tensors, some of them on a device. */
import { treeLeaves } from '@cotangent/core'
import { DeviceTensor } from '@cotangent/engine-gpu'

/** Gives the device's memory back now; else it stays until the garbage collector finds the tensors. */
export const free = (tree: unknown): void => {
  for (const leaf of treeLeaves(tree)) if (leaf instanceof DeviceTensor) leaf.free()
}
