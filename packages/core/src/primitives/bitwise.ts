/* Bits of i32 and u32. They run on the host on every engine: a GPU's numbers are floats here, whole up to 2^24. */
import { printAval } from '../aval.js'
import { DTypeError } from '../errors.js'
import type { Tensor } from '../tensor.js'
import { bind1 } from '../trace/bind.js'
import { cast } from './choice.js'
import { binary, type Operand, pair } from './elementwise.js'
import { type NoAttrs, type Primitive, zeroTangent } from './primitive.js'

const bits = (name: string, f: (x: number, y: number) => number): Primitive<NoAttrs> =>
  binary({ name, f, jvp: [zeroTangent, zeroTangent], host: true })

export const bitwiseAndPrimitive = bits('bitwiseAnd', (x, y) => x & y)
export const bitwiseOrPrimitive = bits('bitwiseOr', (x, y) => x | y)
export const bitwiseXorPrimitive = bits('bitwiseXor', (x, y) => x ^ y)

/** Places to shift by; those that leave no bit are all alike. */
const places = (n: number): number => (n >= 0 && n < 32 ? n : 32)

// storage wraps what is beyond 32 bits; an i32 below 0 is divided towards -infinity, which repeats its sign bit
export const shiftLeftPrimitive = bits('shiftLeft', (x, n) => (places(n) === 32 ? 0 : x << n))
export const shiftRightPrimitive = bits('shiftRight', (x, n) => Math.floor(x / 2 ** places(n)))

/** Two operands of one shape whose bits have a meaning. */
const wholes = (op: string, x: Operand, y: Operand): [Tensor, Tensor] => {
  const [a, b] = pair(op, 'numeric', x, y)
  if (a.dtype !== 'i32' && a.dtype !== 'u32') {
    throw new DTypeError({
      op,
      expected: 'bits are those of i32 or u32.',
      received: `lhs ${printAval(a.aval)}, rhs ${printAval(b.aval)}`,
      todo: "cast(x, 'i32') first; for truth values use logicalAnd, logicalOr, notEqual",
    })
  }
  return [a, b]
}

const apply = (primitive: Primitive<NoAttrs>, x: Operand, y: Operand): Tensor =>
  bind1(primitive, wholes(primitive.name, x, y), {})

/**
 * Bits that are set in both, broadcast.
 *
 * @throws DTypeError unless both are i32, or u32
 * @example bitwiseAnd(array([6], 'i32'), 3) // => [2]
 */
export const bitwiseAnd = (x: Operand, y: Operand): Tensor => apply(bitwiseAndPrimitive, x, y)

/**
 * Bits that are set in at least one, broadcast.
 *
 * @throws DTypeError unless both are i32, or u32
 * @example bitwiseOr(array([6], 'i32'), 3) // => [7]
 */
export const bitwiseOr = (x: Operand, y: Operand): Tensor => apply(bitwiseOrPrimitive, x, y)

/**
 * Bits that are set in exactly one, broadcast.
 *
 * @throws DTypeError unless both are i32, or u32
 * @example bitwiseXor(array([6], 'i32'), 3) // => [5]
 */
export const bitwiseXor = (x: Operand, y: Operand): Tensor => apply(bitwiseXorPrimitive, x, y)

/**
 * All bits turned round: -1 - x for i32.
 *
 * @throws DTypeError unless x is i32 or u32
 * @example bitwiseNot(array([0, 5], 'i32')) // => [-1, -6]
 */
export const bitwiseNot = (x: Tensor): Tensor => apply(bitwiseXorPrimitive, x, x.dtype === 'u32' ? 0xffffffff : -1)

/**
 * Bits moved n places up, zeros from below: x · 2^n modulo 2^32, broadcast. No bit is left from n = 32 on, nor for n < 0.
 *
 * @throws DTypeError unless both are i32, or u32
 * @see jax.lax.shift_left
 * @example shiftLeft(array([1, -1], 'i32'), 4) // => [16, -16]
 */
export const shiftLeft = (x: Operand, n: Operand): Tensor => apply(shiftLeftPrimitive, x, n)

/**
 * Bits moved n places down, broadcast: x / 2^n, rounded towards -infinity. From above come copies of the sign bit for i32
 * (an arithmetic shift), zeros for u32. No bit is left from n = 32 on, nor for n < 0: the result is 0, or -1 of negative x.
 *
 * @throws DTypeError unless both are i32, or u32
 * @see jax.numpy.right_shift
 * @example shiftRight(array([16, -16], 'i32'), 3) // => [2, -2]
 */
export const shiftRight = (x: Operand, n: Operand): Tensor => apply(shiftRightPrimitive, x, n)

/**
 * Bits moved n places down, zeros from above, also for i32; broadcast. No bit is left from n = 32 on, nor for n < 0.
 *
 * @throws DTypeError unless both are i32, or u32
 * @see JavaScript's `>>>`, jax.lax.shift_right_logical
 * @example shiftRightLogical(array([16, -1], 'i32'), 28) // => [0, 15]
 */
export const shiftRightLogical = (x: Operand, n: Operand): Tensor => {
  const [a, b] = wholes('shiftRightLogical', x, n)
  return cast(shiftRight(cast(a, 'u32'), cast(b, 'u32')), a.dtype)
}
