/*
 * The rules of the calculus, for any functions of pytrees: chain, product, quotient. The derivative of what is put
 * together is put together from the derivatives. Letters: x primals, u a tangent, w a cotangent, J a Jacobian.
 */
import { add, div, jvp, mul, sub, type Tensor, treeFlatten, treeUnflatten, vjp } from '@cotangent/core'
import type { ListFunction } from '../oracle.js'
import { type AnyFunction, applied, direction, problemOf } from './problem.js'
import { checkSamePrograms } from './program.js'

const pushed = (f: ListFunction, xs: readonly Tensor[], us: readonly Tensor[]): readonly Tensor[] =>
  jvp((list: readonly Tensor[]) => f(list), [xs], [us])[1]

/**
 * Chain rule: `J(g∘f) u = Jg Jf u` and `J(g∘f)ᵀ w = Jfᵀ Jgᵀ w`.
 *
 * @param g a function of what f gives
 * @param options forward: false where f or g has a customVjp, backward: false where it has a whileLoop
 */
export const chainRule = (
  f: AnyFunction,
  g: AnyFunction,
  args: readonly unknown[],
  { seed = 0, forward = true, backward = true } = {},
): void => {
  const inner = problemOf(f, args)
  const [, def] = treeFlatten(applied(f, args))
  const outer: ListFunction = (ys) => treeFlatten(applied(g, [treeUnflatten<unknown>(def, ys)]))[0]
  const whole: ListFunction = (xs) => outer(inner.f(xs))
  const us = direction(seed, inner.xs, 'tangent')
  const ws = direction(seed, whole(inner.xs), 'cotangent')
  const comparison = { check: 'chain rule', names: ['of the whole', 'of the parts'] as const, rtol: 1e-12 }
  if (forward) {
    checkSamePrograms(
      { ...comparison, expected: 'J(g∘f) u must equal Jg Jf u.' },
      inner.xs,
      (xs) => pushed(whole, xs, us),
      (xs) => pushed(outer, inner.f(xs), pushed(inner.f, xs, us)),
    )
  }
  if (backward) {
    checkSamePrograms(
      { ...comparison, expected: 'J(g∘f)ᵀ w must equal Jfᵀ Jgᵀ w.' },
      inner.xs,
      (xs) => vjp((list: readonly Tensor[]) => whole(list), xs)[1](ws)[0],
      (xs) => {
        const [ys, pullF] = vjp((list: readonly Tensor[]) => inner.f(list), xs)
        return pullF(vjp((list: readonly Tensor[]) => outer(list), ys)[1](ws)[0])[0]
      },
    )
  }
}

type Combine = (a: Tensor, b: Tensor) => Tensor

/** J of a combination of f and g along u, against what a rule makes of f, g, Jf u and Jg u. */
const combined = (
  check: string,
  expected: string,
  [f, g]: readonly [AnyFunction, AnyFunction],
  args: readonly unknown[],
  seed: number,
  combine: Combine,
  rule: (f: Tensor, g: Tensor, df: Tensor, dg: Tensor) => Tensor,
): void => {
  const [first, second] = [problemOf(f, args), problemOf(g, args)]
  const us = direction(seed, first.xs, 'tangent')
  const zip = (as: readonly Tensor[], bs: readonly Tensor[]): readonly Tensor[] =>
    as.flatMap((a, i) => (bs[i] === undefined ? [] : [combine(a, bs[i])]))
  checkSamePrograms(
    { check, expected, names: ['of the whole', 'of the parts'], rtol: 1e-11 },
    first.xs,
    (xs) => pushed((list) => zip(first.f(list), second.f(list)), xs, us),
    (xs) => {
      const [as, bs] = [first.f(xs), second.f(xs)]
      const [das, dbs] = [pushed(first.f, xs, us), pushed(second.f, xs, us)]
      return as.flatMap((a, i) => {
        const [b, da, db] = [bs[i], das[i], dbs[i]]
        return b === undefined || da === undefined || db === undefined ? [] : [rule(a, b, da, db)]
      })
    },
  )
}

/** Product rule: `J(f·g) u = Jf u · g + f · Jg u`, element by element; results of f and g must broadcast. */
export const productRule = (f: AnyFunction, g: AnyFunction, args: readonly unknown[], seed = 0): void =>
  combined('product rule', 'J(f·g) u must equal Jf u · g + f · Jg u.', [f, g], args, seed, mul, (a, b, da, db) =>
    add(mul(da, b), mul(a, db)),
  )

/** Quotient rule: `J(f/g) u = (Jf u · g - f · Jg u) / g²`; g must stay away from 0. */
export const quotientRule = (f: AnyFunction, g: AnyFunction, args: readonly unknown[], seed = 0): void =>
  combined(
    'quotient rule',
    'J(f/g) u must equal (Jf u · g - f · Jg u) / g².',
    [f, g],
    args,
    seed,
    div,
    (a, b, da, db) => div(sub(mul(da, b), mul(a, db)), mul(b, b)),
  )
