import { add, type Tensor } from '@cotangent/core'
import { type AdapterDropout, applyWeight, type Weight } from './weight.js'

/** Weight [out, in], bias [out]. */
export type LinearParams = {
  readonly weight: Weight
  readonly bias?: Tensor
}

/**
 * y = x Wᵀ + bias.
 *
 * @param x [...s, in]
 * @param adapterDropout drops elements of the x that the weight's adapter sees
 * @returns [...s, out]
 * @throws ShapeError unless x's last axis is the weight's last
 * @example linear({ weight: array([[1, 2]]), bias: array([10]) }, array([3, 4])) // => [21]
 */
export const linear = ({ weight, bias }: LinearParams, x: Tensor, adapterDropout?: AdapterDropout): Tensor => {
  const y = applyWeight(weight, x, adapterDropout)
  return bias === undefined || bias === null ? y : add(y, bias)
}
