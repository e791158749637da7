/* Where two lists of tensors differ most, in words. */
import type { Tensor } from '@cotangent/core'
import { largest, linear } from './numbers.js'
import { digits } from './settings.js'

/** The place of the largest |a - b|. */
export const worst = (
  as: readonly Tensor[],
  bs: readonly Tensor[],
): { readonly result: number; readonly place: number } => {
  let found = { result: 0, place: 0, error: -1 }
  for (const [result, difference] of linear(1, as, -1, bs).entries()) {
    for (const [place, value] of difference.data.entries()) {
      const error = Number.isNaN(value) ? Number.POSITIVE_INFINITY : Math.abs(value)
      if (error > found.error) found = { result, place, error }
    }
  }
  return found
}

/** c, where a = c b for all elements: a factor that was forgotten, or a sign. */
const commonFactor = (as: readonly Tensor[], bs: readonly Tensor[]): number | null => {
  const size = largest(bs)
  let factor: number | null = null
  for (const [result, b] of bs.entries()) {
    for (const [place, right] of b.data.entries()) {
      if (Math.abs(right) < 1e-3 * size) continue
      const ratio = (as[result]?.data[place] ?? Number.NaN) / right
      factor ??= ratio
      if (!(Math.abs(ratio - factor) <= 1e-4 * Math.max(1, Math.abs(factor)))) return null
    }
  }
  return factor
}

/**
 * "J u 0.5, difference 1 (result 0, element 3); J u is 0.5 times the difference": the element that is farthest off, and
 * the factor, where all elements are off by the same one.
 */
export const mismatch = (
  names: readonly [string, string],
  as: readonly Tensor[],
  bs: readonly Tensor[],
  allowed: number,
): string => {
  const { result, place } = worst(as, bs)
  const [a, b] = [as, bs].map((list) => list[result]?.data[place] ?? Number.NaN)
  const [left = Number.NaN, right = Number.NaN] = [a, b]
  const factor = commonFactor(as, bs)
  const where = bs.length === 1 && bs[0]?.size === 1 ? '' : ` (result ${result}, element ${place})`
  const text = `${names[0]} ${digits(left)}, ${names[1]} ${digits(right)}${where}; they differ by ${digits(Math.abs(left - right))}, allowed ${digits(allowed)}`
  return factor === null || Math.abs(factor - 1) < 1e-4
    ? text
    : `${text}. ${names[0]} is ${factor === 0 ? '0' : `${digits(factor)} times the ${names[1]}`}`
}
