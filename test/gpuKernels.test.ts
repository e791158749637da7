/* How many kernels the programs of this project become on gpu.js, and what fusion may not change. */
import { adapt, lora } from '@cotangent/ba-lora'
import { add, compile, exp, key, profile, scalar, scan, solve, type Tensor, treeLeaves, zeros } from '@cotangent/core'
import { explainKernels, type GpuEngine, gpuEngine } from '@cotangent/engine-gpu'
import { placesOf, subjects } from '@cotangent/testing'
import { bertClassify, bertConfig, initBert } from '@cotangent/transformer'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type StepShape, trainingStep } from '../bench/step.js'
import { outOfRange, outOfRangeResults } from './support/outOfRange.js'
import { read } from './support/pages.js'

let engine: GpuEngine
beforeAll(async () => {
  engine = await gpuEngine({ mode: 'cpu' })
})
afterAll(() => engine.close())

const [batch, length] = [16, 64]

/** An encoder with adapters on these weights, as a function of its parameters. */
const encoder = (layers: number, targets: RegExp) => {
  const config = bertConfig({
    vocab_size: 100,
    hidden_size: 64,
    num_hidden_layers: layers,
    num_attention_heads: 4,
    intermediate_size: 256,
    max_position_embeddings: length,
    hidden_dropout_prob: 0,
    attention_probs_dropout_prob: 0,
    num_labels: 3,
  })
  const params = adapt(
    initBert(key(0), config, 'classify'),
    (path) => targets.test(path),
    lora({ rank: 8, alpha: 8, key: key(1) }),
  ).params
  const inputs = { inputIds: zeros([batch, length], 'i32'), attentionMask: zeros([batch, length], 'i32') }
  const { kernels } = explainKernels((p: typeof params) => bertClassify(config, p, inputs).logits, engine)(params)
  return kernels.length
}

describe('an encoder layer, forward', () => {
  test.each([
    ['query and value', /attention\.self\.(query|value)\.weight$/, 15],
    ['all six products', /layer\[\d+\]\.(?!.*LayerNorm).*\.weight$/, 22],
  ] as const)('with adapters on %s', (_, targets, most) => {
    // the layers in between: without embedding and head
    const layer = encoder(3, targets) - encoder(2, targets)
    expect(layer).toBeGreaterThan(7)
    expect(layer).toBeLessThanOrEqual(most)
  })
})

const shape: StepShape = { layers: 4, width: 256, heads: 4, batch, length, vocabulary: 400 }

test('a BA-LoRA step has at most 90 kernels a layer, with teacher, head and optimiser; equal layers share them', () => {
  const { step, args } = trainingStep(shape)
  const { kernels, programs } = explainKernels(step, engine)(...args)
  expect(programs).toBe(2) // the spectrum of the logits is computed on the host
  expect(kernels.length).toBeLessThanOrEqual(90 * shape.layers)
  const texts = new Set(kernels.map(({ source, elements }) => `${elements} ${source}`))
  expect(texts.size).toBeLessThanOrEqual(kernels.length / 2)
})

test('the profiler counts the kernels and the bytes between host and device', async () => {
  const small = { layers: 2, width: 16, heads: 2, batch: 4, length: 8, vocabulary: 30 }
  const { step, args } = trainingStep(small)
  const { kernels } = explainKernels(step, engine)(...args)
  const times = await profile(step, engine, { runs: 2, warmup: 0 })(...args)
  const ours = times.entries.filter(({ where }) => where === engine.name)
  expect(ours).toHaveLength(2 * kernels.length)
  expect(ours.every(({ equation }) => equation !== null)).toBe(true)
  // logits of 4 x 9 go to the host, singular values and what their gradient needs come back
  expect(times.handed.toHost).toBeGreaterThanOrEqual(4 * 4 * 9)
  expect(times.handed.toHost + times.handed.toEngine).toBeLessThan(4096)
  expect(times.table({ by: 'operation' })).toMatch(
    /operations; between its programs \d+ bytes from the host and \d+ to it\n/,
  )
})

test('what runs on the host is told where it stands between the kernels', () => {
  const solved = (x: Tensor) => add(solve(exp(x), x), 1)
  const { kernels, programs, text } = explainKernels(solved, engine)(zeros([2, 2]))
  expect(programs).toBe(2)
  expect(kernels.map(({ name }) => name)).toEqual(['exp', 'add'])
  expect(text.split('\n\n')).toEqual(['k0 4  exp  of x0', 'host  solve', 'k0 4  add  of x0'])
  const loop = explainKernels((xs: Tensor) => scan((c, x) => [add(c, x), c], scalar(0), xs), engine)(zeros([3]))
  expect(loop).toEqual({ kernels: [], programs: 0, text: 'host  scan' })
})

test('from step to step only the batch and the spectrum cross', async () => {
  const small = { layers: 1, width: 16, heads: 2, batch: 4, length: 8, vocabulary: 30 }
  const { step, args } = trainingStep(small)
  const own = await gpuEngine({ mode: 'cpu' })
  const compiled = compile(step, own, { donate: [0, 1] })
  let [params, state, ...rest] = args
  const moved: number[] = []
  for (let i = 0; i < 5; i++) {
    const before = own.stats()
    const result = await compiled(params, state, ...rest)
    params = result.params
    state = result.state
    const after = own.stats()
    moved.push(after.uploaded - before.uploaded + after.read - before.read)
  }
  const weights = treeLeaves(args[2]).reduce((total: number, x: Tensor) => total + 4 * x.size, 0)
  expect(moved[0]).toBeGreaterThan(weights)
  expect(moved[4]).toBeLessThan(4096)
  await own.close()
})

test.each(['cpu', 'webasm'] as const)('an index out of range is the same in mode %s as in all', async (mode) => {
  const own = await gpuEngine({ mode })
  expect(await outOfRange(own)).toEqual(outOfRangeResults)
  await own.close()
})

test('the page of the engine names all that its device leaves to the host', () => {
  const [, table = ''] = read('packages/engine-gpu/README.md').split('| on the host | because |')
  const named = table
    .slice(0, table.indexOf('\n\n'))
    .split('\n')
    .flatMap((row) => Array.from(row.split(' | ')[0]?.matchAll(/`([a-zA-Z]+)`/g) ?? [], ([, name]) => name))
    .filter((name) => name !== 'engine')
  const left = subjects.filter((subject) => placesOf(subject, engine).every((place) => place === 'host'))
  expect(named.toSorted()).toEqual(left.map(({ name }) => name).toSorted())
  expect(left.length).toBeGreaterThan(20)
})
