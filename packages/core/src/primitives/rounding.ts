/* Rounding and remainders. Rounded numbers have the derivative 0; a remainder changes with x as x does. */
import type { Tensor } from '../tensor.js'
import { bind1 } from '../trace/bind.js'
import { abs, add, div, floor, mul, neg, sub } from './arithmetic.js'
import { equal, greater, less, logicalAnd, logicalOr, notEqual, where } from './choice.js'
import { binary, checkKind, type Operand, pair } from './elementwise.js'

/**
 * The smallest whole number not below x.
 *
 * @example ceil(array([1.2, -1.2])) // => [2, -1]
 */
export const ceil = (x: Tensor): Tensor => {
  checkKind('ceil', 'floating', x)
  return neg(floor(neg(x)))
}

/**
 * The whole number next to x towards zero.
 *
 * @example trunc(array([1.7, -1.7])) // => [1, -1]
 */
export const trunc = (x: Tensor): Tensor => {
  checkKind('trunc', 'floating', x)
  return where(less(x, 0), neg(floor(neg(x))), floor(x))
}

/**
 * The nearest whole number; of two equally near the even one, as in NumPy and PyTorch.
 *
 * @example round(array([0.5, 1.5, -2.6])) // => [0, 2, -3]
 */
export const round = (x: Tensor): Tensor => {
  checkKind('round', 'floating', x)
  const low = floor(x)
  const over = sub(x, low)
  const odd = greater(sub(low, mul(floor(mul(low, 0.5)), 2)), 0.5)
  const up = logicalOr(greater(over, 0.5), logicalAnd(equal(over, 0.5), odd))
  return where(up, add(low, 1), low)
}

export const remPrimitive = binary({
  name: 'rem',
  f: (x, y) => x % y,
  // x - y trunc(x / y), the whole number being constant
  jvp: [(dx) => dx, (dy, [x, y], [z]) => neg(mul(dy, round(div(sub(x, z), y))))],
})

/**
 * Remainder with the sign of x, as JavaScript's `%`: x - y trunc(x / y), exact. NaN for y = 0.
 *
 * @see PyTorch's fmod
 * @example rem(array([5, -5]), 3) // => [2, -2]
 */
export const rem = (x: Operand, y: Operand): Tensor => bind1(remPrimitive, pair('rem', 'floating', x, y), {})

/**
 * Remainder with the sign of y: x - y floor(x / y). NaN for y = 0.
 *
 * @see Python's `%`, numpy.mod, PyTorch's remainder
 * @example mod(array([5, -5]), 3) // => [2, 1]
 */
export const mod = (x: Operand, y: Operand): Tensor => {
  const [a, b] = pair('mod', 'floating', x, y)
  const z = rem(a, b)
  const otherSide = logicalAnd(notEqual(z, 0), notEqual(less(z, 0), less(b, 0)))
  return where(otherSide, add(z, b), z)
}

/**
 * x held between two bounds. At a bound the derivative is still 1; beyond, it goes to the bound.
 *
 * @param low, high numbers or tensors, broadcast
 * @see PyTorch's clamp
 * @example clip(array([-2, 0.5, 2]), -1, 1) // => [-1, 0.5, 1]
 */
export const clip = (x: Tensor, low: Operand, high: Operand): Tensor => {
  checkKind('clip', 'numeric', x)
  const above = where(less(x, low), low, x)
  return where(greater(above, high), high, above)
}

/**
 * Whether an element is NaN.
 *
 * @example isNaN(array([1, NaN])) // => [false, true]
 */
export const isNaN = (x: Tensor): Tensor => {
  checkKind('isNaN', 'floating', x)
  return notEqual(x, x)
}

/**
 * Whether an element is neither infinite nor NaN.
 *
 * @example isFinite(array([1, NaN, Infinity])) // => [true, false, false]
 */
export const isFinite = (x: Tensor): Tensor => {
  checkKind('isFinite', 'floating', x)
  return less(abs(x), Number.POSITIVE_INFINITY)
}
