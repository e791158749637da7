/* Smooth elementwise functions: trigonometric, hyperbolic, sigmoid, error function. */
import type { Tensor } from '../tensor.js'
import { bind1 } from '../trace/bind.js'
import { abs, add, div, exp, log1p, maximum, mul, neg, sub } from './arithmetic.js'
import { less, where } from './choice.js'
import { checkKind, unary } from './elementwise.js'
import { erfcNumber, erfcTerms, erfNumber } from './erf.js'
import type { NoAttrs, Primitive } from './primitive.js'

const apply = (primitive: Primitive<NoAttrs>, x: Tensor): Tensor => {
  checkKind(primitive.name, 'floating', x)
  return bind1(primitive, [x], {})
}

export const sinPrimitive = unary({ name: 'sin', f: Math.sin, jvp: (dx, [x]) => mul(dx, cos(x)) })
/**
 * Sine; `x` in radians.
 *
 * @example sin(array([0, Math.PI / 2])) // => [0, 1]
 */
export const sin = (x: Tensor): Tensor => apply(sinPrimitive, x)

export const cosPrimitive = unary({ name: 'cos', f: Math.cos, jvp: (dx, [x]) => neg(mul(dx, sin(x))) })
/**
 * Cosine; `x` in radians.
 *
 * @example cos(array([0, Math.PI])) // => [1, -1]
 */
export const cos = (x: Tensor): Tensor => apply(cosPrimitive, x)

export const tanhPrimitive = unary({
  name: 'tanh',
  f: Math.tanh,
  jvp: (dx, _, [y]) => mul(dx, sub(1, mul(y, y))),
})
/**
 * Hyperbolic tangent.
 *
 * @example tanh(array([0, 1])) // => [0, 0.761594]
 */
export const tanh = (x: Tensor): Tensor => apply(tanhPrimitive, x)

export const sigmoidPrimitive = unary({
  name: 'sigmoid',
  f: (x) => (x >= 0 ? 1 / (1 + Math.exp(-x)) : Math.exp(x) / (1 + Math.exp(x))),
  jvp: (dx, _, [y]) => mul(dx, mul(y, sub(1, y))),
})
/**
 * `1 / (1 + e^-x)`
 *
 * @example sigmoid(array([0, 1])) // => [0.5, 0.731059]
 */
export const sigmoid = (x: Tensor): Tensor => apply(sigmoidPrimitive, x)

export const softplusPrimitive = unary({
  name: 'softplus',
  f: (x) => Math.max(x, 0) + Math.log1p(Math.exp(-Math.abs(x))),
  jvp: (dx, [x]) => mul(dx, sigmoid(x)),
  // its own derivative would be wrong at 0 from the second one on: max and abs have a kink there
  decompose: ([x]) => add(maximum(x, 0), log1p(exp(neg(abs(x))))),
  flops: 6,
})
/**
 * `log(1 + e^x)`, without overflow.
 *
 * @example softplus(array([0, 1])) // => [0.693147, 1.313262]
 */
export const softplus = (x: Tensor): Tensor => apply(softplusPrimitive, x)

export const erfPrimitive = unary({
  name: 'erf',
  f: erfNumber,
  jvp: (dx, [x]) => mul(dx, mul(exp(neg(mul(x, x))), 2 / Math.sqrt(Math.PI))),
})
/**
 * Error function `2/√π ∫₀ˣ e^(-t²) dt`.
 *
 * @example erf(array([0, 1])) // => [0, 0.842701]
 */
export const erf = (x: Tensor): Tensor => apply(erfPrimitive, x)

/** From here on erfc is a continued fraction; below, 1 - erf loses at most 3 digits. */
const tail = 2

export const erfcPrimitive = unary({
  name: 'erfc',
  f: erfcNumber,
  jvp: (dx, [x]) => mul(dx, mul(exp(neg(mul(x, x))), -2 / Math.sqrt(Math.PI))),
  decompose: ([x]) => {
    const far = less(tail, x)
    const a = where(far, x, tail)
    let sum = a
    for (let n = erfcTerms; n >= 1; n--) sum = add(a, div(n / 2, sum))
    const beyond = div(exp(neg(mul(a, a))), mul(sum, Math.sqrt(Math.PI)))
    return where(far, beyond, sub(1, erf(x)))
  },
  flops: 2 * erfcTerms,
})
/**
 * Complementary error function `1 - erf(x)`, with the digits that erf has lost where it is near 1.
 *
 * @example erfc(array([0])) // => [1]
 */
export const erfc = (x: Tensor): Tensor => apply(erfcPrimitive, x)

export const atanPrimitive = unary({
  name: 'atan',
  f: Math.atan,
  jvp: (dx, [x]) => div(dx, add(mul(x, x), 1)),
})
/**
 * Arc tangent in radians, from -π/2 to π/2.
 *
 * @example atan(array([0])) // => [0]
 */
export const atan = (x: Tensor): Tensor => apply(atanPrimitive, x)

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
/**
 * `x Φ(x)` with the exact Φ (BERT's gelu).
 *
 * @example gelu(array([0, 1])) // => [0, 0.841345]
 */
export const gelu = (x: Tensor): Tensor => apply(geluPrimitive, x)
