import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { bf16ToNumber, f16ToNumber, numberToBf16, numberToF16 } from './halfFloats.js'

const patterns = Array.from({ length: 0x10000 }, (_, pattern) => pattern)

// What rounding to nearest even means, from the definition: of the two neighbours the nearer, of equally near ones the
// even pattern. Positive patterns grow with their numbers. `limit` is where the next number after the largest would be.
const nearestPattern = (x: number, toNumber: (pattern: number) => number, infinity: number, limit: number): number => {
  let low = 0
  let high = infinity
  while (high - low > 1) {
    const middle = (low + high) >> 1
    if (toNumber(middle) <= x) low = middle
    else high = middle
  }
  if (x === Number.POSITIVE_INFINITY) return infinity
  const above = high === infinity ? limit : toNumber(high)
  const [down, up] = [x - toNumber(low), above - x]
  if (down !== up) return down < up ? low : high
  return low % 2 === 0 ? low : high
}

const anyFloat = fc.float({ noNaN: true, min: 0 })

describe('F16', () => {
  it('keeps every pattern that is a number', () => {
    for (const pattern of patterns.filter((pattern) => !Number.isNaN(f16ToNumber(pattern))))
      if (numberToF16(f16ToNumber(pattern)) !== pattern) expect(numberToF16(f16ToNumber(pattern))).toBe(pattern)
  })

  it.each([
    [0x0000, 0],
    [0x0001, 2 ** -24],
    [0x03ff, 1023 * 2 ** -24],
    [0x0400, 2 ** -14],
    [0x3555, 0.333251953125],
    [0x3c00, 1],
    [0xc000, -2],
    [0x7bff, 65504],
    [0x7c00, Number.POSITIVE_INFINITY],
    [0xfc00, Number.NEGATIVE_INFINITY],
  ])('%i is %f', (pattern, x) => {
    expect(f16ToNumber(pattern)).toBe(x)
    expect(numberToF16(x)).toBe(pattern)
  })

  it('rounds to nearest even', () => {
    const small = fc.float({ noNaN: true, min: 0, max: 70000 })
    fc.assert(
      fc.property(
        fc.oneof(
          small,
          anyFloat,
          fc.nat(0x7bff).map((p) => (f16ToNumber(p) + f16ToNumber(p + 1)) / 2),
        ),
        (x) => {
          const y = Math.fround(x)
          expect(numberToF16(y)).toBe(nearestPattern(y, f16ToNumber, 0x7c00, 65536))
          expect(numberToF16(-y)).toBe(numberToF16(y) | 0x8000)
        },
      ),
      { seed: 1, numRuns: 2000 },
    )
    expect(numberToF16(65519.99)).toBe(0x7bff)
    expect(numberToF16(65520)).toBe(0x7c00)
    expect(f16ToNumber(numberToF16(Number.NaN))).toBeNaN()
  })
})

describe('BF16', () => {
  it('keeps every pattern that is a number', () => {
    for (const pattern of patterns.filter((pattern) => !Number.isNaN(bf16ToNumber(pattern))))
      if (numberToBf16(bf16ToNumber(pattern)) !== pattern) expect(numberToBf16(bf16ToNumber(pattern))).toBe(pattern)
  })

  it('rounds to nearest even', () => {
    const ties = fc.nat(0x7f7e).map((pattern) => (bf16ToNumber(pattern) + bf16ToNumber(pattern + 1)) / 2)
    fc.assert(
      fc.property(fc.oneof(anyFloat, ties), (x) => {
        const y = Math.fround(x)
        expect(numberToBf16(y)).toBe(nearestPattern(y, bf16ToNumber, 0x7f80, 2 ** 128))
        expect(numberToBf16(-y)).toBe(numberToBf16(y) | 0x8000)
      }),
      { seed: 2, numRuns: 2000 },
    )
    expect(numberToBf16(Math.PI)).toBe(0x4049)
    expect(bf16ToNumber(numberToBf16(Number.NaN))).toBeNaN()
  })
})
