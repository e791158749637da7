/* A compiled function whose results are looked at after every call. */
import { isFloating } from '../aval.js'
import { type Compiled, type CompileOptions, compile } from '../compile/compile.js'
import type { Engine } from '../compile/engine.js'
import { treeEntries, treeFlatten, treeMap } from '../pytree.js'
import { HostTensor } from '../tensor.js'
import { findNaN } from './findNaN.js'
import { explainNaN, type NaNReport } from './nanReport.js'
import { NonFiniteError } from './nonFiniteError.js'

/** How a checked function is compiled, and what its results must not hold. */
export interface CheckedOptions extends CompileOptions {
  /** Refuses infinities too. */
  readonly infinity?: boolean
}

const copy = async (tree: unknown): Promise<unknown> => {
  const [leaves] = treeFlatten(tree)
  const here = await Promise.all(leaves.map((x) => x.read()))
  let next = 0
  return treeMap(() => {
    const x = here[next++]
    if (x === undefined) throw new Error('unreachable')
    return new HostTensor(x.data.slice(), x.shape, x.dtype)
  }, tree)
}

/** The path of the first result with a NaN (or an infinity). */
const badResult = async (tree: unknown, infinity: boolean): Promise<string | null> => {
  for (const [path, leaf] of treeEntries(tree)) {
    if (!isFloating(leaf.dtype)) continue
    const { data } = await leaf.read()
    if (data.some((x) => (infinity ? !Number.isFinite(x) : Number.isNaN(x)))) return path === '' ? 'the result' : path
  }
  return null
}

const failure = (op: string, path: string, engine: Engine, report: NaNReport | null): NonFiniteError =>
  new NonFiniteError(
    {
      op,
      expected: 'its results must be finite numbers.',
      received: `NaN or infinity in ${path}, on the engine ${engine.name}; ${
        report === null
          ? 'the reference evaluator gives none for the same arguments'
          : `the same arguments on the reference evaluator:\n${explainNaN(report).replaceAll(/^/gm, '    ')}`
      }`,
      todo:
        report === null
          ? 'a number near the limit of f32 may be beyond it here: compare with compile(f, referenceEngine())'
          : 'mend that operation, or bound what it takes',
    },
    report,
  )

/**
 * As `compile`, but a result with a NaN rejects: the same arguments go to `findNaN`, and the error says where it comes
 * from. For debugging: donated arguments are copied before every call, and every result is read.
 *
 * @param f as for `compile`
 * @param options as for `compile`; `infinity` refuses infinities too
 * @throws NonFiniteError, with the report of `findNaN`
 * @example
 * const step = compileChecked((x: Tensor) => sum(mul(log(x), x)), referenceEngine())
 * await step(array([0, 1])).catch((error) => error.report?.op) // => 'mul'
 */
export const compileChecked = <A extends readonly unknown[], R>(
  f: (...args: A) => R,
  engine: Engine,
  { infinity = false, ...options }: CheckedOptions = {},
): Compiled<A, R> => {
  const compiled = compile(f, engine, options)
  const isDonated = (i: number): boolean => options.donate?.includes(i) ?? false
  return async (...args) => {
    const kept = await Promise.all(args.map((arg, i) => (isDonated(i) ? copy(arg) : arg)))
    const result = await compiled(...args)
    const path = await badResult(result, infinity)
    if (path === null) return result
    const search = findNaN(f, { infinity, ...(options.static === undefined ? {} : { static: options.static }) })
    const report = search(...(kept as unknown as A)) // border: each a copy of the argument
    throw failure(f.name === '' ? 'compileChecked' : f.name, path, engine, report)
  }
}
