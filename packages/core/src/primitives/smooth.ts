/* Smooth elementwise functions: trigonometric, hyperbolic, sigmoid, error function. */
import type { Tensor } from '../tensor.js'
import { bind1 } from '../trace/bind.js'
import { abs, add, exp, log1p, maximum, mul, neg, sub } from './arithmetic.js'
import { checkKind, unary } from './elementwise.js'
import { erfNumber } from './erf.js'
import type { NoAttrs, Primitive } from './primitive.js'

const apply = (primitive: Primitive<NoAttrs>, x: Tensor): Tensor => {
  checkKind(primitive.name, 'floating', x)
  return bind1(primitive, [x], {})
}

export const sinPrimitive = unary({ name: 'sin', f: Math.sin, jvp: (dx, [x]) => mul(dx, cos(x)) })
/** Sine; `x` in radians. */
export const sin = (x: Tensor): Tensor => apply(sinPrimitive, x)

export const cosPrimitive = unary({ name: 'cos', f: Math.cos, jvp: (dx, [x]) => neg(mul(dx, sin(x))) })
/** Cosine; `x` in radians. */
export const cos = (x: Tensor): Tensor => apply(cosPrimitive, x)

export const tanhPrimitive = unary({
  name: 'tanh',
  f: Math.tanh,
  jvp: (dx, _, [y]) => mul(dx, sub(1, mul(y, y))),
})
/** Hyperbolic tangent. */
export const tanh = (x: Tensor): Tensor => apply(tanhPrimitive, x)

export const sigmoidPrimitive = unary({
  name: 'sigmoid',
  f: (x) => (x >= 0 ? 1 / (1 + Math.exp(-x)) : Math.exp(x) / (1 + Math.exp(x))),
  jvp: (dx, _, [y]) => mul(dx, mul(y, sub(1, y))),
})
/** `1 / (1 + e^-x)` */
export const sigmoid = (x: Tensor): Tensor => apply(sigmoidPrimitive, x)

export const softplusPrimitive = unary({
  name: 'softplus',
  f: (x) => Math.max(x, 0) + Math.log1p(Math.exp(-Math.abs(x))),
  jvp: (dx, [x]) => mul(dx, sigmoid(x)),
  // its own derivative would be wrong at 0 from the second one on: max and abs have a kink there
  decompose: ([x]) => add(maximum(x, 0), log1p(exp(neg(abs(x))))),
  flops: 6,
})
/** `log(1 + e^x)`, without overflow. */
export const softplus = (x: Tensor): Tensor => apply(softplusPrimitive, x)

export const erfPrimitive = unary({
  name: 'erf',
  f: erfNumber,
  jvp: (dx, [x]) => mul(dx, mul(exp(neg(mul(x, x))), 2 / Math.sqrt(Math.PI))),
})
/** Error function `2/√π ∫₀ˣ e^(-t²) dt`. */
export const erf = (x: Tensor): Tensor => apply(erfPrimitive, x)

/** Φ(x), the normal distribution's share below x. */
const normalCdf = (x: Tensor): Tensor => mul(add(erf(mul(x, Math.SQRT1_2)), 1), 0.5)

export const geluPrimitive = unary({
  name: 'gelu',
  f: (x) => x * 0.5 * (1 + erfNumber(x * Math.SQRT1_2)),
  // d(x Φ(x)) = (Φ(x) + x φ(x)) dx
  jvp: (dx, [x]) => mul(dx, add(normalCdf(x), mul(x, mul(exp(mul(mul(x, x), -0.5)), 1 / Math.sqrt(2 * Math.PI))))),
  decompose: ([x]) => mul(x, normalCdf(x)),
  flops: 8,
})
/** `x Φ(x)` with the exact Φ (BERT's gelu). */
export const gelu = (x: Tensor): Tensor => apply(geluPrimitive, x)
