/*
 * hvp : (f, x, v) -> H v,  hessian : f -> H,  H = d²f/dx²
 *
 * Forward over reverse: the gradient's program, differentiated along v (or along every basis vector). Where that
 * program still holds a function with a customVjp, which has no derivative forwards, it is differentiated backwards.
 */

import { innerPrograms } from '../ir/axisNames.js'
import type { IR } from '../ir/ir.js'
import { zerosLike } from '../primitives/broadcast.js'
import { sameTree, treeFlatten, treesDiffer, treeUnflatten } from '../pytree.js'
import type { Tensor } from '../tensor.js'
import type { AnyFunction } from '../trace/trace.js'
import { type Argument, choose, type GradOptions } from './argument.js'
import { columnBlocks, type Jacobian, jacobianTree, jacrev, rowBlocks, traceChosen } from './jacobian.js'
import { checkTangents, jvpIR } from './jvp.js'
import { linearizeTraced, traceFloating } from './linearize.js'
import { grad, pull } from './vjp.js'

/** Whether a program holds what can be differentiated backwards only. */
const isBackwardOnly = (ir: IR): boolean =>
  ir.equations.some(
    (equation) => equation.primitive.properties.backwardOnly === true || innerPrograms(equation).some(isBackwardOnly),
  )

/**
 * The product of a scalar function's Hessian with a vector, without making the Hessian: `H v`, at the cost of a few
 * gradients. It is the derivative of the gradient along v (forward over reverse). Where a rule of a customVjp calls
 * such a function again, it is the gradient of `<grad f, v>` (reverse over reverse), which is the same for a Hessian
 * that is symmetric: if the customVjp is no true derivative, it is the transpose that is taken.
 *
 * @param f a pure function of pytrees of floating tensors to a scalar
 * @param primals the arguments, as a list
 * @param tangents v, one for each argument, of the same structure and avals
 * @returns H v, one entry for each argument, of its structure
 * @throws TreeMismatchError, ArgumentError, MissingRuleError
 * @example hvp((x) => sum(mul(mul(x, x), x)), [array([1, 2])], [array([1, 1])]) // => [[6, 12]]
 */
export const hvp = <A extends readonly unknown[]>(f: (...args: A) => Tensor, primals: A, tangents: A): A => {
  const [x, def] = treeFlatten(primals)
  const [v, tangentDef] = treeFlatten(tangents)
  if (!sameTree(def, tangentDef)) throw treesDiffer('hvp', def, tangentDef)
  checkTangents('hvp', def, x, v)
  const gradient = grad(f, { argument: primals.map((_, i) => i) })
  const traced = traceFloating('hvp', gradient as AnyFunction, primals)
  if (isBackwardOnly(traced.ir)) return treeUnflatten<A>(def, pull(linearizeTraced(traced).linear, v))
  const duals = jvpIR(traced.ir, [
    ...traced.captured.map((primal) => ({ primal, tangent: null })),
    ...x.map((primal, i) => ({ primal, tangent: v[i] ?? null })),
  ])
  return treeUnflatten<A>(
    def,
    duals.map(({ primal, tangent }) => tangent ?? zerosLike(primal)),
  )
}

/**
 * The Hessian of a function: forward over reverse, `jacfwd(jacrev(f))`. (Backwards twice where a rule of a customVjp
 * calls such a function again; see `hvp`.)
 *
 * @param f a pure function of pytrees of floating tensors; a scalar, or any tree of results
 * @param options `argument`: which one, or a list of them
 * @returns for a scalar a tree like the argument, each leaf a tree like the argument again: `H[a][b]` has shape
 * `[...a, ...b]`. For other results a tree like them, each leaf such a tree of trees, `[...y, ...a, ...b]`
 * @throws ArgumentError, DTypeError, MissingRuleError
 * @example hessian((x) => sum(mul(mul(x, x), x)))(array([1, 2])) // => [[6, 0], [0, 12]]
 */
export const hessian =
  <A extends readonly unknown[], R, const O extends GradOptions = Record<never, never>>(
    f: (...args: A) => R,
    options?: O,
  ): ((...args: A) => Jacobian<Jacobian<R, Argument<A, O>>, Argument<A, O>>) =>
  (...args) => {
    const chosen = choose('hessian', jacrev(f, options) as AnyFunction, args, options?.argument)
    const traced = traceChosen('hessian', chosen)
    const blocks = isBackwardOnly(traced.ir) ? rowBlocks(traced) : columnBlocks(traced)
    return jacobianTree(traced, chosen, blocks) as Jacobian<Jacobian<R, Argument<A, O>>, Argument<A, O>>
  }
