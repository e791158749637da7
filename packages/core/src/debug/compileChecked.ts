/* A compiled function whose results are looked at after every call. */
import { isFloating } from '../aval.js'
import { type Compiled, type CompileOptions, compile } from '../compile/compile.js'
import type { Engine } from '../compile/engine.js'
import { treeEntries, treeFlatten, treeUnflatten } from '../pytree.js'
import { HostTensor } from '../tensor.js'
import { findNaN } from './findNaN.js'
import { findNaNOn } from './findNaNOn.js'
import { explainNaN, type NaNReport } from './nanReport.js'
import { NonFiniteError } from './nonFiniteError.js'

/** How a checked function is compiled, and what its results must not hold. */
export interface CheckedOptions extends CompileOptions {
  /** Refuses infinities too. */
  readonly infinity?: boolean
}

const copy = async (tree: unknown): Promise<unknown> => {
  const [leaves, def] = treeFlatten(tree)
  const here = await Promise.all(leaves.map((x) => x.read()))
  return treeUnflatten(
    def,
    here.map(({ data, shape, dtype }) => new HostTensor(data.slice(), shape, dtype)),
  )
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

const failure = (op: string, what: string, engine: Engine, report: NaNReport | null): NonFiniteError =>
  new NonFiniteError(
    {
      op,
      expected: 'its results must be finite numbers.',
      received: `${what} on the engine ${engine.name}${
        report === null
          ? ', which none of its operations gives alone'
          : `\n${explainNaN(report).replaceAll(/^/gm, '            ')}`
      }`,
      todo:
        report === null
          ? 'compare with compile(f, referenceEngine()): the engine computes several operations at once'
          : 'mend that operation, or bound what it takes',
    },
    report,
  )

/**
 * As `compile`, but a result with a NaN rejects: the same arguments go to `findNaN`, and the error says where it comes
 * from; where the reference evaluator has none, the engine's operations are tried one by one. For debugging: donated
 * arguments are copied before every call, and every result is read.
 *
 * @param f as for `compile`
 * @param options as for `compile`; `infinity` refuses infinities too
 * @throws NonFiniteError, with the report of `findNaN`
 * @example
 * const step = compileChecked((x: Tensor) => sum(mul(log(x), x)), referenceEngine())
 * const error: unknown = await step(array([0, 1])).catch((thrown) => thrown)
 * error instanceof NonFiniteError ? error.report?.op : null // => 'mul'
 */
export const compileChecked = <A extends readonly unknown[], R>(
  f: (...args: A) => R,
  engine: Engine,
  { infinity = false, ...options }: CheckedOptions = {},
): Compiled<A, R> => {
  const compiled = compile(f, engine, options)
  const name = f.name === '' ? 'compileChecked' : f.name
  const wanted = { infinity, ...(options.static === undefined ? {} : { static: options.static }) }
  const isDonated = (i: number): boolean => options.donate?.includes(i) ?? false
  return async (...args) => {
    const kept = (await Promise.all(args.map((arg, i) => (isDonated(i) ? copy(arg) : arg)))) as unknown as A // border: copies
    const result = await compiled(...args)
    const path = await badResult(result, infinity)
    if (path === null) return result
    const report = findNaN(f, wanted)(...kept)
    if (report !== null) throw failure(name, `NaN or infinity in ${path}`, engine, report)
    throw failure(
      name,
      `the reference evaluator gives finite numbers; NaN or infinity in ${path}`,
      engine,
      await findNaNOn(f, engine, wanted)(...kept),
    )
  }
}
