/**
 * The two 16-bit floats that are storage only: F16 (IEEE binary16: sign, 5 exponent bits with bias 15, 10 mantissa bits)
 * and BF16 (the upper half of an F32). Decoding is exact; encoding rounds to nearest, ties to even.
 */

const one = new Float32Array(1)
const bits = new Uint32Array(one.buffer)

const bitsOf = (x: number): number => {
  one[0] = x
  return bits[0] ?? 0
}

const fromBits = (pattern: number): number => {
  bits[0] = pattern
  return one[0] ?? 0
}

// A pattern without its lowest `count` bits, rounded to nearest with ties to even; a carry runs into the exponent,
// which is what rounding up to the next power of two, or to infinity, means.
const roundedShift = (pattern: number, count: number): number => {
  const kept = pattern >>> count
  const dropped = pattern & ((1 << count) - 1)
  const half = 1 << (count - 1)
  return dropped > half || (dropped === half && (kept & 1) === 1) ? kept + 1 : kept
}

/**
 * The number that an F16 pattern stands for.
 *
 * x = (-1)^s · 2^(e-15) · (1 + m/1024), for e = 0: (-1)^s · 2^-14 · m/1024, for e = 31: ±infinity or NaN
 *
 * @example f16ToNumber(0x3c00) // => 1
 */
export const f16ToNumber = (pattern: number): number => {
  const sign = pattern & 0x8000 ? -1 : 1
  const exponent = (pattern >>> 10) & 0x1f
  const mantissa = pattern & 0x3ff
  if (exponent === 0) return sign * mantissa * 2 ** -24
  if (exponent === 31) return mantissa === 0 ? sign * Number.POSITIVE_INFINITY : Number.NaN
  return sign * (1 + mantissa / 1024) * 2 ** (exponent - 15)
}

/**
 * The F16 pattern nearest to an f32 number; from 65520 on that is infinity.
 *
 * @example numberToF16(1) // => 0x3c00
 */
export const numberToF16 = (x: number): number => {
  const pattern = bitsOf(x)
  const sign = (pattern >>> 16) & 0x8000
  const magnitude = pattern & 0x7fffffff
  if (magnitude > 0x7f800000) return sign | 0x7e00
  const exponent = (magnitude >>> 23) - 127 + 15
  if (exponent >= 31) return sign | 0x7c00
  // A normal result: the exponent is moved to its new bias, then 13 of the 23 mantissa bits go.
  if (exponent > 0) return sign | roundedShift(magnitude - ((127 - 15) << 23), 13)
  // A subnormal one: the hidden bit is written out and moves down with the exponent. Below half the least it is 0.
  if (exponent < -10) return sign
  return sign | roundedShift((magnitude & 0x7fffff) | 0x800000, 14 - exponent)
}

/**
 * The number that a BF16 pattern stands for: the F32 with the same upper half.
 *
 * @example bf16ToNumber(0x3f80) // => 1
 */
export const bf16ToNumber = (pattern: number): number => fromBits(pattern << 16)

/**
 * The BF16 pattern nearest to an f32 number.
 *
 * @example numberToBf16(1) // => 0x3f80
 */
export const numberToBf16 = (x: number): number => {
  const pattern = bitsOf(x)
  const isNaN = (pattern & 0x7fffffff) > 0x7f800000
  return isNaN ? (pattern >>> 16) | 0x40 : roundedShift(pattern, 16)
}
