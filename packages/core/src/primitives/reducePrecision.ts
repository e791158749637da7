/* Numbers rounded to what a narrower float can hold. Letters: x primal, e the power of 2 at or below |x|, y the result. */
import { printAval } from '../aval.js'
import { ArgumentError } from '../errors.js'
import type { Tensor } from '../tensor.js'
import { bind1 } from '../trace/bind.js'
import { abs, div, mul, neg } from './arithmetic.js'
import { onesLike } from './broadcast.js'
import { equal, greater, greaterEqual, less, where } from './choice.js'
import { checkKind, elementwiseProperties } from './elementwise.js'
import { dataAttrs, definePrimitive, type Primitive } from './primitive.js'
import { round } from './rounding.js'

/** Floats of 16 bits that numbers are rounded to. */
export type NarrowFloat = 'f16' | 'bf16'

export interface ReducePrecisionAttrs {
  readonly format: NarrowFloat
}

interface Grid {
  /** Bits behind the first one. */
  readonly fraction: number
  /** The exponent of the smallest normal number: below, the steps stay the same. */
  readonly low: number
  /** The largest number. */
  readonly most: number
  /** Together they reach every exponent from `low` on, each taken or not. */
  readonly jumps: readonly number[]
}

/** IEEE 754 binary16, and the upper half of binary32. */
const grids: Readonly<Record<NarrowFloat, Grid>> = {
  f16: { fraction: 10, low: -14, most: 65504, jumps: [16, 8, 4, 2, 1] },
  bf16: { fraction: 7, low: -126, most: (2 - 2 ** -7) * 2 ** 127, jumps: [64, 64, 64, 32, 16, 8, 4, 2, 1] },
}

const word = new Float64Array(1)
const halves = new DataView(word.buffer)

/** e for |x| > 0: floor(log2 |x|), from the bits. */
const exponentOf = (size: number): number => {
  halves.setFloat64(0, size)
  return ((halves.getUint32(0) >>> 20) & 0x7ff) - 1023
}

/** Nearest, ties to even: adding 2^52 leaves no room for a fraction. */
const nearest = (n: number): number => n + 2 ** 52 - 2 ** 52

const rounded = (x: number, { fraction, low, most }: Grid): number => {
  const size = Math.abs(x)
  if (!(size < Number.POSITIVE_INFINITY)) return x
  const step = 2 ** (Math.max(low, exponentOf(size)) - fraction)
  const y = size > 2 * most ? Number.POSITIVE_INFINITY : nearest(size / step) * step
  return Math.sign(x) * (y > most ? Number.POSITIVE_INFINITY : y)
}

/** The same of exact operations on tensors: e is found jump by jump, and |x| / e · 2^fraction rounded to a whole number. */
const byJumps = (x: Tensor, { fraction, low, most, jumps }: Grid): Tensor => {
  const size = abs(x)
  let e = mul(onesLike(x), 2 ** low)
  for (const jump of jumps) {
    const higher = mul(e, 2 ** jump)
    e = where(greaterEqual(size, higher), higher, e)
  }
  const whole = round(mul(div(size, e), 2 ** fraction))
  const steps = mul(mul(whole, 2 ** -fraction), e)
  const y = where(greater(steps, most), Number.POSITIVE_INFINITY, steps)
  const signed = where(equal(y, 0), mul(x, 0), where(less(x, 0), neg(y), y)) // x · 0 keeps the sign of 0
  return where(less(size, Number.POSITIVE_INFINITY), signed, x)
}

export const reducePrecisionPrimitive: Primitive<ReducePrecisionAttrs> = definePrimitive({
  name: 'reducePrecision',
  arity: 1,
  attrs: dataAttrs<ReducePrecisionAttrs>('format'),
  abstractEval: ([x]) => x,
  evaluate: ([x], { format }, [y]) => {
    const grid = grids[format]
    for (let i = 0; i < y.data.length; i++) y.data[i] = rounded(x.data[i] ?? 0, grid)
  },
  jvp: [(dx, _x, _y, { format }) => reducePrecision(dx, format)],
  transpose: [(ct, _, { format }) => reducePrecision(ct, format)],
  batch: ([x], _, { format }) => reducePrecision(x, format),
  decompose: ([x], { format }) => byJumps(x, grids[format]),
  properties: elementwiseProperties(),
})

/**
 * The nearest numbers that a 16-bit float can hold, ties to even; the dtype stays. Beyond the largest (65504 for f16)
 * that is an infinity; NaN stays NaN, and f16's subnormals (steps of 2^-24) are kept. Shape and dtype: as x.
 *
 * It is taken as linear, as a cast to the narrow dtype and back would be: tangents and cotangents are rounded too, so
 * that a program's derivatives lose what they would lose in that precision. For the derivative of the identity:
 * `add(x, stopGradient(sub(reducePrecision(x, format), x)))`.
 *
 * @param format 'f16' (11 significant bits, to 65504) or 'bf16' (8 significant bits, the range of f32)
 * @throws DTypeError unless x is floating; ArgumentError for another format
 * @see jax.lax.reduce_precision; docs/dtypes.md
 * @example reducePrecision(array([2049, 1e5]), 'f16') // => [2048, Infinity]
 */
export const reducePrecision = (x: Tensor, format: NarrowFloat): Tensor => {
  checkKind('reducePrecision', 'floating', x)
  if (!Object.hasOwn(grids, format)) {
    throw new ArgumentError({
      op: 'reducePrecision',
      expected: "the format must be 'f16' or 'bf16'.",
      received: `format ${String(format)}, x ${printAval(x.aval)}`,
      todo: 'f32 and f64 are dtypes: cast(x, dtype)',
    })
  }
  return bind1(reducePrecisionPrimitive, [x], { format })
}
