/*
 * linearTranspose : (x -> A x) -> (ct -> Aᵀ ct)
 *
 * The traced program runs with its arguments as variables of a builder that is not the base, as in linearize: what
 * depends on none of them is evaluated outside. What is left is transposed.
 */
import { treeUnflatten } from '../pytree.js'
import type { AnyFunction } from '../trace/trace.js'
import { Tracer, withBuilder } from '../trace/tracer.js'
import { checkLinear, kindOf } from './checkLinear.js'
import { runIR } from './interpret.js'
import { type LinearProgram, type TracedCall, traceFloating } from './linearize.js'
import { cotangentLeaves, pull } from './vjp.js'

/** The part of a linear function that depends on its arguments. */
const linearPart = ({ ir, captured, leaves }: TracedCall): LinearProgram =>
  withBuilder(false, (builder) => {
    const results = runIR(ir, [...captured, ...leaves.map((x) => builder.input(x.aval))])
    const depends = results.map((y) => y instanceof Tracer && y.builder === builder)
    const { ir: linear, captured: residuals } = builder.finish(results.filter((_, i) => depends[i]))
    let next = 0
    return { ir: linear, residuals, outputs: depends.map((is) => (is ? next++ : null)) }
  })

/**
 * The transpose of a linear function: `<linearTranspose(f)(ct), x> = <ct, f(x)>` for all x.
 *
 * @param f a pure function of pytrees of floating tensors, linear in all of its arguments together: f(0) = 0
 * @param examples arguments of the shapes and dtypes wanted; their values are not looked at
 * @returns takes a cotangent like f's result, gives one for each argument
 * @throws MissingRuleError naming the operation that is not linear. A constant that is added is found unless it depends
 * on the arguments of a transform around the call
 * @example linearTranspose((x) => mul(x, array([2, 3])), array([0, 0]))(array([1, 1])) // => [[2, 3]]
 */
export const linearTranspose = <A extends readonly unknown[], R>(
  f: (...args: A) => R,
  ...examples: A
): ((ct: R) => A) => {
  const traced = traceFloating('linearTranspose', f as AnyFunction, examples)
  const what = {
    op: 'linearTranspose',
    expected: 'the function must be linear in its arguments.',
    todo: 'pass what it is not linear in as a value that it closes over; for any function there is vjp',
  }
  checkLinear(what, traced.ir, [...traced.captured.map(kindOf), ...traced.leaves.map(() => 'linear' as const)])
  const linear = linearPart(traced)
  const avals = traced.ir.outputs.map((atom) => atom.aval)
  return (ct) => treeUnflatten<A>(traced.def, pull(linear, cotangentLeaves('linearTranspose', traced.out, avals, ct)))
}
