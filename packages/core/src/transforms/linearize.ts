/*
 * linearize : (f, x) -> (f(x), dx -> df(x)·dx)
 *
 * The jvp interpreter runs once, with tangents that are variables of a builder which is not the base. What depends on a
 * tangent becomes an equation there; everything else is evaluated (or traced) outside and captured as a residual. So
 * the program of that builder is linear in its inputs, and its captured values are what the backward pass needs.
 */
import { isFloating, printAval } from '../aval.js'
import { ArgumentError } from '../errors.js'
import type { IR } from '../ir/ir.js'
import { zerosLike } from '../primitives/broadcast.js'
import { leafPaths, sameTree, type TreeDef, treeFlatten, treesDiffer, treeUnflatten } from '../pytree.js'
import type { Tensor } from '../tensor.js'
import { type AnyFunction, type Traced, trace } from '../trace/trace.js'
import { withBuilder } from '../trace/tracer.js'
import { runIR } from './interpret.js'
import { checkTangents, jvpIR } from './jvp.js'

/** `dx -> J dx` as a program: inputs are residuals, then tangents; an output that is `null` does not depend on them. */
export interface LinearProgram {
  readonly ir: IR
  readonly residuals: readonly Tensor[]
  /** For each result of f, the program's output that is its tangent. */
  readonly outputs: readonly (number | null)[]
}

/** Linearizes a program in the inputs where `active`. */
export const linearizeIR = (
  ir: IR,
  inputs: readonly Tensor[],
  active: readonly boolean[],
): { readonly results: readonly Tensor[]; readonly linear: LinearProgram } =>
  withBuilder(false, (builder) => {
    const duals = inputs.map((primal, i) => ({ primal, tangent: active[i] ? builder.input(primal.aval) : null }))
    const outs = jvpIR(ir, duals)
    const tangents = outs.flatMap((d) => d.tangent ?? [])
    const { ir: linearIR, captured } = builder.finish(tangents)
    let next = 0
    return {
      results: outs.map((d) => d.primal),
      linear: {
        ir: linearIR,
        residuals: captured,
        outputs: outs.map((d) => (d.tangent === null ? null : next++)),
      },
    }
  })

export interface Linearized {
  readonly out: TreeDef
  readonly results: readonly Tensor[]
  readonly linear: LinearProgram
}

/** A traced function, and the leaves of the arguments it was traced with. */
export interface TracedCall extends Traced {
  readonly leaves: readonly Tensor[]
  readonly def: TreeDef
}

/**
 * Traces f, whose derivative is asked for in all leaves of its arguments.
 *
 * @param places which arguments of the caller's function these are, for the message
 * @throws ArgumentError for leaves that are not floating
 */
export const traceFloating = (
  op: string,
  f: AnyFunction,
  args: readonly unknown[],
  places: readonly number[] = args.map((_, i) => i),
): TracedCall => {
  const [leaves, def] = treeFlatten(args)
  for (const [i, x] of leaves.entries()) {
    if (!isFloating(x.dtype)) {
      throw new ArgumentError({
        op,
        expected: 'derivatives are taken with respect to floating tensors.',
        received: `args${argumentPaths(def, places)[i] ?? ''} ${printAval(x.aval)}`,
        todo: 'name another argument to differentiate, close over this one, or cast it',
      })
    }
  }
  return { ...trace(op, f, args), leaves, def }
}

/** Paths of the leaves of arguments, as they follow the list of all: `[2].layers[0].w`. */
const argumentPaths = (def: TreeDef, places: readonly number[]): readonly string[] =>
  def.kind === 'array' ? def.items.flatMap((item, i) => leafPaths(item).map((path) => `[${places[i]}]${path}`)) : []

/** Linearizes a traced function in all leaves of its arguments. */
export const linearizeTraced = ({ ir, captured, out, leaves }: TracedCall): Linearized => ({
  out,
  ...linearizeIR(ir, [...captured, ...leaves], [...captured.map(() => false), ...leaves.map(() => true)]),
})

/** Traces f and linearizes it in all leaves of its arguments. */
export const linearizeFunction = (
  op: string,
  f: AnyFunction,
  args: readonly unknown[],
  places?: readonly number[],
): Linearized => linearizeTraced(traceFloating(op, f, args, places))

/**
 * The value of f, and its derivative at that point as a linear function that can be applied many times.
 *
 * @example const [y, df] = linearize(sin, scalar(0)); df(scalar(2)) // => 2
 */
export const linearize = <A extends readonly unknown[], R>(
  f: (...args: A) => R,
  ...primals: A
): readonly [R, (...tangents: A) => R] => {
  const [leaves, def] = treeFlatten(primals)
  const { out, results, linear } = linearizeFunction('linearize', f as AnyFunction, primals)
  const push = (...tangents: A): R => {
    const [dx, tangentDef] = treeFlatten(tangents)
    if (!sameTree(def, tangentDef)) throw treesDiffer('linearize', def, tangentDef)
    checkTangents('linearize', def, leaves, dx)
    const values = runIR(linear.ir, [...linear.residuals, ...dx])
    return treeUnflatten<R>(
      out,
      results.map((y, i) => values[linear.outputs[i] ?? -1] ?? zerosLike(y)),
    )
  }
  return [treeUnflatten<R>(out, results), push]
}
