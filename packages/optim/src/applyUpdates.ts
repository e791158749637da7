import { add, treeMap } from '@cotangent/core'

/**
 * The parameters after a step: params + updates, leaf by leaf.
 *
 * @param updates like `params`, as an optimiser's `update` gave them
 * @throws TreeMismatchError if the structures differ
 * @example applyUpdates({ w: array([1]) }, { w: array([-0.5]) }) // => { w: [0.5] }
 */
export const applyUpdates = <T>(params: T, updates: T): T => treeMap(add, params, updates)
