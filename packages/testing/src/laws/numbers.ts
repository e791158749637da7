/* Arithmetic on lists of host tensors, in f64. */
import { HostTensor, type Tensor } from '@cotangent/core'

type List = readonly Tensor[]

const combined = (xs: List, f: (value: number, list: number, i: number) => number): HostTensor[] =>
  xs.map(
    (x, list) =>
      new HostTensor(
        Float64Array.from<number>(x.data).map((value, i) => f(value, list, i)),
        x.shape,
        'f64',
      ),
  )

const at = (xs: List, list: number, i: number): number => xs[list]?.data[i] ?? Number.NaN

/** a x + b y */
export const linear = (a: number, xs: List, b: number, ys: List): HostTensor[] =>
  combined(xs, (x, list, i) => a * x + b * at(ys, list, i))

/** x + h u, elements of u in units of max(1, |x|) */
export const moved = (xs: List, h: number, us: List): HostTensor[] =>
  combined(xs, (x, list, i) => x + h * Math.max(1, Math.abs(x)) * at(us, list, i))

/** u, in units of max(1, |x|) */
export const inUnits = (xs: List, us: List): HostTensor[] =>
  combined(us, (u, list, i) => u * Math.max(1, Math.abs(at(xs, list, i))))

/** Σ x y */
export const dot = (xs: List, ys: List): number => {
  let total = 0
  for (const [list, x] of xs.entries()) for (const [i, value] of x.data.entries()) total += value * at(ys, list, i)
  return total
}

/** Σ |x y|: the scale of the rounding error of `dot`. */
export const dotScale = (xs: List, ys: List): number => {
  let total = 0
  for (const [list, x] of xs.entries())
    for (const [i, value] of x.data.entries()) total += Math.abs(value * at(ys, list, i))
  return total
}

/** The largest |x|; 0 for no elements. NaN counts. */
export const largest = (xs: List): number => {
  let most = 0
  for (const x of xs) for (const value of x.data) most = Math.max(most, Math.abs(value))
  return most
}

/** Only list `keep` of u; zeros elsewhere. */
export const only = (us: List, keep: number): HostTensor[] => combined(us, (u, list) => (list === keep ? u : 0))

/** A 1 at one place, zeros elsewhere. */
export const unit = (us: List, keep: number, place: number): HostTensor[] =>
  combined(us, (_, list, i) => (list === keep && i === place ? 1 : 0))

/** Σ |x| */
export const total = (xs: List): number =>
  dotScale(
    xs,
    combined(xs, () => 1),
  )
