/*
 * What the first call of a training step costs, in parts, measured in a process of its own: the compiler of Node has
 * seen nothing before either.
 */
import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import {
  compile,
  type Engine,
  key,
  makeIR,
  type Tensor,
  tensor,
  treeUnflatten,
  valueAndGrad,
  zeros,
} from '@cotangent/core'
import { onnxEngine } from '@cotangent/engine-onnx'
import { adamw, applyUpdates, chain, clipByGlobalNorm } from '@cotangent/optim'
import { decode, finite, getOrThrow, open } from '@cotangent/prelude'
import {
  type BertClassifierParams,
  bertClassify,
  bertConfig,
  classificationLoss,
  initBert,
} from '@cotangent/transformer'
import { watchSessions } from './sessions.js'

/** Sizes of the encoder; every weight is trained. */
export interface StartupShape {
  readonly layers: number
  readonly width: number
}

const parts = open({
  /** The loss, from the function to a program. */
  trace: finite,
  /** Its gradient, and the optimiser. */
  differentiate: finite,
  /** Inlining, decomposing, sharing, stages. */
  prepare: finite,
  /** The program as an ONNX model. */
  lower: finite,
  /** The session, by onnxruntime. */
  session: finite,
  /** All of it. */
  total: finite,
  /** Processor time of all of it, of all threads. */
  cpu: finite,
  equations: finite,
})

/** Milliseconds of each part, and how many equations the program has. */
export type Startup = ReturnType<typeof parts.encode>

/** Adds the milliseconds that something takes to a sum. */
const clock = () => {
  let total = 0
  return {
    get ms() {
      return total
    },
    time: <T>(f: () => T): T => {
      const start = performance.now()
      const done = (): void => {
        total += performance.now() - start
      }
      const result = f()
      if (result instanceof Promise) result.then(done, done)
      else done()
      return result
    },
  }
}

/** Compiles the step of an encoder once: full fine-tuning, AdamW with clipping and decay, in one program. */
export const compileStep = async ({ layers, width }: StartupShape, threads: number): Promise<Startup> => {
  const [batch, length, vocabulary] = [16, 64, 4000]
  const config = bertConfig({
    vocab_size: vocabulary,
    hidden_size: width,
    num_hidden_layers: layers,
    num_attention_heads: width / 64,
    intermediate_size: 4 * width,
    max_position_embeddings: length,
    hidden_dropout_prob: 0,
    attention_probs_dropout_prob: 0,
  })
  // its weights' values do not matter, and take longer than all the rest
  const { out, outputs } = makeIR(() => initBert(key(0), config, 'classify'))()
  const params = treeUnflatten<BertClassifierParams>(
    out,
    outputs.map(({ aval }) => zeros(aval.shape, aval.dtype)),
  )
  const optimizer = chain(clipByGlobalNorm(1), adamw({ learningRate: 1e-4, weightDecay: 0.01 }))
  const state = optimizer.init(params)
  const inputs = {
    inputIds: tensor(new Int32Array(batch * length), [batch, length]),
    attentionMask: tensor(new Int32Array(batch * length).fill(1), [batch, length]),
  }
  const labels = tensor(new Int32Array(batch))

  const [trace, whole, load] = [clock(), clock(), clock()]
  const inner = await onnxEngine({ threads })
  const engine: Engine = { ...inner, load: (ir) => load.time(() => inner.load(ir)) }

  const loss = (some: BertClassifierParams, given: typeof inputs, wanted: Tensor): Tensor =>
    trace.time(() => classificationLoss(config, bertClassify(config, some, given).logits, wanted))
  const update = (some: BertClassifierParams, before: typeof state, given: typeof inputs, wanted: Tensor) =>
    whole.time(() => {
      const [value, gradient] = valueAndGrad(loss)(some, given, wanted)
      const [updates, next] = optimizer.update(gradient, before, some)
      return { params: applyUpdates(some, updates), state: next, value }
    })

  let [total, equations, cpu] = [0, 0, 0]
  const step = compile(update, engine, {
    donate: [0, 1],
    onCompile: (event) => {
      const { user, system } = process.cpuUsage(before)
      ;[total, equations, cpu] = [1000 * event.seconds, event.equations, (user + system) / 1000]
      if (event.programs !== 1) throw new Error(`the step was split into ${event.programs} programs`)
    },
  })
  const before = process.cpuUsage()
  const { result, made } = await watchSessions(() => step(params, state, inputs, labels))
  const session = made.reduce((sum, { ms }) => sum + ms, 0)
  const value = result.value.item()
  if (!(value > 0)) throw new Error(`the loss is ${value}`)
  await engine.close()
  return {
    trace: trace.ms,
    differentiate: whole.ms - trace.ms,
    prepare: total - whole.ms - load.ms,
    lower: load.ms - session,
    session,
    total,
    cpu,
    equations,
  }
}

const here = fileURLToPath(import.meta.url)

/** `compileStep` in a new process. */
export const measureStartup = (shape: StartupShape, threads: number): Startup => {
  const args = [...process.execArgv, here, JSON.stringify({ ...shape, threads })]
  const child = spawnSync(process.execPath, args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'] })
  if (child.status !== 0) throw new Error('the process that compiles ended: see its message above')
  return getOrThrow(decode(parts, JSON.parse(child.stdout)))
}

const sizes = open({ layers: finite, width: finite, threads: finite })

if (process.argv[1] === here) {
  const { threads, ...shape } = getOrThrow(decode(sizes, JSON.parse(process.argv[2] ?? '{}')))
  console.log(JSON.stringify(await compileStep(shape, threads)))
}
