/*
 * associativeScan : (f, x) -> [x_0, f(x_0, x_1), f(f(x_0, x_1), x_2), ...] in about log2 n steps, each over all entries
 *
 * Source: Hillis and Steele, "Data parallel algorithms" (1986). Each step combines every entry with the one `distance`
 * before it, and doubles the distance. Derivatives are those of f, so they are right at zeros and ties too.
 */
import { printAval } from '../aval.js'
import { ShapeError } from '../errors.js'
import { leafPaths, sameTree, treeFlatten, treesDiffer, treeUnflatten } from '../pytree.js'
import type { Tensor } from '../tensor.js'
import { axisLength, normalAxis } from './axes.js'
import { concat, slice } from './sequence.js'

const part = (x: Tensor, axis: number, from: number, to: number): Tensor =>
  slice(
    x,
    x.shape.map((_, i) => (i === axis ? from : 0)),
    x.shape.map((n, i) => (i === axis ? to : n)),
  )

/** Where the entries are, and in which order they are combined. */
export interface AssociativeScanOptions {
  /** From the end of the axis to its start. */
  readonly reverse?: boolean
  /** The axis of every leaf; 0 by default, negative ones count from the end. */
  readonly axis?: number
}

/**
 * Running results of an associative function: entry i of the result is `f(...f(f(x₀, x₁), x₂)..., xᵢ)`.
 *
 * @param f associative, on entries side by side: it gets pytrees whose axis holds several entries, and works on each
 * @param xs a pytree of tensors of equal length along the axis
 * @throws AxisError; ShapeError if lengths differ; TreeMismatchError if f changes the structure
 * @see jax.lax.associative_scan, whose meaning this has
 * @example associativeScan(mul, array([1, 2, 3, 4])) // => [1, 2, 6, 24]
 */
export const associativeScan = <T>(f: (before: T, now: T) => T, xs: T, options: AssociativeScanOptions = {}): T => {
  const [leaves, def] = treeFlatten(xs)
  const axes = leaves.map((x) => normalAxis('associativeScan', x.aval, options.axis ?? 0))
  const [n, ...more] = new Set(leaves.map((x, i) => axisLength(x.shape, axes[i] ?? 0)))
  if (n === undefined || more.length > 0) {
    const paths = leafPaths(def)
    throw new ShapeError({
      op: 'associativeScan',
      expected: 'all leaves must have the same length along the axis.',
      received: leaves.map((x, i) => `xs${paths[i] ?? ''} ${printAval(x.aval)}`).join(', ') || 'no leaves',
      todo: 'give them a common axis',
    })
  }
  const parts = (all: readonly Tensor[], from: number, to: number): T =>
    treeUnflatten<T>(
      def,
      all.map((x, i) => part(x, axes[i] ?? 0, from, to)),
    )
  let state = leaves
  for (let distance = 1; distance < n; distance *= 2) {
    const [low, high] = [parts(state, 0, n - distance), parts(state, distance, n)]
    const [combined, combinedDef] = treeFlatten(options.reverse ? f(high, low) : f(low, high))
    if (!sameTree(def, combinedDef)) throw treesDiffer('associativeScan', def, combinedDef)
    state = state.map((x, i) => {
      const axis = axes[i] ?? 0
      const moved = combined[i] ?? x
      return options.reverse
        ? concat([moved, part(x, axis, n - distance, n)], axis)
        : concat([part(x, axis, 0, distance), moved], axis)
    })
  }
  return treeUnflatten<T>(def, state)
}
