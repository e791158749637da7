/* The second derivative of a scalar function: one matrix, symmetric, however it is computed. */
import { add, grad, jvp, mul, scalar, sum, type Tensor } from '@cotangent/core'
import type { ListFunction } from '../oracle.js'
import { type AnyFunction, direction, problemOf } from './problem.js'
import { checkSamePrograms } from './program.js'

/** Σ <x, y> */
const inner = (xs: readonly Tensor[], ys: readonly Tensor[]): Tensor =>
  xs.map((x, i) => sum(mul(x, ys[i] ?? x))).reduce(add)

/**
 * `H u` is one vector: forward over reverse, reverse over forward, and reverse over reverse; and H is symmetric,
 * `<v, H u> = <u, H v>`. For smooth functions with a scalar result.
 *
 * @param f a scalar function of pytrees
 */
export const hessianIsSymmetric = (f: AnyFunction, args: readonly unknown[], seed = 0): void => {
  const problem = problemOf(f, args)
  if (problem.xs.length === 0) return
  const value = (xs: readonly Tensor[]): Tensor => problem.f(xs)[0] ?? scalar(0)
  const [us, vs] = [direction(seed, problem.xs, 'tangent'), direction(seed + 1, problem.xs, 'tangent')]
  const forwardOverReverse =
    (along: readonly Tensor[]): ListFunction =>
    (xs) =>
      jvp((list: readonly Tensor[]) => grad(value)(list), [xs], [along])[1]
  const reverseOverForward: ListFunction = (xs) => grad((list: readonly Tensor[]) => jvp(value, [list], [us])[1])(xs)
  const reverseOverReverse: ListFunction = (xs) => grad((list: readonly Tensor[]) => inner(grad(value)(list), us))(xs)
  const comparison = { check: 'Hessian', expected: 'H u must not depend on how it is computed.', rtol: 1e-9 }
  const first = 'forward over reverse'
  checkSamePrograms(
    { ...comparison, names: ['reverse over forward', first] },
    problem.xs,
    reverseOverForward,
    forwardOverReverse(us),
  )
  checkSamePrograms(
    { ...comparison, names: ['reverse over reverse', first] },
    problem.xs,
    reverseOverReverse,
    forwardOverReverse(us),
  )
  checkSamePrograms(
    { check: 'Hessian', expected: '<v, H u> must equal <u, H v>.', names: ['<v, H u>', '<u, H v>'], rtol: 1e-9 },
    problem.xs,
    (xs) => [inner(vs, forwardOverReverse(us)(xs))],
    (xs) => [inner(us, forwardOverReverse(vs)(xs))],
  )
}
