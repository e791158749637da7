import { type Tensor, take } from '@cotangent/core'

/** One row per token: [vocab, embed]. */
export type EmbeddingParams = {
  readonly weight: Tensor
}

/**
 * The rows of a table, picked by index.
 *
 * @param ids [...s] i32, each from 0 to vocab − 1
 * @returns [...s, embed]
 * @throws IndexError on the reference evaluator, DTypeError
 * @example embedding({ weight: array([[1, 2], [3, 4]]) }, array([1], 'i32')) // => [[3, 4]]
 */
export const embedding = ({ weight }: EmbeddingParams, ids: Tensor): Tensor => take(weight, ids, 0)
