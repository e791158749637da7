/*
 * compile : (f, engine) -> ((...args) => Promise<f(...args)>)
 *
 * The only asynchronous border. A function is traced once per signature of its arguments; the program is loaded into
 * the engine; what it closed over became inputs, so tensors are never part of the program.
 */
import { printAval } from '../aval.js'
import { ArgumentError } from '../errors.js'
import { countFlops } from '../ir/flops.js'
import type { Atom, IR } from '../ir/ir.js'
import { printTree, type TreeDef, treeFlatten, treeUnflatten } from '../pytree.js'
import { evaluateIR } from '../reference/evaluate.js'
import { HostTensor, literal, type Tensor } from '../tensor.js'
import { type AnyFunction, trace } from '../trace/trace.js'
import { Tracer } from '../trace/tracer.js'
import type { Engine, Executable } from './engine.js'
import { prepareIR } from './prepare.js'
import { planStages, type Stage } from './stages.js'

/** Why a call compiled: told to `onCompile`. */
export interface CompileEvent {
  readonly engine: string
  /** Avals and structure of the arguments. */
  readonly signature: string
  readonly reason: 'first call' | 'new signature'
  readonly equations: number
  /** Floating-point operations of one call, counted from shapes. */
  readonly flops: number
  readonly programs: number
  readonly seconds: number
}

/** How a compiled function treats its arguments, and who is told of a compilation. */
export interface CompileOptions {
  /** Arguments whose storage may be used again for results. They throw when read afterwards. */
  readonly donate?: readonly number[]
  /** Arguments that are plain values, not tensors: a new value means a new program. They must survive JSON. */
  readonly static?: readonly number[]
  readonly onCompile?: (event: CompileEvent) => void
}

interface LoadedStage {
  readonly stage: Stage
  readonly executable: Executable | null
}

interface Loaded {
  readonly inputs: IR['inputs']
  readonly outputs: readonly Atom[]
  readonly captured: readonly Tensor[]
  readonly out: TreeDef
  readonly stages: readonly LoadedStage[]
}

const load = async (op: string, f: AnyFunction, args: readonly unknown[], engine: Engine) => {
  const traced = trace(op, f, args)
  const ir = prepareIR(traced.ir, (primitive) => engine.lowers(primitive))
  const stages: LoadedStage[] = []
  for (const stage of planStages(ir, (equation) => engine.runs(equation))) {
    stages.push({ stage, executable: stage.where === 'engine' ? await engine.load(stage.ir) : null })
  }
  const { captured, out } = traced
  return { ir, loaded: { inputs: ir.inputs, outputs: ir.outputs, captured, out, stages } satisfies Loaded }
}

const runHost = async (ir: IR, inputs: readonly Tensor[]): Promise<readonly Tensor[]> => {
  const here = await Promise.all(inputs.map((x) => x.read()))
  return evaluateIR(ir, here).map(({ data, shape, dtype }) => new HostTensor(data, shape, dtype))
}

const run = async (
  loaded: Loaded,
  leaves: readonly Tensor[],
  donated: ReadonlySet<Tensor>,
): Promise<readonly Tensor[]> => {
  const values = new Map<number, Tensor>()
  for (const [i, v] of loaded.inputs.entries()) {
    const x = i < loaded.captured.length ? loaded.captured[i] : leaves[i - loaded.captured.length]
    if (x !== undefined) values.set(v.id, x)
  }
  const valueOf = (atom: Atom): Tensor => {
    const value = atom.kind === 'literal' ? literal(atom.value, atom.aval.dtype) : values.get(atom.id)
    if (value === undefined) throw new Error('a stage needs a value that no earlier one computes')
    return value
  }
  const computed: { readonly result: Tensor; readonly executable: Executable }[] = []
  for (const { stage, executable } of loaded.stages) {
    const inputs = stage.ir.inputs.map(valueOf)
    const results = await (executable === null ? runHost(stage.ir, inputs) : executable.run(inputs))
    if (executable !== null) computed.push(...results.map((result) => ({ result, executable })))
    for (const [i, atom] of stage.ir.outputs.entries()) {
      const result = results[i]
      if (atom.kind === 'var' && result !== undefined) values.set(atom.id, result)
    }
  }
  const outputs = loaded.outputs.map(valueOf)
  const last = loaded.stages.findLast(({ executable }) => executable !== null)?.executable ?? null
  const kept = new Set(outputs)
  const given = new Map<Tensor, Tensor>()
  for (const x of donated) {
    if (kept.has(x) && x instanceof HostTensor) given.set(x, new HostTensor(x.donate(), x.shape, x.dtype))
    else if (!kept.has(x) && last !== null) last.recycle(x)
    else if (!kept.has(x) && x instanceof HostTensor) x.donate() // nothing ran on the engine: given away all the same
  }
  // what one program handed to the next
  for (const { result, executable } of computed) if (!kept.has(result)) executable.recycle(result)
  return outputs.map((x) => given.get(x) ?? x)
}

/** A compiled function; `close` is the engine's. */
export type Compiled<A extends readonly unknown[], R> = (...args: A) => Promise<R>

const describe = (leaves: readonly Tensor[], def: TreeDef, fixed: readonly unknown[]): string =>
  [printTree(def), leaves.map((x) => printAval(x.aval)).join(' '), ...fixed.map((x) => JSON.stringify(x))].join(' ')

/**
 * Compiles a pure function for an engine.
 *
 * @param f a pure, synchronous function of pytrees; it is traced once per signature of its arguments
 * @param engine as made by an engine package, or `referenceEngine()`
 * @param options donated and static arguments; `onCompile` is told when and why a program was made
 * @returns takes the arguments of f, answers with a Promise of its result
 * @throws ArgumentError for tracers: a compiled function cannot be called inside of a transform
 * @example const step = compile((w, x) => sub(w, mul(x, 0.1)), referenceEngine()); await step(w, x)
 */
export const compile = <A extends readonly unknown[], R>(
  f: (...args: A) => R,
  engine: Engine,
  options: CompileOptions = {},
): Compiled<A, R> => {
  const cache = new Map<string, Promise<Loaded>>()
  const name = f.name === '' ? 'compile' : f.name
  const isStatic = (i: number): boolean => options.static?.includes(i) ?? false
  return async (...args) => {
    const dynamic = args.filter((_, i) => !isStatic(i))
    const fixed = args.filter((_, i) => isStatic(i))
    const [leaves, def] = treeFlatten(dynamic)
    const tracer = leaves.find((x) => x instanceof Tracer)
    if (tracer !== undefined) {
      throw new ArgumentError({
        op: name,
        expected: 'a compiled function takes tensors with values.',
        received: `${printAval(tracer.aval)}, a traced value: the call is inside of a transform`,
        todo: 'call the function that was compiled instead, or move the transform into it',
      })
    }
    const signature = describe(leaves, def, fixed)
    let loaded = cache.get(signature)
    if (loaded === undefined) {
      const reason = cache.size === 0 ? 'first call' : 'new signature'
      const start = performance.now()
      const full = (...rest: never[]): unknown => {
        let next = 0
        const all: unknown[] = args.map((arg, i) => (isStatic(i) ? arg : rest[next++]))
        return (f as AnyFunction as (...xs: unknown[]) => unknown)(...all)
      }
      loaded = load(name, full, dynamic, engine).then(({ ir, loaded: ready }) => {
        options.onCompile?.({
          engine: engine.name,
          signature,
          reason,
          equations: ir.equations.length,
          flops: countFlops(ir),
          programs: ready.stages.filter(({ executable }) => executable !== null).length,
          seconds: (performance.now() - start) / 1000,
        })
        return ready
      })
      cache.set(signature, loaded)
      loaded.catch(() => cache.delete(signature))
    }
    const ready = await loaded
    const donated = new Set((options.donate ?? []).flatMap((i) => [...treeFlatten(args[i])[0]]))
    return treeUnflatten<R>(ready.out, await run(ready, leaves, donated))
  }
}
