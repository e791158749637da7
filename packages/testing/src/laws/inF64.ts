/* A function and its derivatives in f64, from the f32 program: what the laws of derivatives compare. */
import { jvp, type Tensor, vjp } from '@cotangent/core'
import { type ListFunction, type Oracle, oracleOf, widened } from '../oracle.js'
import { linear, moved } from './numbers.js'
import type { Problem } from './problem.js'

/** `x, u -> J u` */
export const tangentOf =
  (f: ListFunction): ((xs: readonly Tensor[], us: readonly Tensor[]) => readonly Tensor[]) =>
  (xs, us) =>
    jvp((list: readonly Tensor[]) => f(list), [xs], [us])[1]

/** `x, w -> Jᵀ w` */
export const cotangentOf =
  (f: ListFunction): ((xs: readonly Tensor[], ws: readonly Tensor[]) => readonly Tensor[]) =>
  (xs, ws) =>
    vjp((list: readonly Tensor[]) => f(list), xs)[1](ws)[0]

/** A function of two lists as one of their concatenation. */
const joined =
  (n: number, f: (a: readonly Tensor[], b: readonly Tensor[]) => readonly Tensor[]): ListFunction =>
  (both) =>
    f(both.slice(0, n), both.slice(n))

/** Letters: x primals, u a tangent, w a cotangent, J the Jacobian at x. */
export interface InF64 {
  readonly point: readonly Tensor[]
  /** f(x) as the caller computes it: avals for cotangents. */
  readonly results: readonly Tensor[]
  readonly value: Oracle
  /** `u -> J u` */
  readonly push: (us: readonly Tensor[]) => readonly Tensor[]
  /** `w -> Jᵀ w` */
  readonly pull: (ws: readonly Tensor[]) => readonly Tensor[]
}

const once = <T>(make: () => T): (() => T) => {
  let made: { readonly value: T } | null = null
  return () => {
    made ??= { value: make() }
    return made.value
  }
}

/** The function and its derivatives in f64, each traced once, when it is first needed. */
export const inF64 = ({ f, xs }: Problem): InF64 => {
  const results = f(xs)
  const point = xs.map(widened)
  const forward = once(() => oracleOf(joined(xs.length, tangentOf(f)), [...xs, ...xs]))
  const backward = once(() => oracleOf(joined(xs.length, cotangentOf(f)), [...xs, ...results]))
  return {
    point,
    results,
    value: oracleOf(f, xs),
    push: (us) => forward()([...point, ...us]),
    pull: (ws) => backward()([...point, ...ws]),
  }
}

/** `(8 (f(x + h u) - f(x - h u)) - (f(x + 2 h u) - f(x - 2 h u))) / 12 h`, of fourth order in h. */
export const difference = (
  value: ListFunction,
  xs: readonly Tensor[],
  us: readonly Tensor[],
  h: number,
): readonly Tensor[] => {
  const [near, far] = [1, 2].map((n) => linear(1, value(moved(xs, n * h, us)), -1, value(moved(xs, -n * h, us))))
  return near === undefined || far === undefined ? [] : linear(8 / (12 * h), near, -1 / (12 * h), far)
}
