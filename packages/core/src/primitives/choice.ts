/* Comparisons, logic, `where` and `cast`: nothing here but the last two has a derivative. */
import { type DType, isFloating, printAval } from '../aval.js'
import { DTypeError } from '../errors.js'
import type { Tensor } from '../tensor.js'
import { bind1 } from '../trace/bind.js'
import { zerosLike } from './broadcast.js'
import {
  binary,
  broadcastAll,
  checkKind,
  elementwiseBatch,
  elementwiseProperties,
  lift,
  type Operand,
  pair,
  unary,
} from './elementwise.js'
import {
  dataAttrs,
  definePrimitive,
  type NoAttrs,
  noAttrs,
  notLinear,
  type Primitive,
  zeroTangent,
} from './primitive.js'

// ---------------------------------------------------------------- comparisons

const comparison = (name: string, f: (x: number, y: number) => boolean): Primitive<NoAttrs> =>
  binary({ name, f: (x, y) => Number(f(x, y)), dtype: () => 'bool', jvp: [zeroTangent, zeroTangent] })

export const equalPrimitive = comparison('equal', (x, y) => x === y)
export const lessPrimitive = comparison('less', (x, y) => x < y)
export const lessEqualPrimitive = comparison('lessEqual', (x, y) => x <= y)

/**
 * `x == y`, element by element; NaN equals nothing. Gives `bool`.
 *
 * @example equal(array([1, 2]), 2) // => [false, true]
 */
export const equal = (x: Operand, y: Operand): Tensor => bind1(equalPrimitive, pair('equal', 'any', x, y), {})
/**
 * `x < y`; false where one is NaN.
 *
 * @example less(array([1, 2]), 2) // => [true, false]
 */
export const less = (x: Operand, y: Operand): Tensor => bind1(lessPrimitive, pair('less', 'numeric', x, y), {})
/**
 * `x <= y`; false where one is NaN.
 *
 * @example lessEqual(array([1, 2]), 1) // => [true, false]
 */
export const lessEqual = (x: Operand, y: Operand): Tensor =>
  bind1(lessEqualPrimitive, pair('lessEqual', 'numeric', x, y), {})
/**
 * `x > y`
 *
 * @example greater(array([1, 2]), 1) // => [false, true]
 */
export const greater = (x: Operand, y: Operand): Tensor => {
  const [a, b] = pair('greater', 'numeric', x, y)
  return bind1(lessPrimitive, [b, a], {})
}
/**
 * `x >= y`
 *
 * @example greaterEqual(array([1, 2]), 2) // => [false, true]
 */
export const greaterEqual = (x: Operand, y: Operand): Tensor => {
  const [a, b] = pair('greaterEqual', 'numeric', x, y)
  return bind1(lessEqualPrimitive, [b, a], {})
}
/**
 * `x != y`; true where one is NaN.
 *
 * @example notEqual(array([1, 2]), 2) // => [true, false]
 */
export const notEqual = (x: Operand, y: Operand): Tensor => logicalNot(equal(x, y))

// ---------------------------------------------------------------- logic

export const logicalAndPrimitive = comparison('logicalAnd', (x, y) => x !== 0 && y !== 0)
export const logicalOrPrimitive = comparison('logicalOr', (x, y) => x !== 0 || y !== 0)
export const logicalNotPrimitive = unary({ name: 'logicalNot', f: (x) => Number(x === 0), jvp: zeroTangent })

/**
 * Both, elementwise. bool, broadcast.
 *
 * @example logicalAnd(array([true, true]), array([true, false])) // => [true, false]
 */
export const logicalAnd = (x: Tensor, y: Tensor): Tensor =>
  bind1(logicalAndPrimitive, pair('logicalAnd', 'bool', x, y), {})
/**
 * At least one, elementwise. bool, broadcast.
 *
 * @example logicalOr(array([true, false]), array([false, false])) // => [true, false]
 */
export const logicalOr = (x: Tensor, y: Tensor): Tensor =>
  bind1(logicalOrPrimitive, pair('logicalOr', 'bool', x, y), {})
/**
 * The other, elementwise. bool.
 *
 * @example logicalNot(array([true, false])) // => [false, true]
 */
export const logicalNot = (x: Tensor): Tensor => {
  checkKind('logicalNot', 'bool', x)
  return bind1(logicalNotPrimitive, [x], {})
}

// ---------------------------------------------------------------- where

export const wherePrimitive: Primitive<NoAttrs> = definePrimitive({
  name: 'where',
  arity: 3,
  attrs: noAttrs,
  abstractEval: ([_, x]) => x,
  evaluate: ([condition, x, y], _, [z]) => {
    for (let i = 0; i < z.data.length; i++) z.data[i] = (condition.data[i] === 0 ? y.data[i] : x.data[i]) ?? 0
  },
  jvp: [
    zeroTangent,
    (dx, [condition]) => where(condition, dx, zerosLike(dx)),
    (dy, [condition]) => where(condition, zerosLike(dy), dy),
  ],
  transpose: [
    notLinear,
    (ct, [condition]) => where(condition, ct, zerosLike(ct)),
    (ct, [condition]) => where(condition, zerosLike(ct), ct),
  ],
  batch: elementwiseBatch<3>(() => wherePrimitive),
  properties: elementwiseProperties(),
})

/**
 * `x` where the condition holds, else `y`. The derivative of the branch not taken is multiplied by 0, so guard its
 * input too where it could be infinite: `where(x > 0, log(where(x > 0, x, 1)), 0)`.
 *
 * @param condition bool
 * @throws DTypeError if the condition is not bool, or x and y differ in dtype
 * @example where(array([true, false]), 1, array([5, 6])) // => [1, 6]
 */
export const where = (condition: Tensor, x: Operand, y: Operand): Tensor => {
  checkKind('where', 'bool', condition, 'condition')
  const [a, b] = lift('where', ['x', 'y'], [x, y])
  if (a === undefined || b === undefined || a.dtype !== b.dtype) {
    throw new DTypeError({
      op: 'where',
      expected: 'both choices must have the same dtype.',
      received: [a, b].map((t, i) => `${'xy'[i]} ${t === undefined ? '' : printAval(t.aval)}`).join(', '),
      todo: 'cast one of them; nothing is promoted by itself',
    })
  }
  return bind1(wherePrimitive, broadcastAll('where', ['condition', 'x', 'y'], [condition, a, b]), {})
}

// ---------------------------------------------------------------- cast

/** Towards zero for integers; i32 stops at the ends of its range, u32 goes round; anything but 0 is true. */
const convert = (x: number, from: DType, to: DType): number => {
  switch (to) {
    case 'bool':
      return Number(x !== 0)
    case 'i32':
      if (from === 'u32') return x | 0
      return Number.isNaN(x) ? 0 : Math.max(-(2 ** 31), Math.min(2 ** 31 - 1, Math.trunc(x)))
    case 'u32':
      return x >>> 0
    default:
      return x
  }
}

export const castPrimitive = definePrimitive({
  name: 'cast',
  arity: 1,
  attrs: dataAttrs<{ readonly dtype: DType }>('dtype'),
  abstractEval: ([x], { dtype }) => ({ shape: x.shape, dtype }),
  evaluate: ([x], { dtype }, [y]) => {
    for (let i = 0; i < y.data.length; i++) y.data[i] = convert(x.data[i] ?? 0, x.dtype, dtype)
  },
  jvp: [(dx, _x, _y, { dtype }) => (isFloating(dtype) ? cast(dx, dtype) : [null])],
  transpose: [(ct, [x]) => cast(ct, x.dtype)],
  batch: ([x], _, { dtype }) => cast(x, dtype),
  properties: { elementwise: true, flops: () => 0 },
})

/**
 * The same numbers in another dtype: rounded to the nearest for f32, towards zero for integers, `x != 0` for bool
 * (NaN is true). For i32, what is beyond the range becomes its nearest end and NaN 0; between i32 and u32 the bits stay,
 * and floats for u32 go round modulo 2^32.
 *
 * @see docs/dtypes.md
 * @example cast(array([1.7, -1.7]), 'i32') // => [1, -1]
 */
export const cast = (x: Tensor, dtype: DType): Tensor => (x.dtype === dtype ? x : bind1(castPrimitive, [x], { dtype }))
