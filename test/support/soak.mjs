/*
 * 2,000 training steps of a small classifier with donated parameters, every 50th failing in one of three ways, in a
 * process of its own; it runs the built packages, as a user would. Prints what was held every 100 steps.
 *
 *     node --expose-gc soak.mjs onnx|reference
 */
import {
  compile,
  key,
  matmul,
  mul,
  normal,
  referenceEngine,
  take,
  tensor,
  treeLeaves,
  valueAndGrad,
  zeros,
} from '@cotangent/core'
import { onnxEngine } from '@cotangent/engine-onnx'
import { activations, crossEntropy, linear } from '@cotangent/nn'
import { adamw, applyUpdates } from '@cotangent/optim'

const isOnnx = process.argv[2] === 'onnx'
const [steps, failsEach, sampledEach] = [2000, 50, 100]
const [words, width, classes, batch] = isOnnx ? [500, 256, 5, 16] : [50, 16, 5, 8]

const dense = (i, rows, columns) => ({ weight: mul(normal(key(i), [rows, columns]), 0.1), bias: zeros([rows]) })
// what is not trained goes along, and comes back as it is
let frozen = zeros([isOnnx ? 2_000_000 : 1000])
let params = {
  table: normal(key(0), [words, width]),
  hidden: dense(1, width, width),
  head: dense(2, classes, width),
}
const optimizer = adamw({ learningRate: 1e-3, weightDecay: 0.01 })
let state = optimizer.init(params)
const stateBytes = treeLeaves([params, frozen, state]).reduce((total, x) => total + x.data.byteLength, 0)

const engine = isOnnx ? await onnxEngine({ threads: 1 }) : referenceEngine()
const loss = (some, ids, labels, mix) =>
  crossEntropy(linear(some.head, activations.tanh(matmul(linear(some.hidden, take(some.table, ids)), mix))), labels)
const step = compile(
  (some, kept, before, ids, labels, mix) => {
    const [value, gradient] = valueAndGrad(loss)(some, ids, labels, mix)
    const [updates, next] = optimizer.update(gradient, before, some)
    return { params: applyUpdates(some, updates), frozen: kept, state: next, value }
  },
  engine,
  { donate: [0, 1, 2] },
)

const indices = (i, limit) => tensor(Int32Array.from({ length: batch }, (_, j) => (i * 31 + j * 7) % limit))
const mixOf = (rows) =>
  tensor(
    Float32Array.from({ length: rows * width }, (_, i) => Math.sin(i) / Math.sqrt(width)),
    [rows, width],
  )
const mix = mixOf(width)
let donated = null

/** A step's arguments: right ones, or for every 50th an index that is too large, a width that does not fit, or old state. */
const argumentsOf = (i) => {
  const [ids, labels] = [indices(i, words), indices(i, classes)]
  if (i % failsEach !== 0) return [params, frozen, state, ids, labels, mix]
  const faults = [
    [params, frozen, state, tensor(new Int32Array(batch).fill(words)), labels, mix],
    [params, frozen, state, ids, labels, mixOf(width + 1)],
    [donated ?? params, frozen, state, ids, labels, mix],
  ]
  return faults[(i / failsEach) % faults.length]
}

const samples = []
const errors = {}
const losses = []
const first = []
for (let i = 1; i <= steps; i++) {
  const args = argumentsOf(i)
  if (i === 1) first.push(new WeakRef(args[3]), new WeakRef(treeLeaves(params)[0]))
  try {
    const result = await step(...args)
    donated = params
    params = result.params
    frozen = result.frozen
    state = result.state
    losses.push(result.value.item())
  } catch (error) {
    errors[error.name] = (errors[error.name] ?? 0) + 1
  }
  if (i % sampledEach === 0) {
    global.gc()
    await new Promise((resolve) => setTimeout(resolve, 0)) // finalizers
    global.gc()
    const { heapUsed, arrayBuffers, rss } = process.memoryUsage()
    samples.push({ step: i, heapUsed, arrayBuffers, rss })
  }
}
await engine.close()
const average = (xs) => xs.reduce((total, x) => total + x, 0) / xs.length
console.log(
  JSON.stringify({
    stateBytes,
    samples,
    errors,
    done: losses.length,
    early: average(losses.slice(0, 100)),
    late: average(losses.slice(-100)),
    firstLeft: first.filter((ref) => ref.deref() !== undefined).length,
  }),
)
