import {
  type Aval,
  composedPrimitives,
  type Engine,
  type Equation,
  type Executable,
  HostTensor,
  hashIR,
  type IR,
  printAval,
  sameAval,
  type Tensor,
  type TypedArray,
} from '@cotangent/core'
import { type EngineUnavailable, getOrThrow, TE } from '@cotangent/prelude'
import { BufferPool } from './bufferPool.js'
import { leftOut } from './graphOptimisers.js'
import { lowerProgram } from './lower.js'
import { hasSmallSide } from './lowering/eigh.js'
import { loweringOf, withoutF64 } from './lowering/index.js'
import { peakBytes } from './memory.js'
import { encodeModel, type Graph } from './onnx/model.js'
import { profileProgram } from './profileProgram.js'
import { rewrite } from './rewrite/index.js'
import {
  explained,
  fromRuntime,
  onHost,
  type Runtime,
  type RuntimeTensor,
  type SessionOptions,
  startRuntime,
  toRuntime,
} from './runtime.js'
import { type Loadable, SessionCache } from './sessionCache.js'

/** How the engine is started. */
export interface OnnxEngineOptions {
  /** Threads that share the work of one operator; onnxruntime's choice (one per core) if absent. */
  readonly threads?: number
  /** Bytes that open sessions may hold together; 2 GiB by default. */
  readonly cacheBytes?: number
  /**
   * Microseconds that a thread without work spins before it sleeps, within a run; never between runs.
   * 20 by default; 0 wastes no processor time.
   */
  readonly spinMicroseconds?: number
  /** A file name prefix: each session writes a profile there when it is closed. */
  readonly profile?: string
}

const gibibyte = 2 ** 30

/** Sessions that stay open; some thousand, with their threads, exhaust a process. */
const mostSessions = 512

/**
 * Long enough to bridge the gaps between operators, so that a run on two idle cores is as quick as with endless spinning
 * (22.6 against 22.3 ms a step of 2 layers, width 128; 25.5 without), and short enough that a run among busy
 * neighbours is not held up (median 47 against 80 ms).
 */
const defaultSpin = 20

const sessionOptions = (
  { threads, spinMicroseconds = defaultSpin, profile }: OnnxEngineOptions,
  graph: Graph,
): SessionOptions => ({
  executionProviders: ['cpu'],
  executionMode: 'sequential',
  graphOptimizationLevel: 'all',
  enableCpuMemArena: true,
  enableMemPattern: true,
  logSeverityLevel: 4, // an error comes as an exception; it is not printed besides
  ...(threads === undefined ? {} : { intraOpNumThreads: threads }),
  ...(profile === undefined ? {} : { enableProfiling: true, profileFilePrefix: profile }),
  extra: {
    session: {
      intra_op: {
        allow_spinning: spinMicroseconds > 0 ? '1' : '0',
        ...(spinMicroseconds > 0 ? { spin_duration_us: String(spinMicroseconds) } : {}),
      },
      force_spinning_stop: '1', // threads stop spinning when a run ends: the processor is the caller's again
    },
    optimization: { disable_specified_optimizers: leftOut(graph).join(';') },
  },
})

interface Port {
  readonly name: string
  readonly aval: Aval
}

class OnnxExecutable implements Executable {
  readonly #pool: BufferPool
  readonly #inputs: readonly Port[]
  readonly #outputs: readonly Port[]

  constructor(
    private readonly ort: Runtime,
    private readonly cache: SessionCache,
    private readonly program: Loadable,
    ir: IR,
  ) {
    this.#inputs = ir.inputs.map(({ aval }, i) => ({ name: `x${i}`, aval }))
    this.#outputs = ir.outputs.map(({ aval }, i) => ({ name: `y${i}`, aval }))
    this.#pool = new BufferPool(ir.outputs.map((atom) => atom.aval))
  }

  async run(inputs: readonly Tensor[]): Promise<readonly Tensor[]> {
    const feeds: Record<string, RuntimeTensor> = {}
    for (const [i, { name, aval }] of this.#inputs.entries()) {
      feeds[name] = toRuntime(this.ort, fitting(i, aval, inputs[i]).data, aval)
    }
    const storage = this.#storage(inputs)
    const results = await this.cache
      .use(this.program, (session) => session.run(feeds, this.#fetches(storage)))
      .catch(explained)
    return this.#outputs.map(({ name, aval }, i) => {
      const result = results[name]
      if (result === undefined) throw new Error(`onnxruntime gave no result ${name}`)
      return new HostTensor(storage[i] ?? fromRuntime(result, aval), aval.shape, aval.dtype)
    })
  }

  recycle(donated: Tensor): void {
    if (donated instanceof HostTensor && !donated.donated) this.#pool.put(donated.donate())
  }

  /** Donated arrays for the results, as far as there are any. */
  #storage(inputs: readonly Tensor[]): readonly (TypedArray | undefined)[] {
    if (this.#pool.size === 0) return []
    const busy = new Set<ArrayBufferLike>(inputs.map((x) => x.data.buffer))
    return this.#outputs.map(({ aval }) => this.#pool.take(aval, busy))
  }

  #fetches(storage: readonly (TypedArray | undefined)[]): Record<string, RuntimeTensor | null> {
    const fetches: Record<string, RuntimeTensor | null> = {}
    for (const [i, { name, aval }] of this.#outputs.entries()) {
      const data = storage[i]
      fetches[name] = data === undefined ? null : toRuntime(this.ort, data, aval)
    }
    return fetches
  }
}

/** The tensor, if it is what input i takes: a wrong shape would be read beyond its end. */
const fitting = (i: number, aval: Aval, given: Tensor | undefined): HostTensor => {
  const x = given === undefined ? undefined : onHost(given)
  if (x !== undefined && sameAval(x.aval, aval)) return x
  const received = x === undefined ? 'nothing' : printAval(x.aval)
  throw new Error(`input ${i} of a program is ${printAval(aval)}, it was given ${received}`)
}

/** Keys and random words stay on the host; a dtype without a kernel is evaluated there too. */
const runsHere = (equation: Equation): boolean => {
  const { primitive, inputs, results } = equation
  const avals = [...inputs.map((atom) => atom.aval), ...results.map((v) => v.aval)]
  if (loweringOf(primitive.name) === undefined || avals.some(({ dtype }) => dtype === 'u32')) return false
  if (primitive === composedPrimitives.eigh && !hasSmallSide(equation)) return false
  return !(withoutF64.has(primitive.name) && avals.some(({ dtype }) => dtype === 'f64'))
}

const makeEngine = (ort: Runtime, options: OnnxEngineOptions): Engine => {
  const cache = new SessionCache(ort, { bytes: options.cacheBytes ?? 2 * gibibyte, sessions: mostSessions })
  return {
    name: 'onnx',
    lowers: ({ name }) => loweringOf(name) !== undefined,
    runs: runsHere,
    load: async (ir) => {
      const graph = lowerProgram(rewrite(ir))
      const model = encodeModel(graph)
      const program = {
        hash: hashIR(ir),
        model,
        options: sessionOptions(options, graph),
        bytes: model.length + peakBytes(ir),
      }
      await cache.load(program)
      return new OnnxExecutable(ort, cache, program, ir)
    },
    profile: (ir, inputs, runs) =>
      profileProgram(ort, ir, inputs, runs, (graph, prefix) => sessionOptions({ ...options, profile: prefix }, graph)),
    close: () => cache.close(),
  }
}

/** The engine as a value, or why it does not start here. */
export const startOnnxEngine = (options: OnnxEngineOptions = {}): TE.TaskEither<EngineUnavailable, Engine> =>
  TE.map((ort: Runtime) => makeEngine(ort, options))(startRuntime)

/**
 * The CPU engine: one ONNX graph per program, run by onnxruntime. Inputs are not copied; close it at the end.
 *
 * @param options threads, and bytes for open sessions
 * @throws EdgeFailure (EngineUnavailable) where onnxruntime-node does not load, saying what to do
 * @example
 * const engine = await onnxEngine({ threads: 2 })
 * const step = compile((w, x) => matmul(x, w), engine)
 * await step(w, x)
 * await engine.close()
 */
export const onnxEngine = async (options: OnnxEngineOptions = {}): Promise<Engine> =>
  getOrThrow(await startOnnxEngine(options)())
