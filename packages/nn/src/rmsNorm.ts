import { add, mean, mul, rsqrt, type Tensor } from '@cotangent/core'

/** One weight per feature: [embed]. */
export type RmsNormParams = {
  readonly weight: Tensor
}

/**
 * y = x / sqrt(mean(x²) + eps) · weight, over the last axis. Nothing is subtracted, so a shift of x changes y; its scale
 * does not, but for eps.
 *
 * @param x [...s, embed]
 * @param eps added to the mean square, so that a row of zeros stays finite; transformers' `rms_norm_eps`
 * @returns [...s, embed]
 * @see arXiv 1910.07467, equation 4
 * @example rmsNorm({ weight: array([1, 2]) }, array([3, -3]), 0) // => [1, -2]
 */
export const rmsNorm = ({ weight }: RmsNormParams, x: Tensor, eps: number): Tensor =>
  mul(mul(x, rsqrt(add(mean(mul(x, x), -1, { keepDims: true }), eps))), weight)
