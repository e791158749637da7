/*
 * Laws of normalisation layers: functions of rows [..., d] to rows of the same shape. In f64 from the f32 program,
 * with an eps that is negligible at the scales that are tried.
 */
import { mul, sum, type Tensor, vjp } from '@cotangent/core'
import { mapData, oracle, widened } from '../oracle.js'
import { LawError } from './lawError.js'
import { columns } from './lossValue.js'
import { mismatch } from './mismatch.js'
import { largest, linear } from './numbers.js'
import { direction } from './problem.js'
import { digits } from './settings.js'

/** A layer of rows. */
export type RowFunction = (x: Tensor) => Tensor

const changedRows = (x: Tensor, change: (value: number, row: number) => number): Tensor =>
  mapData(widened(x), (value, i) => change(value, Math.floor(i / columns(x))))

const checkRows = (check: string, f: RowFunction, x: Tensor, changed: Tensor, rtol: number): void => {
  const f64 = (point: Tensor): readonly Tensor[] => oracle(([y = x]) => [f(y)], [x], [point])
  const [before, after] = [f64(widened(x)), f64(changed)]
  const allowed = rtol * Math.max(1, largest(before))
  if (largest(linear(1, before, -1, after)) <= allowed) return
  throw new LawError({
    check,
    expected: 'the rows must come out as before.',
    received: mismatch(['before', 'after'], before, after, allowed),
  })
}

/** `f(x + c 1ᵀ) = f(x)`, a shift for each row: what subtracts the mean. */
export const rowShiftKeeps = (f: RowFunction, x: Tensor, shifts: readonly number[], rtol = 1e-4): void =>
  checkRows(
    'shift of rows',
    f,
    x,
    changedRows(x, (value, row) => value + (shifts[row] ?? 0)),
    rtol,
  )

/** `f(c x) = f(x)`, a positive scale for each row: what divides by a norm. */
export const rowScaleKeeps = (f: RowFunction, x: Tensor, scales: readonly number[], rtol = 1e-4): void =>
  checkRows(
    'scale of rows',
    f,
    x,
    changedRows(x, (value, row) => value * (scales[row] ?? 1)),
    rtol,
  )

/** For each row, the sum of `weight · Jᵀ w`, and that of its absolute terms. */
const rowSums = (g: Tensor, weight: Tensor): readonly { readonly total: number; readonly scale: number }[] => {
  const d = columns(g)
  return Array.from({ length: d === 0 ? 0 : g.size / d }, (_, row) => {
    let [total, scale] = [0, 0]
    for (let i = row * d; i < (row + 1) * d; i++) {
      const term = (g.data[i] ?? 0) * (weight.data[i] ?? 0)
      total += term
      scale += Math.abs(term)
    }
    return { total, scale }
  })
}

const checkRowSums = (check: string, f: RowFunction, x: Tensor, weight: Tensor, seed: number, rtol: number): void => {
  const ws = direction(seed, [f(x)], 'cotangent')
  const [g] = oracle(([y = x]) => [vjp(f, y)[1](ws[0] ?? y)[0]], [x])
  for (const [row, { total, scale }] of (g === undefined ? [] : rowSums(g, weight)).entries()) {
    if (Math.abs(total) <= rtol * scale + 1e-12) continue
    throw new LawError({
      check,
      expected: 'the sum over a row must be 0.',
      received: `${digits(total)}, of terms that add up to ${digits(scale)}`,
      at: `row ${row}`,
    })
  }
}

/** `<(Jᵀ w)_i, x_i> = 0` for each row: what does not see its length has no slope along it. */
export const gradientIsOrthogonalToRows = (f: RowFunction, x: Tensor, seed = 0, rtol = 1e-4): void =>
  checkRowSums('orthogonal to the rows', f, x, widened(x), seed, rtol)

/** `Σ (Jᵀ w)_i = 0` for each row: what does not see a shift has no slope along it. */
export const gradientOfRowsSumsToZero = (f: RowFunction, x: Tensor, seed = 0, rtol = 1e-9): void =>
  checkRowSums(
    'rows of the gradient',
    f,
    x,
    mapData(widened(x), () => 1),
    seed,
    rtol,
  )

/** Results and `Jᵀ 1` are finite, in f32: rows of zeros, rows whose squares overflow. */
export const staysFiniteOn = (f: (...xs: readonly Tensor[]) => Tensor, args: readonly Tensor[]): void => {
  const [y, pull] = vjp((list: readonly Tensor[]) => f(...list), args)
  const ones = mapData(y, () => 1)
  for (const [what, xs] of [['result', [y]] as const, ['gradient', pull(ones)[0]] as const]) {
    for (const [i, x] of xs.entries()) {
      const place = x.data.findIndex((value) => !Number.isFinite(value))
      if (place < 0) continue
      throw new LawError({
        check: `finite ${what}`,
        expected: `the ${what} must be finite.`,
        received: `${x.data[place]} at element ${place} of ${what} ${i}`,
      })
    }
  }
}

/** Unit rows stay so, and others keep their length: `|f(x)_i| = |x_i|`, as of a rotation. */
export const keepsRowNorms = (f: RowFunction, x: Tensor, rtol = 1e-6): void => {
  const norms = (y: Tensor): readonly Tensor[] => oracle(([z = y]) => [sum(mul(z, z), -1)], [y])
  const [before, after] = [norms(x), norms(f(x))]
  const allowed = 2 * rtol * Math.max(1, largest(before))
  if (largest(linear(1, before, -1, after)) <= allowed) return
  throw new LawError({
    check: 'norms of rows',
    expected: 'they must stay.',
    received: mismatch(['before', 'after'], before, after, allowed),
  })
}
