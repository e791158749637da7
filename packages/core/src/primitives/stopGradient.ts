import type { Tensor } from '../tensor.js'
import { bind1 } from '../trace/bind.js'
import { definePrimitive, noAttrs, notLinear, zeroTangent } from './primitive.js'

export const stopGradientPrimitive = definePrimitive({
  name: 'stopGradient',
  arity: 1,
  attrs: noAttrs,
  abstractEval: ([x]) => x,
  evaluate: ([x], _, [y]) => y.data.set(x.data),
  jvp: [zeroTangent],
  transpose: notLinear,
  batch: ([x]) => stopGradient(x),
  properties: { elementwise: true, identity: true, flops: () => 0 },
})

/**
 * The same value, a constant for every derivative.
 *
 * @example
 * stopGradient(scalar(3)) // => 3
 * grad((x) => mul(stopGradient(x), x))(scalar(3)) // => 3
 */
export const stopGradient = (x: Tensor): Tensor => bind1(stopGradientPrimitive, [x], {})
