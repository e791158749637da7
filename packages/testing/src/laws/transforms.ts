/* Laws of vmap and jit, for any function of pytrees. */
import {
  type DType,
  type HostTensor,
  type InAxes,
  jit,
  moveAxis,
  printAval,
  sameAval,
  slice,
  squeeze,
  stack,
  type Tensor,
  treeFlatten,
  treeUnflatten,
  vmap,
} from '@cotangent/core'
import { mapData } from '../oracle.js'
import { LawError } from './lawError.js'
import type { AnyFunction } from './problem.js'

type Call = (...args: readonly unknown[]) => unknown

/** Border: a function of pytrees, called with the structure its own arguments had. */
const callable = (f: AnyFunction): Call => f as unknown as Call

/** One entry along an axis. */
const entry = (x: Tensor, axis: number, i: number): Tensor =>
  squeeze(
    slice(
      x,
      x.shape.map((_, a) => (a === axis ? i : 0)),
      x.shape.map((n, a) => (a === axis ? i + 1 : n)),
    ),
    axis,
  )

/** Which axes are mapped. */
export interface VmapLawOptions {
  /** Per leaf of the arguments, the axis that is mapped, or null; 0 everywhere by default. */
  readonly axes?: readonly (number | null)[]
  /** Where the batch axis goes in the results; 0 by default. */
  readonly outAxis?: number
  /** Largest error relative to the largest result; 0 (to the last bit) by default. */
  readonly rtol?: number
}

/**
 * vmap is the loop: the function on each entry along the mapped axes, results stacked. The batch must not be empty
 * (then there is nothing to stack; see `vmapOfNothing`).
 *
 * @param args with their batch axes
 */
export const vmapIsLoop = (f: AnyFunction, args: readonly unknown[], options: VmapLawOptions = {}): void => {
  const [leaves, def] = treeFlatten(args)
  const axes = leaves.map((_, i) => (options.axes === undefined ? 0 : (options.axes[i] ?? null)))
  const size = batchSize(leaves, axes)
  const loop = Array.from(
    { length: size },
    (_, i) =>
      treeFlatten(
        callable(f)(
          ...treeUnflatten<readonly unknown[]>(
            def,
            leaves.map((x, j) => {
              const axis = axes[j] ?? null
              return axis === null ? x : entry(x, axis, i)
            }),
          ),
        ),
      )[0],
  )
  const outAxes = options.outAxis ?? 0
  const mapped = mappedLeaves(f, leaves, axes, outAxes, args)
  const expected = (loop[0] ?? []).map((_, r) => moveAxis(stack(loop.flatMap((row) => row[r] ?? [])), 0, outAxes))
  compare('vmap is the loop', expected, mapped, options.rtol ?? 0)
}

/** vmap over an empty batch: the shapes that a batch of one gives, but for the batch axis of length 0. */
export const vmapOfNothing = (f: AnyFunction, args: readonly unknown[]): void => {
  const [leaves, def] = treeFlatten(args)
  const axes = leaves.map(() => 0)
  const none = leaves.map((x) =>
    slice(
      x,
      x.shape.map(() => 0),
      x.shape.map((n, a) => (a === 0 ? 0 : n)),
    ),
  )
  const some = mappedLeaves(f, leaves, axes, 0, args)
  const empty = mappedLeaves(f, none, axes, 0, treeUnflatten<readonly unknown[]>(def, none))
  for (const [i, y] of some.entries()) {
    const received = empty[i]
    const expected = { shape: [0, ...y.shape.slice(1)], dtype: y.dtype }
    if (received === undefined || !sameAval(expected, received.aval)) {
      throw new LawError({
        check: 'vmap of nothing',
        expected: `result ${i} must be ${printAval(expected)}.`,
        received: received === undefined ? 'nothing' : printAval(received.aval),
      })
    }
  }
}

const mappedLeaves = (
  f: AnyFunction,
  leaves: readonly Tensor[],
  axes: readonly (number | null)[],
  outAxes: number,
  args: readonly unknown[],
): readonly Tensor[] => {
  const [, def] = treeFlatten(args)
  const list = (...xs: readonly Tensor[]): readonly Tensor[] =>
    treeFlatten(callable(f)(...treeUnflatten<readonly unknown[]>(def, xs)))[0]
  const inAxes: InAxes = axes
  return vmap(list, { inAxes, outAxes })(...leaves)
}

const batchSize = (leaves: readonly Tensor[], axes: readonly (number | null)[]): number => {
  for (const [i, x] of leaves.entries()) {
    const axis = axes[i] ?? null
    if (axis !== null) return x.shape[axis] ?? 0
  }
  throw new Error('vmap needs at least one mapped leaf')
}

/** jit changes nothing, to the last bit: called once, called again, and of the gradient or not. */
export const jitIsEager = (f: AnyFunction, args: readonly unknown[]): void => {
  const expected = treeFlatten(callable(f)(...args))[0]
  const compiled = jit(callable(f))
  for (const call of ['the first call', 'a second call']) {
    compare(`jit is eager, ${call}`, expected, treeFlatten(compiled(...args))[0], 0)
  }
}

const compare = (check: string, expected: readonly Tensor[], received: readonly Tensor[], rtol: number): void => {
  for (const [i, y] of expected.entries()) {
    const got = received[i]
    if (got === undefined || !sameAval(y.aval, got.aval)) {
      throw new LawError({
        check,
        expected: `result ${i} must be ${printAval(y.aval)}.`,
        received: got === undefined ? 'nothing' : printAval(got.aval),
      })
    }
    const scale = largest(y)
    for (const [place, value] of y.data.entries()) {
      const other = got.data[place] ?? Number.NaN
      if (Object.is(value, other) || value === other || Math.abs(value - other) <= rtol * scale) continue
      throw new LawError({
        check,
        expected: `element ${place} of result ${i} must be ${value}.`,
        received: String(other),
      })
    }
  }
}

/** The largest finite |x|. */
const largest = (x: Tensor): number => {
  let most = 0
  for (const value of x.data) if (Number.isFinite(value)) most = Math.max(most, Math.abs(value))
  return most
}

/**
 * Another number that is as legal: floats shrink by an eighth, words change, counts and indices fall (not below 0), and
 * truth values stay, for they move.
 */
const nearby = (x: number, dtype: DType, e: number): number => {
  switch (dtype) {
    case 'f32':
      return Math.fround(x * (1 - e / 8))
    case 'f64':
      return x * (1 - e / 8)
    case 'u32':
      return (x + e) % 2 ** 32
    case 'i32':
      return x > 0 ? Math.max(0, x - e) : x
    case 'bool':
      return x
  }
}

/** Copy e of an example: its elements in other places, and other numbers. A lone truth value alternates. */
const variant = (x: Tensor, e: number): HostTensor =>
  mapData(x, (value, i) =>
    x.dtype === 'bool' && x.size === 1 ? (value + e) % 2 : nearby(x.data[(i + e * (e + 1)) % x.size] ?? 0, x.dtype, e),
  )

/**
 * A batch made of one example, all others different: elements in other places, so that indices stay legal and a batch
 * is not its own transpose, and other numbers, so that scalars differ too.
 */
export const batchOf = (x: Tensor, size: number, axis: number): Tensor =>
  moveAxis(stack(Array.from({ length: size }, (_, e) => variant(x, e))), 0, axis)
