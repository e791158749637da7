/*
 * Transforms of functions of lists of floating tensors, each with a second way to the same: a batch as a loop, forwards
 * by going backwards twice, backwards column by column, a call as what it calls.
 */
import {
  add,
  checkpoint,
  cond,
  customJvp,
  customVjp,
  expandDims,
  grad,
  greater,
  type HostTensor,
  hessian,
  hvp,
  jacfwd,
  jacrev,
  jit,
  jvp,
  linearize,
  mul,
  reshape,
  scalar,
  scan,
  squeeze,
  stack,
  sum,
  type Tensor,
  tensor,
  treeFlatten,
  vjp,
  vmap,
  where,
} from '@cotangent/core'
import type { ListFunction } from '../oracle.js'

type List = readonly Tensor[]

/** A transform, and the same by other means. */
export interface Transform {
  readonly of: (f: ListFunction) => ListFunction
  readonly definition: (f: ListFunction) => ListFunction
  /** Refuses a forward derivative around it. */
  readonly backwardOnly?: boolean
  /** Takes a forward derivative. */
  readonly forward?: boolean
  /** Makes many results of one. */
  readonly grows?: boolean
}

/** Numbers that depend on the shapes only: a tangent, or a cotangent. */
const along = (xs: List): readonly HostTensor[] =>
  xs.map((x, list) =>
    tensor(
      Float32Array.from({ length: x.size }, (_, i) => Math.cos(1 + i + 2 * list)),
      x.shape,
    ),
  )

const total = (ys: List): Tensor => ys.map((y) => sum(y)).reduce(add, scalar(0))

const half = (xs: List): List => xs.map((x) => mul(x, 0.5))

/** The example and a second one, made of it. */
const two = (xs: List): List => xs.map((x) => stack([x, mul(x, 0.5)]))

const loopOverTwo =
  (f: ListFunction): ListFunction =>
  (xs) => {
    const second = f(half(xs))
    return f(xs).map((y, i) => stack([y, second[i] ?? y]))
  }

const unit = (x: Tensor, place: number | null): HostTensor =>
  tensor(
    Float32Array.from({ length: x.size }, (_, i) => Number(i === place)),
    x.shape,
  )

/** `Jᵀ w = Σ_j <w, J e_j> e_j`: by going forwards along every coordinate. */
const columnByColumn =
  (f: ListFunction, weights: (ys: List) => List): ListFunction =>
  (xs) => {
    const [ys, push] = linearize((list: List) => f(list), xs)
    const ws = weights(ys)
    return xs.map((x, list) => {
      const slopes = Array.from({ length: x.size }, (_, place) => {
        const basis = xs.map((z, other) => unit(z, other === list ? place : null))
        return total(push(basis).map((dy, i) => mul(dy, ws[i] ?? dy)))
      })
      return slopes.length === 0 ? mul(x, 0) : reshape(stack(slopes), x.shape)
    })
  }

/** `J u` by going backwards twice: `w -> Jᵀ w` is linear, and its transpose is J. */
const twiceBackwards =
  (f: ListFunction): ListFunction =>
  (xs) => {
    const [ys, pull] = vjp((list: List) => f(list), xs)
    const [, pullAgain] = vjp((ws: List) => pull(ws)[0], along(ys))
    return pullAgain(along(xs))[0]
  }

const gradOfTotal =
  (f: ListFunction): ListFunction =>
  (xs) =>
    grad((list: List) => total(f(list)))(xs)

const leaves = (tree: unknown): List => treeFlatten(tree)[0]

/** Leaves the values as they are. */
const unchanged = (transform: (f: (xs: List) => List) => (xs: List) => List): Transform => ({
  of: (f) => transform((xs) => f(xs)),
  definition: (f) => f,
})

const isLarge = (xs: List): Tensor => greater(total(xs), 0.25)

/** The transforms, by name. */
export const transformTable: Readonly<Record<string, Transform>> = {
  jit: unchanged((f) => jit(f)),
  checkpoint: unchanged((f) => checkpoint(f)),
  customJvp: {
    ...unchanged((f) =>
      customJvp(f, ([xs], [dxs]) => {
        const [ys, push] = linearize(f, xs)
        return [ys, push(dxs)]
      }),
    ),
    forward: true,
  },
  customVjp: {
    ...unchanged((f) =>
      customVjp(f, { forward: (xs: List) => [f(xs), xs], backward: (xs: List, cts: List) => vjp(f, xs)[1](cts) }),
    ),
    backwardOnly: true,
  },
  vmap: { of: (f) => (xs) => vmap((list: List) => f(list))(two(xs)), definition: loopOverTwo },
  scan: {
    of: (f) => (xs) => scan((carry: Tensor, slice: List) => [carry, f(slice)] as const, scalar(0), two(xs))[1],
    definition: loopOverTwo,
  },
  cond: {
    of: (f) => (xs) =>
      cond(
        isLarge(xs),
        (list: List) => f(list),
        (list: List) => half(f(list)),
        xs,
      ),
    definition: (f) => (xs) => f(xs).map((y) => where(isLarge(xs), y, mul(y, 0.5))),
  },
  jvp: {
    of: (f) => (xs) => jvp((list: List) => f(list), [xs], [along(xs)])[1],
    definition: twiceBackwards,
    forward: true,
  },
  linearize: {
    of: (f) => (xs) => linearize((list: List) => f(list), xs)[1](along(xs)),
    definition: twiceBackwards,
    forward: true,
  },
  vjp: {
    of: (f) => (xs) => {
      const [ys, pull] = vjp((list: List) => f(list), xs)
      return pull(along(ys))[0]
    },
    definition: (f) => columnByColumn(f, along),
  },
  grad: { of: gradOfTotal, definition: (f) => columnByColumn(f, (ys) => ys.map((y) => add(mul(y, 0), 1))) },
  hvp: {
    of: (f) => (xs) => hvp((list: List) => total(f(list)), [xs], [along(xs)])[0],
    definition: (f) => (xs) => jvp((list: List) => gradOfTotal(f)(list), [xs], [along(xs)])[1],
    forward: true,
  },
  jacfwd: {
    of: (f) => (xs) => leaves(jacfwd((list: List) => f(list))(xs)),
    definition: (f) => (xs) => leaves(jacrev((list: List) => f(list))(xs)),
    forward: true,
    grows: true,
  },
  jacrev: {
    of: (f) => (xs) => leaves(jacrev((list: List) => f(list))(xs)),
    definition: (f) => (xs) => leaves(jacfwd((list: List) => f(list))(xs)),
    grows: true,
  },
  hessian: {
    of: (f) => (xs) => leaves(hessian((list: List) => total(f(list)))(xs)),
    definition: (f) => (xs) => leaves(jacrev((list: List) => jacrev((inner: List) => total(f(inner)))(list))(xs)),
    forward: true,
    grows: true,
  },
  'batch of one': unchanged((f) => (xs) => vmap(f)(xs.map((x) => expandDims(x, 0))).map((y) => squeeze(y, 0))),
}
