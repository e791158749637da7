import type { IR } from '../ir/ir.js'
import { inlineCalls } from '../ir/passes.js'
import { type TreeDef, treeLeaves, treeUnflatten } from '../pytree.js'
import { type EvaluateOptions, evaluateIR } from '../reference/evaluate.js'
import { HostTensor, type Tensor } from '../tensor.js'
import { type AnyFunction, trace } from './trace.js'

/** A program with the values it closed over, its first inputs, and the structure of its result. */
export interface Program<R> extends IR {
  readonly captured: readonly Tensor[]
  readonly out: TreeDef
  /** Never there: carries the result's type. */
  readonly result?: R
}

/**
 * The program of a function at these arguments. Only their shapes, dtypes and structure matter.
 *
 * @example printIR(makeIR((x) => mul(x, 2))(array([1, 2])))
 */
export const makeIR =
  <A extends readonly unknown[], R>(f: (...args: A) => R): ((...args: A) => Program<R>) =>
  (...args) => {
    const { ir, captured, out } = trace('makeIR', f as AnyFunction, args)
    return { ...ir, captured, out }
  }

/**
 * Runs a program on the reference evaluator. With `{ floats: 'f64' }` an f32 program is computed in f64 throughout, and
 * its f32 results come back as f64 tensors: the oracle of tests.
 */
export const evalIR = <R>(program: Program<R>, args: readonly unknown[], options: EvaluateOptions = {}): R => {
  const inputs = [...program.captured, ...treeLeaves(args)]
  const outputs = evaluateIR(inlineCalls(program), inputs, options)
  return treeUnflatten<R>(
    program.out,
    outputs.map(
      ({ data, shape, dtype }) =>
        new HostTensor(data, shape, options.floats === 'f64' && dtype === 'f32' ? 'f64' : dtype),
    ),
  )
}
