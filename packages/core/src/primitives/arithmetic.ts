/* Letters: x, y primals; z the result; dx, dy tangents; ct a cotangent. */
import type { Tensor } from '../tensor.js'
import { bind1 } from '../trace/bind.js'
import { cast, equal, greater, less, lessEqual, logicalAnd, where } from './choice.js'
import { binary, checkKind, type Operand, pair, unary } from './elementwise.js'
import { type NoAttrs, notLinear, type Primitive, zeroTangent } from './primitive.js'

const apply1 = (primitive: Primitive<NoAttrs>, x: Tensor): Tensor => {
  checkKind(primitive.name, 'numeric', x)
  return bind1(primitive, [x], {})
}
const applyFloating = (primitive: Primitive<NoAttrs>, x: Tensor): Tensor => {
  checkKind(primitive.name, 'floating', x)
  return bind1(primitive, [x], {})
}
const apply2 = (primitive: Primitive<NoAttrs>, x: Operand, y: Operand): Tensor =>
  bind1(primitive, pair(primitive.name, 'numeric', x, y), {})

// ---------------------------------------------------------------- sums and products

export const negPrimitive = unary({ name: 'neg', f: (x) => -x, jvp: (dx) => neg(dx), transpose: (ct) => neg(ct) })
/**
 * `-x`
 *
 * @example neg(array([1, -2])) // => [-1, 2]
 */
export const neg = (x: Tensor): Tensor => apply1(negPrimitive, x)

export const addPrimitive = binary({
  name: 'add',
  f: (x, y) => x + y,
  jvp: [(dx) => dx, (dy) => dy],
  transpose: [(ct) => ct, (ct) => ct],
})
/**
 * `x + y`, broadcast.
 *
 * @example add(array([1, 2]), 10) // => [11, 12]
 */
export const add = (x: Operand, y: Operand): Tensor => apply2(addPrimitive, x, y)

export const subPrimitive = binary({
  name: 'sub',
  f: (x, y) => x - y,
  jvp: [(dx) => dx, (dy) => neg(dy)],
  transpose: [(ct) => ct, (ct) => neg(ct)],
})
/**
 * `x - y`, broadcast.
 *
 * @example sub(array([5, 2]), 1) // => [4, 1]
 */
export const sub = (x: Operand, y: Operand): Tensor => apply2(subPrimitive, x, y)

export const mulPrimitive = binary({
  name: 'mul',
  f: (x, y) => x * y,
  integer: Math.imul, // the low 32 bits, as every engine has them
  jvp: [(dx, [_, y]) => mul(dx, y), (dy, [x]) => mul(x, dy)],
  transpose: [(ct, [_, y]) => mul(ct, y), (ct, [x]) => mul(x, ct)],
})
/**
 * `x · y`, element by element, broadcast.
 *
 * @example mul(array([1, 2]), array([3, 4])) // => [3, 8]
 */
export const mul = (x: Operand, y: Operand): Tensor => apply2(mulPrimitive, x, y)

export const divPrimitive = binary({
  name: 'div',
  f: (x, y) => x / y,
  jvp: [(dx, [_, y]) => div(dx, y), (dy, [_, y], [z]) => neg(div(mul(z, dy), y))],
  transpose: [(ct, [_, y]) => div(ct, y), notLinear],
})
/**
 * `x / y`, broadcast. Floating dtypes only: write what an integer quotient shall do with floor().
 *
 * @example div(array([1, 2]), 4) // => [0.25, 0.5]
 */
export const div = (x: Operand, y: Operand): Tensor => bind1(divPrimitive, pair('div', 'floating', x, y), {})

// ---------------------------------------------------------------- powers

export const sqrtPrimitive = unary({ name: 'sqrt', f: Math.sqrt, jvp: (dx, _, [y]) => div(dx, mul(y, 2)) })
/**
 * Square root; its derivative at 0 is infinite.
 *
 * @example sqrt(array([4, 9])) // => [2, 3]
 */
export const sqrt = (x: Tensor): Tensor => applyFloating(sqrtPrimitive, x)

export const rsqrtPrimitive = unary({
  name: 'rsqrt',
  f: (x) => 1 / Math.sqrt(x),
  jvp: (dx, [x], [y]) => mul(dx, mul(div(y, x), -0.5)),
})
/**
 * `1 / sqrt(x)`
 *
 * @example rsqrt(array([4, 16])) // => [0.5, 0.25]
 */
export const rsqrt = (x: Tensor): Tensor => applyFloating(rsqrtPrimitive, x)

/**
 * `x²`
 *
 * @example square(array([-2, 3])) // => [4, 9]
 */
export const square = (x: Tensor): Tensor => mul(x, x)
/**
 * `1 / x`
 *
 * @example reciprocal(array([2, 4])) // => [0.5, 0.25]
 */
export const reciprocal = (x: Tensor): Tensor => div(1, x)

/** The smallest f32 whose reciprocal is finite. */
const smallestNormal = 2 ** -126

export const powPrimitive = binary({
  name: 'pow',
  f: (x, y) => x ** y,
  jvp: [
    // y x^(y-1); where y = 0 and 1/x overflows the slope is 0 (elsewhere with y = 0 its own slope in y, 1/x, counts)
    (dx, [x, y]) => {
      const flat = logicalAnd(equal(y, 0), less(abs(x), smallestNormal))
      return mul(dx, where(flat, 0, mul(y, pow(x, where(flat, 1, sub(y, 1))))))
    },
    // x^y log x; taken as 0 for x <= 0, where the real power has no slope in y
    (dy, [x], [z]) => {
      const inside = greater(x, 0)
      return mul(dy, where(inside, mul(z, log(where(inside, x, 1))), 0))
    },
  ],
})
/**
 * `x ^ y`, broadcast. A negative x with a y that is no integer gives NaN.
 *
 * @example pow(array([2, 3]), 2) // => [4, 9]
 */
export const pow = (x: Operand, y: Operand): Tensor => bind1(powPrimitive, pair('pow', 'floating', x, y), {})

// ---------------------------------------------------------------- logarithm and exponential (pow needs the former)

export const logPrimitive = unary({ name: 'log', f: Math.log, jvp: (dx, [x]) => div(dx, x) })
/**
 * Natural logarithm; -inf at 0, NaN below.
 *
 * @example log(array([1, Math.E])) // => [0, 1]
 */
export const log = (x: Tensor): Tensor => applyFloating(logPrimitive, x)

export const log1pPrimitive = unary({ name: 'log1p', f: Math.log1p, jvp: (dx, [x]) => div(dx, add(x, 1)) })
/**
 * `log(1 + x)`, exact to rounding near 0.
 *
 * @example log1p(array([0, 1])) // => [0, 0.693147]
 */
export const log1p = (x: Tensor): Tensor => applyFloating(log1pPrimitive, x)

export const expPrimitive = unary({ name: 'exp', f: Math.exp, jvp: (dx, _, [y]) => mul(dx, y) })
/**
 * `e ^ x`
 *
 * @example exp(array([0, 1])) // => [1, 2.718282]
 */
export const exp = (x: Tensor): Tensor => applyFloating(expPrimitive, x)

export const expm1Primitive = unary({ name: 'expm1', f: Math.expm1, jvp: (dx, _, [y]) => mul(dx, add(y, 1)) })
/**
 * `e ^ x - 1`, exact to rounding near 0.
 *
 * @example expm1(array([0, 1])) // => [0, 1.718282]
 */
export const expm1 = (x: Tensor): Tensor => applyFloating(expm1Primitive, x)

// ---------------------------------------------------------------- pieces: sign, absolute value, extremes, rounding

export const signPrimitive = unary({ name: 'sign', f: Math.sign, jvp: zeroTangent })
/**
 * -1, 0 or 1
 *
 * @example sign(array([-3, 0, 2])) // => [-1, 0, 1]
 */
export const sign = (x: Tensor): Tensor => apply1(signPrimitive, x)

export const absPrimitive = unary({ name: 'abs', f: Math.abs, jvp: (dx, [x]) => mul(dx, sign(x)) })
/**
 * `|x|`; its derivative at 0 is 0.
 *
 * @example abs(array([-2, 0, 3])) // => [2, 0, 3]
 */
export const abs = (x: Tensor): Tensor => apply1(absPrimitive, x)

export const floorPrimitive = unary({ name: 'floor', f: Math.floor, jvp: zeroTangent })
/**
 * The largest whole number not above x.
 *
 * @example floor(array([1.7, -1.2])) // => [1, -2]
 */
export const floor = (x: Tensor): Tensor => applyFloating(floorPrimitive, x)

/** 1 where x wins, 1/2 at a tie, 0 where it loses. */
const share = (x: Tensor, winner: Tensor, other: Tensor): Tensor =>
  cast(where(equal(x, other), 0.5, where(equal(x, winner), 1, 0)), x.dtype)

export const maximumPrimitive = binary({
  name: 'maximum',
  f: Math.max,
  jvp: [(dx, [x, y], [z]) => mul(dx, share(x, z, y)), (dy, [x, y], [z]) => mul(dy, share(y, z, x))],
})
/**
 * The larger of two; at a tie each gets half of the derivative. NaN if one is NaN.
 *
 * @example maximum(array([1, 5]), 3) // => [3, 5]
 */
export const maximum = (x: Operand, y: Operand): Tensor => apply2(maximumPrimitive, x, y)

export const minimumPrimitive = binary({
  name: 'minimum',
  f: Math.min,
  jvp: [(dx, [x, y], [z]) => mul(dx, share(x, z, y)), (dy, [x, y], [z]) => mul(dy, share(y, z, x))],
})
/**
 * The smaller of two; at a tie each gets half of the derivative. NaN if one is NaN.
 *
 * @example minimum(array([1, 5]), 3) // => [1, 3]
 */
export const minimum = (x: Operand, y: Operand): Tensor => apply2(minimumPrimitive, x, y)

/**
 * `max(x, 0)`; its derivative at 0 is 0. NaN stays NaN.
 *
 * @example relu(array([-1, 2])) // => [0, 2]
 */
export const relu = (x: Tensor): Tensor => where(lessEqual(x, 0), 0, x)
