/* Bits of i32 and u32. They run on the host on every engine: a GPU's numbers are floats here, whole up to 2^24. */
import { printAval } from '../aval.js'
import { DTypeError } from '../errors.js'
import type { Tensor } from '../tensor.js'
import { bind1 } from '../trace/bind.js'
import { binary, type Operand, pair } from './elementwise.js'
import { type NoAttrs, type Primitive, zeroTangent } from './primitive.js'

const bits = (name: string, f: (x: number, y: number) => number): Primitive<NoAttrs> =>
  binary({ name, f, jvp: [zeroTangent, zeroTangent], host: true })

export const bitwiseAndPrimitive = bits('bitwiseAnd', (x, y) => x & y)
export const bitwiseOrPrimitive = bits('bitwiseOr', (x, y) => x | y)
export const bitwiseXorPrimitive = bits('bitwiseXor', (x, y) => x ^ y)

const apply = (primitive: Primitive<NoAttrs>, x: Operand, y: Operand): Tensor => {
  const [a, b] = pair(primitive.name, 'numeric', x, y)
  if (a.dtype !== 'i32' && a.dtype !== 'u32') {
    throw new DTypeError({
      op: primitive.name,
      expected: 'bits are those of i32 or u32.',
      received: `lhs ${printAval(a.aval)}, rhs ${printAval(b.aval)}`,
      todo: "cast(x, 'i32') first; for truth values use logicalAnd, logicalOr, notEqual",
    })
  }
  return bind1(primitive, [a, b], {})
}

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
