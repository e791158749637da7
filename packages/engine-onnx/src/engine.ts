import {
  BufferError,
  composedPrimitives,
  type Engine,
  type Equation,
  type Executable,
  HostTensor,
  hashIR,
  IndexError,
  type IR,
  printAval,
  sameShape,
  type Tensor,
} from '@cotangent/core'
import { type EngineUnavailable, getOrThrow, TE } from '@cotangent/prelude'
import { BufferPool } from './bufferPool.js'
import { leftOut } from './graphOptimisers.js'
import { lowerProgram } from './lower.js'
import { hasSmallSide } from './lowering/eigh.js'
import { loweringOf, withoutF64 } from './lowering/index.js'
import { peakBytes } from './memory.js'
import { encodeModel, type Graph } from './onnx/model.js'
import { rewrite } from './rewrite/index.js'
import { fromRuntime, type Runtime, type SessionOptions, startRuntime, toRuntime } from './runtime.js'
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

const onHost = (x: Tensor): HostTensor => {
  if (x instanceof HostTensor) return x
  throw new BufferError({
    op: 'onnxEngine',
    expected: 'its programs take tensors on the host.',
    received: x.toString(),
    todo: 'pass what await t.read() gives',
  })
}

/** Onnxruntime's message for a bad index names a node that the user never saw. */
const explained = (cause: unknown): never => {
  const text = cause instanceof Error ? cause.message : String(cause)
  if (!/out of (data )?bounds|invalid index|indices element/i.test(text)) throw cause
  throw new IndexError({
    op: 'take or scatterAdd',
    expected: 'an index must be from 0 to the length of its axis less 1.',
    received: text.replace(/^.*(idx|indices element)/is, '$1'),
    todo: 'check the indices before the call; -1 does not mean the last one',
  })
}

class OnnxExecutable implements Executable {
  readonly #pool: BufferPool

  constructor(
    private readonly ort: Runtime,
    private readonly cache: SessionCache,
    private readonly program: Loadable,
    private readonly ir: IR,
  ) {
    this.#pool = new BufferPool(ir.outputs.map((atom) => atom.aval))
  }

  async run(inputs: readonly Tensor[]): Promise<readonly Tensor[]> {
    const given = inputs.map(onHost)
    this.#check(given)
    const feeds = Object.fromEntries(given.map((x, i) => [`x${i}`, toRuntime(this.ort, x.data, x.aval)]))
    const busy = new Set<ArrayBufferLike>(given.map((x) => x.data.buffer))
    const storage = this.ir.outputs.map(({ aval }) => this.#pool.take(aval, busy))
    const fetches = Object.fromEntries(
      this.ir.outputs.map(({ aval }, i) => {
        const data = storage[i]
        return [`y${i}`, data === undefined ? null : toRuntime(this.ort, data, aval)]
      }),
    )
    const results = await this.cache.use(this.program, (session) => session.run(feeds, fetches)).catch(explained)
    return this.ir.outputs.map(({ aval }, i) => {
      const result = results[`y${i}`]
      if (result === undefined) throw new Error(`onnxruntime gave no result y${i}`)
      return new HostTensor(storage[i] ?? fromRuntime(result, aval), aval.shape, aval.dtype)
    })
  }

  recycle(donated: Tensor): void {
    if (donated instanceof HostTensor && !donated.donated) this.#pool.put(donated.donate())
  }

  /** A wrong shape would be read beyond its end. */
  #check(inputs: readonly HostTensor[]): void {
    for (const [i, { aval }] of this.ir.inputs.entries()) {
      const given = inputs[i]?.aval
      if (given === undefined || given.dtype !== aval.dtype || !sameShape(given.shape, aval.shape)) {
        const received = given === undefined ? 'nothing' : printAval(given)
        throw new Error(`input ${i} of a program is ${printAval(aval)}, it was given ${received}`)
      }
    }
  }
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
  const cache = new SessionCache(ort, options.cacheBytes ?? 2 * gibibyte)
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
