import { type Aval, printAval } from '../aval.js'
import { ArgumentError, TreeMismatchError } from '../errors.js'
import type { IR } from '../ir/ir.js'
import { type TreeDef, treeFlatten, treeUnflatten } from '../pytree.js'
import type { Tensor } from '../tensor.js'
import { withBuilder } from './tracer.js'

/** A traced function: its program, what it closed over (the program's first inputs), and the tree of its result. */
export interface Traced {
  readonly ir: IR
  readonly captured: readonly Tensor[]
  readonly out: TreeDef
}

/**
 * Any function of pytrees; each public transform says the types. Border: a cast to it forgets those of the arguments,
 * whose structure is data from there on.
 */
export type AnyFunction = (...args: never[]) => unknown

/**
 * Runs a function of leaves on tracers of the given avals. The base builder takes everything that happens meanwhile.
 *
 * @param traced names the function, for messages, where a user wrote it: its equations keep their lines then
 */
export const traceLeaves = (
  avals: readonly Aval[],
  f: (leaves: readonly Tensor[]) => readonly Tensor[],
  traced: string | null = null,
): { readonly ir: IR; readonly captured: readonly Tensor[] } =>
  withBuilder(
    true,
    (builder) => {
      const inputs = avals.map((aval) => builder.input(aval))
      return builder.finish(f(inputs))
    },
    traced,
  )

/** Gives a function that stands for another one its name, for messages. */
export const namedAs = <F extends AnyFunction>(name: string, f: F): F =>
  Object.defineProperty(f, 'name', { value: name })

/** Runs a function of pytrees on tracers with the avals and structure of `args`. */
export const trace = (op: string, f: AnyFunction, args: readonly unknown[]): Traced => {
  const [leaves, def] = treeFlatten(args)
  return traceTree(
    op,
    f,
    def,
    leaves.map((x) => x.aval),
  )
}

/** Runs a function of pytrees on tracers of the given avals, in the structure of its arguments. */
export const traceTree = (op: string, f: AnyFunction, def: TreeDef, avals: readonly Aval[]): Traced => {
  let out: TreeDef | null = null
  const run = (tracers: readonly Tensor[]): readonly Tensor[] => {
    const result = f(...treeUnflatten<never[]>(def, tracers))
    if (result instanceof Promise) {
      result.catch(() => undefined) // the error below says what is wrong; a rejection of its own would hide it
      throw new ArgumentError({
        op,
        expected: 'a traced function must be synchronous.',
        received: 'a function that returns a Promise',
        todo: 'await what it needs before the call and pass the result as an argument',
      })
    }
    const [outputs, tree] = treeFlatten(result)
    out = tree
    return outputs
  }
  const { ir, captured } = traceLeaves(avals, run, `${f.name === '' ? 'a function' : f.name} under ${op}`)
  if (out === null) throw new Error('unreachable')
  return { ir, captured, out }
}

/** The only leaf of a scalar function's result. */
export const scalarOutput = (op: string, leaves: readonly Tensor[], what = 'the function'): Tensor => {
  const [value] = leaves
  if (value === undefined || leaves.length > 1 || value.rank > 0) {
    throw new TreeMismatchError({
      op,
      expected: `${what} must return one scalar.`,
      received: leaves.length === 0 ? 'nothing' : `result ${leaves.map((x) => printAval(x.aval)).join(', ')}`,
      todo: 'reduce with sum() or mean(); for several outputs use vjp',
    })
  }
  return value
}
