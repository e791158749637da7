import type { Tensor } from '@cotangent/core'
import { type GroupNormParams, groupNorm } from './groupNorm.js'

/**
 * y = (x − mean) / sqrt(variance + eps) · weight + bias, with mean and variance of each example's channel over its
 * positions: a group norm with one channel in a group.
 *
 * @param x [n, c, ...s], at least one axis of positions
 * @param eps added to the variance
 * @returns [n, c, ...s]
 * @throws ShapeError
 * @see arXiv 1607.08022; torch.nn.functional.instance_norm
 * @example instanceNorm({ weight: array([1]), bias: array([0]) }, array([[[1, 3]]]), 0) // => [[[-1, 1]]]
 */
export const instanceNorm = (params: GroupNormParams, x: Tensor, eps: number): Tensor =>
  groupNorm(params, x, x.shape[1] ?? 1, eps)
