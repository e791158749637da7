/*
 * compile : (f, engine) -> ((...args) => Promise<f(...args)>)
 *
 * The only asynchronous border. A function is traced once per signature of its arguments; the program is loaded into
 * the engine; what it closed over became inputs, so tensors are never part of the program.
 */
import { printAval } from '../aval.js'
import { ArgumentError, type ProgramError } from '../errors.js'
import { countFlops } from '../ir/flops.js'
import { treeFlatten, treeLeaves, treeUnflatten } from '../pytree.js'
import type { Tensor } from '../tensor.js'
import { type AnyFunction, namedAs, trace } from '../trace/trace.js'
import { leaked, Tracer } from '../trace/tracer.js'
import { printStatic } from '../transforms/signature.js'
import type { CompileEvent } from './compileEvent.js'
import type { Engine } from './engine.js'
import { CompileHistory, withHistory } from './history.js'
import { type Loaded, loadStages, runLoaded } from './loaded.js'
import { prepareIR } from './prepare.js'
import { printSignature, type Signature, sameSignature } from './signature.js'

/** How a compiled function treats its arguments, and who is told of a compilation. */
export interface CompileOptions {
  /** Arguments whose storage may be used again for results. They throw when read afterwards. */
  readonly donate?: readonly number[]
  /**
   * Arguments that are plain values, not tensors: a new value means a new program. Functions and instances of classes are
   * told apart by identity, all else by content.
   */
  readonly static?: readonly number[]
  readonly onCompile?: (event: CompileEvent) => void
}

const load = async (op: string, f: AnyFunction, args: readonly unknown[], engine: Engine) => {
  const { ir: traced, captured, out } = trace(op, f, args)
  const ir = prepareIR(traced, (primitive) => engine.lowers(primitive))
  return { ir, loaded: { captured, out, ...(await loadStages(ir, engine)) } satisfies Loaded }
}

/** A compiled function; `close` is the engine's. */
export type Compiled<A extends readonly unknown[], R> = (...args: A) => Promise<R>

/** `f` of the arguments that are not static, the others as they are. It holds on to nothing else. */
const withFixed = (f: AnyFunction, args: readonly unknown[], isStatic: (i: number) => boolean): AnyFunction => {
  const fixed = args.map((value, i) => (isStatic(i) ? { value } : null))
  return namedAs(f.name, (...rest: never[]) => {
    let next = 0
    const all = fixed.map((x) => (x === null ? rest[next++] : x.value))
    return f(...(all as never[]))
  })
}

const refused = (op: string, x: Tracer): ProgramError =>
  x.builder.open
    ? new ArgumentError({
        op,
        expected: 'a compiled function takes tensors with values.',
        received: `${printAval(x.aval)}, a traced value: the call is inside of a transform`,
        todo: 'call the function that was compiled instead, or move the transform into it',
      })
    : leaked(op, x)

/**
 * Compiles a pure function for an engine.
 *
 * @param f a pure, synchronous function of pytrees; it is traced once per signature of its arguments
 * @param engine as made by an engine package, or `referenceEngine()`
 * @param options donated and static arguments; `onCompile` is told when and why a program was made
 * @returns takes the arguments of f, answers with a Promise of its result
 * @throws ArgumentError for tracers: a compiled function cannot be called inside of a transform
 * @example
 * const step = compile((w, x) => sub(w, mul(x, 0.1)), referenceEngine())
 * await step(array([1]), array([2])) // => [0.8]
 */
export const compile = <A extends readonly unknown[], R>(
  f: (...args: A) => R,
  engine: Engine,
  options: CompileOptions = {},
): Compiled<A, R> => {
  const cache = new Map<string, Promise<Loaded>>()
  // that of the call before: comparing is quicker than printing
  let recent: { readonly signature: Signature; readonly loaded: Loaded } | null = null
  const name = f.name === '' ? 'compile' : f.name
  const statics = new Set(options.static)
  const isStatic = (i: number): boolean => statics.has(i)
  const history = new CompileHistory(f as AnyFunction, statics)
  const donatedIn = (args: readonly unknown[]): ReadonlySet<Tensor> =>
    new Set(options.donate?.flatMap((i) => treeLeaves(args[i])))

  const compiled = (signature: Signature, args: readonly unknown[]): Promise<Loaded> => {
    const text = printSignature(signature)
    const known = cache.get(text)
    if (known !== undefined) return known
    const compilation = history.begin(signature, args.length)
    const start = performance.now()
    const dynamic = args.filter((_, i) => !isStatic(i))
    const loading = load(name, withFixed(f as AnyFunction, args, isStatic), dynamic, engine).then(({ ir, loaded }) => {
      const event: CompileEvent = {
        ...compilation.cause,
        engine: engine.name,
        signature: text,
        equations: ir.equations.length,
        flops: countFlops(ir),
        programs: loaded.stages.filter(({ executable }) => executable !== null).length,
        seconds: (performance.now() - start) / 1000,
      }
      compilation.event = event
      options.onCompile?.(event)
      return loaded
    })
    cache.set(text, loading)
    loading.catch(() => {
      compilation.failed = true
      cache.delete(text)
    })
    return loading
  }

  const call: Compiled<A, R> = async (...args) => {
    const [leaves, def] = treeFlatten(statics.size === 0 ? args : args.filter((_, i) => !isStatic(i)))
    const tracer = leaves.find((x) => x instanceof Tracer)
    if (tracer !== undefined) throw refused(name, tracer)
    const fixed = Array.from(statics, (i) => printStatic(name, args[i]))
    const signature = { def, avals: leaves.map((x) => x.aval), fixed }
    let loaded = recent !== null && sameSignature(signature, recent.signature) ? recent.loaded : null
    if (loaded === null) {
      loaded = await compiled(signature, args)
      recent = { signature, loaded }
    }
    return treeUnflatten<R>(loaded.out, await runLoaded(loaded, leaves, donatedIn(args)))
  }
  return withHistory(call, history)
}
