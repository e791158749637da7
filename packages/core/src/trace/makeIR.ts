import { type Aval, isFloating, printAval, sameAval, sameShape } from '../aval.js'
import { ArgumentError } from '../errors.js'
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
 * @example makeIR((x) => sin(x))(scalar(1)).equations.map(({ primitive }) => primitive.name) // => ['sin']
 */
export const makeIR =
  <A extends readonly unknown[], R>(f: (...args: A) => R): ((...args: A) => Program<R>) =>
  (...args) => {
    const { ir, captured, out } = trace('makeIR', f as AnyFunction, args)
    return { ...ir, captured, out }
  }

/**
 * Runs a program on the reference evaluator. With `{ floats: 'f64' }` an f32 program is computed in f64 throughout, and
 * its f32 results come back as f64 tensors: the oracle of tests. Its f32 arguments may be f64 then.
 *
 * @throws ArgumentError for arguments of other shapes, dtypes or number than the program was traced for
 * @example evalIR(makeIR((x) => mul(x, 2))(scalar(1)), [scalar(3)]) // => 6
 */
export const evalIR = <R>(program: Program<R>, args: readonly unknown[], options: EvaluateOptions = {}): R => {
  const inputs = [...program.captured, ...treeLeaves(args)]
  checkInputs(program, inputs, options)
  const outputs = evaluateIR(inlineCalls(program), inputs, options)
  return treeUnflatten<R>(
    program.out,
    outputs.map(
      ({ data, shape, dtype }) =>
        new HostTensor(data, shape, options.floats === 'f64' && dtype === 'f32' ? 'f64' : dtype),
    ),
  )
}

const checkInputs = (
  { inputs, captured }: Program<unknown>,
  given: readonly Tensor[],
  { floats }: EvaluateOptions,
): void => {
  const fits = (x: Aval, wanted: Aval): boolean =>
    sameAval(x, wanted) ||
    (floats === 'f64' && isFloating(x.dtype) && isFloating(wanted.dtype) && sameShape(x.shape, wanted.shape))
  const taken = inputs.map((v) => v.aval)
  if (given.length === taken.length && given.every((x, i) => fits(x.aval, taken[i] ?? x.aval))) return
  const printed = (avals: readonly Aval[]): string =>
    avals.slice(captured.length).map(printAval).join(', ') || 'nothing'
  throw new ArgumentError({
    op: 'evalIR',
    expected: 'the arguments must be like those the program was made for.',
    received: `args ${printed(given.map((x) => x.aval))}; the program takes ${printed(taken)}`,
    todo: 'make a program for other shapes and dtypes with makeIR',
  })
}
