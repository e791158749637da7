import { add, mul, standardize, type Tensor } from '@cotangent/core'

/** Weight and bias, one per feature: [embed]. */
export type LayerNormParams = {
  readonly weight: Tensor
  readonly bias: Tensor
}

/**
 * y = (x − mean x) / sqrt(variance x + eps) · weight + bias, over the last axis.
 *
 * @param x [...s, embed]
 * @param eps added to the variance; transformers' `layer_norm_eps`
 * @returns [...s, embed]
 * @example layerNorm({ weight: array([1, 1]), bias: array([0, 0]) }, array([1, 3]), 0) // => [-1, 1]
 */
export const layerNorm = ({ weight, bias }: LayerNormParams, x: Tensor, eps: number): Tensor =>
  add(mul(standardize(x, eps), weight), bias)
