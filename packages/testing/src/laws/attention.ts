/*
 * Laws of models of sequences: functions of a sequence [time, width] that give one result for each place,
 * [time, ...]. Computed as the model computes them, in its own dtype.
 */
import { concat, slice, type Tensor, tensor } from '@cotangent/core'
import { smallestNormalF32 } from '../arbitraries/values.js'
import { mapData } from '../oracle.js'
import { LawError } from './lawError.js'
import { mismatch } from './mismatch.js'
import { dot, largest, linear } from './numbers.js'
import { digits } from './settings.js'

const places = (x: Tensor, start: number, end: number): Tensor =>
  slice(
    x,
    x.shape.map((_, axis) => (axis === 0 ? start : 0)),
    x.shape.map((n, axis) => (axis === 0 ? end : n)),
  )

/**
 * The result at a place does not depend on what comes after it, to the last bit.
 *
 * @param at the last place that is looked at; everything behind it is replaced
 */
export const isCausal = (f: (x: Tensor) => Tensor, x: Tensor, at: number): void => {
  const inner = x.size / Math.max(1, x.shape[0] ?? 1)
  const later = mapData(x, (value, i) => (Math.floor(i / inner) > at ? 3 - 2 * value : value))
  const [before, after] = [x, later].map((each) => places(f(each), 0, at + 1))
  const place = before?.data.findIndex((value, i) => !Object.is(value, after?.data[i])) ?? -1
  if (place < 0) return
  throw new LawError({
    check: 'causality',
    expected: `results up to place ${at} must not depend on what follows.`,
    received: `element ${place} is ${before?.data[place]}, then ${after?.data[place]}`,
  })
}

/**
 * Padding changes nothing at the places that count.
 *
 * @param f takes a sequence and a mask [time]: 1 counts, 0 is padding
 * @param padding what is put at the end (or in front), of the width of x
 */
export const paddingIsFree = (
  f: (x: Tensor, mask: Tensor) => Tensor,
  x: Tensor,
  padding: Tensor,
  { side = 'right', rtol = 1e-5 }: { readonly side?: 'left' | 'right'; readonly rtol?: number } = {},
): void => {
  const [n, extra] = [x.shape[0] ?? 0, padding.shape[0] ?? 0]
  const mask = (counts: (i: number) => boolean): Tensor =>
    tensor(Float32Array.from({ length: n + extra }, (_, i) => Number(counts(i))))
  const whole = side === 'right' ? concat([x, padding]) : concat([padding, x])
  const start = side === 'right' ? 0 : extra
  const expected = f(x, tensor(new Float32Array(n).fill(1)))
  const received = places(
    f(
      whole,
      mask((i) => i >= start && i < start + n),
    ),
    start,
    start + n,
  )
  const allowed = rtol * Math.max(1, largest([expected]))
  if (largest(linear(1, [expected], -1, [received])) <= allowed) return
  throw new LawError({
    check: 'padding',
    expected: `${extra} places of padding on the ${side} must change nothing.`,
    received: mismatch(['without', 'with'], [expected], [received], allowed),
  })
}

/**
 * Rotary positions: the product of a rotated query and key depends on the difference of their positions only,
 * `<R_m q, R_n k> = <R_{m+s} q, R_{n+s} k>`.
 *
 * @param rotate a vector for a position
 * @param tolerance per position: angles are rounded (1e-5 by default)
 */
export const dependsOnDifferences = (
  rotate: (x: Tensor, position: number) => Tensor,
  query: Tensor,
  key: Tensor,
  [m, n]: readonly [number, number],
  shift: number,
  tolerance = 1e-5,
): void => {
  const product = (i: number, j: number): number => dot([rotate(query, i)], [rotate(key, j)])
  const [here, there] = [product(m, n), product(m + shift, n + shift)]
  const scale = Math.sqrt(dot([query], [query]) * dot([key], [key]))
  const lost = Math.sqrt(dot([query], [query])) + Math.sqrt(dot([key], [key])) // by numbers too small for f32
  const allowed = tolerance * (1 + Math.max(m, n) + shift) * scale + smallestNormalF32 * lost
  if (Math.abs(here - there) <= allowed) return
  throw new LawError({
    check: 'differences of positions',
    expected: `positions ${m} and ${n}, and both ${shift} later, must give one product.`,
    received: `${digits(here)} and ${digits(there)}; they differ by ${digits(Math.abs(here - there))}, allowed ${digits(allowed)}`,
  })
}
