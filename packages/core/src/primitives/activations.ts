/* Activation functions of networks, as compositions. */
import type { Tensor } from '../tensor.js'
import { add, expm1, mul, neg } from './arithmetic.js'
import { greater, where } from './choice.js'
import { checkKind } from './elementwise.js'
import { sigmoid, softplus, tanh } from './smooth.js'

const floating = (op: string, x: Tensor): Tensor => {
  checkKind(op, 'floating', x)
  return x
}

/**
 * `log(1 / (1 + e^-x))`, without overflow.
 *
 * @example logSigmoid(array([0])) // => [-0.6931471824645996]
 */
export const logSigmoid = (x: Tensor): Tensor => neg(softplus(neg(floating('logSigmoid', x))))

/**
 * `x / (1 + e^-x)`, also called swish.
 *
 * @see Elfwing et al., arXiv 1702.03118
 * @example silu(array([0, 1])) // => [0, 0.7310585975646973]
 */
export const silu = (x: Tensor): Tensor => mul(floating('silu', x), sigmoid(x))

/**
 * `x tanh(log(1 + e^x))`
 *
 * @see Misra, arXiv 1908.08681
 * @example mish(array([0])) // => [0]
 */
export const mish = (x: Tensor): Tensor => mul(floating('mish', x), tanh(softplus(x)))

/**
 * `x/2 (1 + tanh(√(2/π) (x + 0.044715 x³)))`: within 5e-4 of `gelu`, and what GPT-2 and others were trained with.
 *
 * @see Hendrycks and Gimpel, arXiv 1606.08415; torch's gelu with approximate='tanh'; jax.nn.gelu
 * @example geluTanh(array([0])) // => [0]
 */
export const geluTanh = (x: Tensor): Tensor => {
  const cube = mul(mul(floating('geluTanh', x), x), x)
  const inner = mul(add(x, mul(cube, 0.044715)), Math.sqrt(2 / Math.PI))
  return mul(mul(x, 0.5), add(tanh(inner), 1))
}

/**
 * x above 0, `slope · x` from 0 down.
 *
 * @param slope 0.01 by default
 * @example leakyRelu(array([2, -2]), 0.1) // => [2, -0.20000000298023224]
 */
export const leakyRelu = (x: Tensor, slope = 0.01): Tensor =>
  where(greater(floating('leakyRelu', x), 0), x, mul(x, slope))

/**
 * x above 0, `alpha (e^x - 1)` from 0 down.
 *
 * @param alpha 1 by default
 * @see Clevert et al., arXiv 1511.07289
 * @example elu(array([2, 0])) // => [2, 0]
 */
export const elu = (x: Tensor, alpha = 1): Tensor => {
  const above = greater(floating('elu', x), 0)
  return where(above, x, mul(expm1(where(above, 0, x)), alpha))
}
