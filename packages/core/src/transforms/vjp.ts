/*
 * vjp : (f, x) -> (f(x), ct -> df(x)ᵀ·ct),  grad f = vjp of a scalar with ct = 1
 *
 * linearize, then transpose the linear program.
 */
import { type Aval, isFloating, printAval, sameAval } from '../aval.js'
import { ArgumentError, DTypeError, TreeMismatchError } from '../errors.js'
import { full, zeros } from '../primitives/broadcast.js'
import { leafPaths, printTree, sameTree, type TreeDef, treeFlatten, treesDiffer, treeUnflatten } from '../pytree.js'
import type { Tensor } from '../tensor.js'
import { type AnyFunction, scalarOutput } from '../trace/trace.js'
import { type Argument, choose, type GradOptions } from './argument.js'
import { type LinearProgram, linearizeFunction } from './linearize.js'
import { transposeIR } from './transpose.js'

/** `ct -> Jᵀ ct`, leaf by leaf; `null` is a zero. */
export const pull = (linear: LinearProgram, cts: readonly (Tensor | null)[]): readonly Tensor[] => {
  const kept = linear.outputs.flatMap((output, i) => (output === null ? [] : [cts[i] ?? null]))
  const known = linear.residuals.length
  const parts = transposeIR(linear.ir, linear.residuals, kept)
  return parts.map((ct, i) => {
    const aval = linear.ir.inputs[known + i]?.aval
    return ct ?? zeros(aval?.shape ?? [], aval?.dtype)
  })
}

/**
 * The leaves of a cotangent that a caller gave.
 *
 * @throws TreeMismatchError, ArgumentError unless it is like the result
 */
export const cotangentLeaves = (op: string, out: TreeDef, avals: readonly Aval[], ct: unknown): readonly Tensor[] => {
  const [cts, ctDef] = treeFlatten(ct)
  if (!sameTree(out, ctDef)) throw treesDiffer(op, out, ctDef)
  for (const [i, wanted] of avals.entries()) {
    const given = cts[i]
    if (given === undefined || !sameAval(given.aval, wanted)) {
      throw new ArgumentError({
        op,
        expected: 'the cotangent must have the shape and dtype of the result.',
        received: `result${leafPaths(out)[i] ?? ''} ${printAval(wanted)}, its cotangent ${given === undefined ? 'missing' : printAval(given.aval)}`,
        todo: 'broadcast or cast the cotangent',
      })
    }
  }
  return cts
}

/**
 * The value of f, and the function from a cotangent of the result to the cotangents of the arguments.
 *
 * @param f a pure function of pytrees of floating tensors
 * @throws ArgumentError, TreeMismatchError; MissingRuleError for an op without a derivative
 * @example const [y, pullBack] = vjp((x) => mul(x, x), scalar(3)); pullBack(scalar(1)) // => [6]
 */
export const vjp = <A extends readonly unknown[], R>(
  f: (...args: A) => R,
  ...primals: A
): readonly [R, (ct: R) => A] => {
  const [, def] = treeFlatten(primals)
  const { out, results, linear } = linearizeFunction('vjp', f as AnyFunction, primals)
  const avals = results.map((y) => y.aval)
  const pullBack = (ct: R): A => treeUnflatten<A>(def, pull(linear, cotangentLeaves('vjp', out, avals, ct)))
  return [treeUnflatten<R>(out, results), pullBack]
}

const differentiate = (
  op: string,
  f: AnyFunction,
  args: readonly unknown[],
  { argument }: GradOptions,
  hasAux: boolean,
): { readonly value: Tensor; readonly aux: unknown; readonly gradient: unknown } => {
  const chosen = choose(op, f, args, argument)
  const [, def] = treeFlatten(chosen.args)
  const { out, results, linear } = linearizeFunction(op, chosen.f, chosen.args, chosen.places)
  const whole: unknown = treeUnflatten(out, results)
  if (hasAux && !(Array.isArray(whole) && whole.length === 2)) {
    throw new TreeMismatchError({
      op,
      expected: 'the function must return [scalar, more].',
      received: `result ${printTree(out)}`,
      todo: 'return both in an array; valueAndGrad takes a function that returns the scalar alone',
    })
  }
  const [first, aux] = hasAux && Array.isArray(whole) ? whole : [whole, null]
  const value = scalarOutput(op, treeFlatten(first)[0])
  if (!isFloating(value.dtype)) {
    throw new DTypeError({
      op,
      expected: 'the function must return a floating scalar.',
      received: `result ${printAval(value.aval)}`,
      todo: 'a whole number has no slope; cast earlier, or return the float it was made of',
    })
  }
  const cts = results.map((_, i) => (i === 0 ? full([], 1, value.dtype) : null))
  return { value, aux, gradient: chosen.asAsked(treeUnflatten<readonly unknown[]>(def, pull(linear, cts))) }
}

/**
 * The gradient of a scalar function with respect to one argument (the first, or `options.argument`), or to several
 * (`argument: [0, 2]`, which gives a list). Each gradient has the structure of its argument.
 *
 * @throws TreeMismatchError unless f returns one scalar; ArgumentError; MissingRuleError
 * @example grad((x) => sum(mul(x, x)))(array([1, 2])) // => [2, 4]
 * @example grad((x, y) => sum(mul(x, y)), { argument: [0, 1] })(array([1, 2]), array([3, 4])) // => [[3, 4], [1, 2]]
 */
export const grad =
  <A extends readonly unknown[], const O extends GradOptions = Record<never, never>>(
    f: (...args: A) => Tensor,
    options?: O,
  ): ((...args: A) => Argument<A, O>) =>
  (...args) =>
    differentiate('grad', f as AnyFunction, args, options ?? {}, false).gradient as Argument<A, O>

/**
 * The value of a scalar function and its gradient, from one pass.
 *
 * @example valueAndGrad((x) => sum(mul(x, x)))(array([1, 2])) // => [5, [2, 4]]
 */
export const valueAndGrad =
  <A extends readonly unknown[], const O extends GradOptions = Record<never, never>>(
    f: (...args: A) => Tensor,
    options?: O,
  ): ((...args: A) => readonly [value: Tensor, gradient: Argument<A, O>]) =>
  (...args) => {
    const { value, gradient } = differentiate('valueAndGrad', f as AnyFunction, args, options ?? {}, false)
    return [value, gradient as Argument<A, O>]
  }

/**
 * As `valueAndGrad`, for a function that returns `[scalar, more]`: what it reports besides comes back too.
 *
 * @example valueAndGradAux((x) => [mul(x, x), neg(x)])(scalar(3)) // => [[9, -3], 6]
 */
export const valueAndGradAux =
  <A extends readonly unknown[], Aux, const O extends GradOptions = Record<never, never>>(
    f: (...args: A) => readonly [Tensor, Aux],
    options?: O,
  ): ((...args: A) => readonly [readonly [Tensor, Aux], Argument<A, O>]) =>
  (...args) => {
    const { value, aux, gradient } = differentiate('valueAndGradAux', f as AnyFunction, args, options ?? {}, true)
    return [[value, aux as Aux], gradient as Argument<A, O>]
  }
