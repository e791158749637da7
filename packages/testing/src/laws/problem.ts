/* A function of pytrees as one of lists: what the laws on derivatives work on. */
import {
  foldIn,
  HostTensor,
  isFloating,
  key,
  makeIR,
  type Path,
  printIR,
  type Tensor,
  treeEntries,
  treeFlatten,
  treeUnflatten,
  uniform,
} from '@cotangent/core'
import type { ListFunction } from '../oracle.js'

/** A function of its floating leaves (others are fixed), giving the floating leaves of its result. */
export interface Problem {
  readonly f: ListFunction
  readonly xs: readonly HostTensor[]
  /** Where each of `xs` is among the arguments, as `[0].layers[1].w`. */
  readonly paths: readonly Path[]
  /** The program as text, for messages. */
  readonly print: () => string
}

/** Any function of pytrees; each law says its own type. */
export type AnyFunction = (...args: never[]) => unknown

/** Border: the structure is data, so the arguments' types are those the caller gave. */
export const applied = (f: AnyFunction, args: readonly unknown[]): unknown =>
  (f as (...xs: unknown[]) => unknown)(...args)

const onHost = (x: Tensor): HostTensor => new HostTensor(x.data, x.shape, x.dtype)

export const problemOf = (f: AnyFunction, args: readonly unknown[]): Problem => {
  const [leaves, def] = treeFlatten(args)
  const entries = treeEntries(args).filter(([, x]) => isFloating(x.dtype))
  return {
    f: (xs) => {
      let next = 0
      const all = leaves.map((x) => (isFloating(x.dtype) ? xs[next++] : x))
      return treeFlatten(applied(f, treeUnflatten<readonly unknown[]>(def, all)))[0].filter((y) => isFloating(y.dtype))
    },
    xs: entries.map(([, x]) => onHost(x)),
    paths: entries.map(([path]) => path),
    print: () => printIR(makeIR((...xs: readonly unknown[]) => applied(f, xs))(...args)),
  }
}

/** Numbers in [-1, 1) of a tensor's shape, the same for the same seed; f32, so that they are exact in any precision. */
export const direction = (
  seed: number,
  like: readonly Tensor[],
  name: 'tangent' | 'cotangent',
): readonly HostTensor[] => {
  const base = foldIn(key(seed >>> 0), name === 'tangent' ? 0 : 1)
  return like.map((x, i) => {
    const { data } = uniform(foldIn(base, i), x.shape, -1, 1)
    return new HostTensor(x.dtype === 'f64' ? Float64Array.from<number>(data) : data, x.shape, x.dtype)
  })
}
