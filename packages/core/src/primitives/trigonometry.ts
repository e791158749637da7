/*
 * Trigonometric and hyperbolic functions, composed of a few primitives. Each piece of a function that has several is
 * analytic where it is taken, so derivatives of every order are right; a branch that is not taken gets a harmless
 * operand, so that it cannot spoil them.
 */
import type { Tensor } from '../tensor.js'
import { abs, add, div, exp, expm1, log, log1p, mul, neg, pow, sqrt, sub } from './arithmetic.js'
import { onesLike } from './broadcast.js'
import { greater, greaterEqual, less, logicalNot, logicalOr, where } from './choice.js'
import { checkKind, type Operand, pair } from './elementwise.js'
import { atan, cos, sin } from './smooth.js'

const floating = (op: string, x: Tensor): Tensor => {
  checkKind(op, 'floating', x)
  return x
}

/**
 * Tangent; `x` in radians.
 *
 * @example tan(array([0])) // => [0]
 */
export const tan = (x: Tensor): Tensor => div(sin(floating('tan', x)), cos(x))

/**
 * Arc sine in radians, from -π/2 to π/2; NaN beyond ±1. Its derivative is infinite at ±1.
 *
 * @example asin(array([0])) // => [0]
 */
export const asin = (x: Tensor): Tensor => atan(div(floating('asin', x), sqrt(mul(sub(1, x), add(1, x)))))

/**
 * Arc cosine in radians, from 0 to π; NaN beyond ±1. Its derivative is infinite at ±1.
 *
 * acos x = 2 atan(√((1 - x) / (1 + x)))
 *
 * @example acos(array([1])) // => [0]
 */
export const acos = (x: Tensor): Tensor => mul(2, atan(sqrt(div(sub(1, floating('acos', x)), add(1, x)))))

/**
 * Angle of the point (x, y) in radians, from -π to π; 0 at the origin. -0 counts as 0.
 *
 * @param y, x broadcast
 * @example atan2(1, array([1, -1])) // => [0.7853981852531433, 2.356194496154785]
 */
export const atan2 = (y: Operand, x: Operand): Tensor => {
  const [b, a] = pair('atan2', 'floating', y, x)
  const steep = greater(abs(b), abs(a))
  const below = less(b, 0)
  const origin = logicalNot(greater(add(abs(a), abs(b)), 0)) // 0 / 1 there
  const flat = atan(div(where(steep, 0, b), where(logicalOr(steep, origin), 1, a)))
  const one = onesLike(b)
  const half = mul(where(below, neg(one), one), Math.PI)
  const quarter = sub(mul(half, 0.5), atan(div(where(steep, a, 0), where(steep, b, 1))))
  return where(steep, quarter, add(flat, where(less(a, 0), half, 0)))
}

/** e^x / 2 without overflow before the result has one. */
const halfExp = (x: Tensor): Tensor => {
  const root = exp(mul(x, 0.5))
  return mul(mul(root, 0.5), root)
}

/**
 * Hyperbolic sine, exact to rounding near 0.
 *
 * @example sinh(array([0])) // => [0]
 */
export const sinh = (x: Tensor): Tensor => {
  const small = less(abs(floating('sinh', x)), 1)
  const e = expm1(where(small, x, 0))
  return where(small, mul(0.5, add(e, div(e, add(e, 1)))), sub(halfExp(x), halfExp(neg(x))))
}

/**
 * Hyperbolic cosine.
 *
 * @example cosh(array([0])) // => [1]
 */
export const cosh = (x: Tensor): Tensor => add(halfExp(floating('cosh', x)), halfExp(neg(x)))

/** Beyond it x² + 1 is x² to rounding, and far below the square root of the largest f32. */
const large = 1e9

/** asinh of x >= 0: log(x + √(x² + 1)) with the 1 taken out of the logarithm. */
const asinhOfPositive = (x: Tensor): Tensor => {
  const far = greater(x, large)
  const a = where(far, 1, x)
  const near = log1p(add(a, div(mul(a, a), add(1, sqrt(add(mul(a, a), 1))))))
  return where(far, add(log(where(far, x, 1)), Math.LN2), near)
}

/**
 * Inverse of `sinh`, exact to rounding near 0.
 *
 * @example asinh(array([0])) // => [0]
 */
export const asinh = (x: Tensor): Tensor => {
  const positive = greaterEqual(floating('asinh', x), 0)
  const above = asinhOfPositive(where(positive, x, 0))
  return where(positive, above, neg(asinhOfPositive(where(positive, 0, neg(x)))))
}

/**
 * Inverse of `cosh` for x >= 1; NaN below. Its derivative is infinite at 1.
 *
 * @example acosh(array([1])) // => [0]
 */
export const acosh = (x: Tensor): Tensor => {
  const far = greater(floating('acosh', x), large)
  const t = sub(where(far, 2, x), 1)
  return where(far, add(log(where(far, x, 1)), Math.LN2), log1p(add(t, sqrt(mul(t, add(t, 2))))))
}

/**
 * Inverse of `tanh` between -1 and 1; infinite at ±1, NaN beyond.
 *
 * @example atanh(array([0])) // => [0]
 */
export const atanh = (x: Tensor): Tensor => mul(0.5, sub(log1p(floating('atanh', x)), log1p(neg(x))))

/**
 * Cube root, of negative numbers too. Its derivative is infinite at 0.
 *
 * @example cbrt(array([-8])) // => [-2]
 */
export const cbrt = (x: Tensor): Tensor => {
  const below = less(floating('cbrt', x), 0)
  const root = pow(where(below, neg(x), x), 1 / 3)
  return where(below, neg(root), root)
}
