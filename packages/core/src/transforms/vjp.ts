/*
 * vjp : (f, x) -> (f(x), ct -> df(x)ᵀ·ct),  grad f = vjp of a scalar with ct = 1
 *
 * linearize, then transpose the linear program.
 */
import { isFloating, printAval, sameAval } from '../aval.js'
import { ArgumentError, DTypeError } from '../errors.js'
import { full, zeros } from '../primitives/broadcast.js'
import { sameTree, treeFlatten, treesDiffer, treeUnflatten } from '../pytree.js'
import type { Tensor } from '../tensor.js'
import { type AnyFunction, scalarOutput } from '../trace/trace.js'
import { type LinearProgram, linearizeFunction } from './linearize.js'
import { transposeIR } from './transpose.js'

const pull = (linear: LinearProgram, cts: readonly (Tensor | null)[]): readonly Tensor[] => {
  const kept = linear.outputs.flatMap((output, i) => (output === null ? [] : [cts[i] ?? null]))
  const known = linear.residuals.length
  const parts = transposeIR(linear.ir, linear.residuals, kept)
  return parts.map((ct, i) => {
    const aval = linear.ir.inputs[known + i]?.aval
    return ct ?? zeros(aval?.shape ?? [], aval?.dtype)
  })
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
  const pullBack = (ct: R): A => {
    const [cts, ctDef] = treeFlatten(ct)
    if (!sameTree(out, ctDef)) throw treesDiffer('vjp', out, ctDef)
    for (const [i, y] of results.entries()) {
      const given = cts[i]
      if (given === undefined || !sameAval(given.aval, y.aval)) {
        throw new ArgumentError({
          op: 'vjp',
          expected: 'the cotangent must have the shape and dtype of the result.',
          received: `result ${printAval(y.aval)}, cotangent ${given === undefined ? 'missing' : printAval(given.aval)}`,
          todo: 'broadcast or cast the cotangent',
        })
      }
    }
    return treeUnflatten<A>(def, pull(linear, cts))
  }
  return [treeUnflatten<R>(out, results), pullBack]
}

/** What `grad` and `valueAndGrad` may be told. */
export interface GradOptions {
  /** Which argument to differentiate; the first by default. */
  readonly argument?: number
}

const differentiate = (
  op: string,
  f: AnyFunction,
  args: readonly unknown[],
  argument: number,
  hasAux: boolean,
): { readonly value: Tensor; readonly aux: unknown; readonly gradient: unknown } => {
  if (!Number.isInteger(argument) || argument < 0 || argument >= args.length) {
    throw new ArgumentError({
      op,
      expected: `the argument to differentiate must be one of the ${args.length} given.`,
      received: `argument ${argument}`,
      todo: 'count from 0',
    })
  }
  const of = (x: unknown): unknown => {
    const filled = args.map((arg, i) => (i === argument ? x : arg))
    return (f as (...all: unknown[]) => unknown)(...filled)
  }
  const [, def] = treeFlatten(args[argument])
  const { out, results, linear } = linearizeFunction(op, of as AnyFunction, [args[argument]])
  const whole: unknown = treeUnflatten(out, results)
  const [first, aux] = hasAux && Array.isArray(whole) ? whole : [whole, null]
  const value = scalarOutput(op, treeFlatten(first)[0])
  if (!isFloating(value.dtype)) {
    throw new DTypeError({
      op,
      expected: 'the function must return a floating scalar.',
      received: printAval(value.aval),
      todo: 'a whole number has no slope; cast earlier, or return the float it was made of',
    })
  }
  const cts = results.map((_, i) => (i === 0 ? full([], 1, value.dtype) : null))
  return { value, aux, gradient: treeUnflatten(def, pull(linear, cts)) }
}

/** The arguments' types are the caller's; what comes back has the type of the argument that is differentiated. */
type Argument<A extends readonly unknown[], O extends GradOptions> = O extends { readonly argument: infer I }
  ? I extends keyof A
    ? A[I]
    : A[number]
  : A[0]

/**
 * The gradient of a scalar function with respect to one argument (the first, or `options.argument`).
 * The gradient has the structure of that argument.
 *
 * @throws TreeMismatchError unless f returns one scalar; ArgumentError; MissingRuleError
 * @example grad((x) => sum(mul(x, x)))(array([1, 2])) // => [2, 4]
 */
export const grad =
  <A extends readonly unknown[], const O extends GradOptions = Record<never, never>>(
    f: (...args: A) => Tensor,
    options?: O,
  ): ((...args: A) => Argument<A, O>) =>
  (...args) =>
    differentiate('grad', f as AnyFunction, args, options?.argument ?? 0, false).gradient as Argument<A, O>

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
    const { value, gradient } = differentiate('valueAndGrad', f as AnyFunction, args, options?.argument ?? 0, false)
    return [value, gradient as Argument<A, O>]
  }

/**
 * As `valueAndGrad`, for a function that returns `[scalar, more]`: what it reports besides comes back too.
 *
 * @example const [[loss, terms], gradient] = valueAndGradAux(lossAndTerms)(params)
 */
export const valueAndGradAux =
  <A extends readonly unknown[], Aux, const O extends GradOptions = Record<never, never>>(
    f: (...args: A) => readonly [Tensor, Aux],
    options?: O,
  ): ((...args: A) => readonly [readonly [Tensor, Aux], Argument<A, O>]) =>
  (...args) => {
    const { value, aux, gradient } = differentiate(
      'valueAndGradAux',
      f as AnyFunction,
      args,
      options?.argument ?? 0,
      true,
    )
    return [[value, aux as Aux], gradient as Argument<A, O>]
  }
