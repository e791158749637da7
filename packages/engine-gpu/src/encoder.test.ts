/*
 * A training step of a tiny encoder, as one program: batch 2, seq 5, embed 16, heads 2, two layers. Value, gradients
 * and update agree with the reference engine; parameters stay on the device from step to step.
 */
import {
  add,
  array,
  type CompileEvent,
  cast,
  compile,
  einsum,
  equal,
  gelu,
  type HostTensor,
  key,
  logSoftmax,
  matmul,
  mean,
  mul,
  neg,
  normal,
  oneHot,
  ones,
  range,
  referenceEngine,
  reshape,
  scalar,
  slice,
  softmax,
  split,
  standardize,
  sub,
  sum,
  type Tensor,
  take,
  treeLeaves,
  treeMap,
  valueAndGrad,
  where,
  zeros,
} from '@cotangent/core'
import { expect, test } from 'vitest'
import { DeviceTensor } from './deviceTensor.js'
import { gpuEngine } from './gpuEngine.js'

const [batch, seq, embed, heads, vocab, classes] = [2, 5, 16, 2, 11, 3]

interface Affine {
  readonly weight: Tensor
  readonly bias: Tensor
}
interface Layer {
  readonly query: Affine
  readonly key: Affine
  readonly value: Affine
  readonly out: Affine
  readonly attentionNorm: Affine
  readonly up: Affine
  readonly down: Affine
  readonly outputNorm: Affine
}
interface Params {
  readonly words: Tensor
  readonly places: Tensor
  readonly layers: readonly Layer[]
  readonly head: Affine
}
interface Batch {
  readonly tokens: Tensor
  readonly labels: Tensor
  readonly mask: Tensor
}

const affine = (x: Tensor, { weight, bias }: Affine): Tensor => add(matmul(x, weight), bias)
const norm = (x: Tensor, { weight, bias }: Affine): Tensor => add(mul(standardize(x, 1e-5), weight), bias)
const intoHeads = (x: Tensor): Tensor => reshape(x, [batch, seq, heads, embed / heads])

const layer = (x: Tensor, mask: Tensor, p: Layer): Tensor => {
  const [q, k, v] = [p.query, p.key, p.value].map((part) => intoHeads(affine(x, part)))
  if (q === undefined || k === undefined || v === undefined) throw new Error('three projections')
  const scores = mul(einsum('bqhd,bkhd->bhqk', q, k), (embed / heads) ** -0.5)
  const visible = reshape(mask, [batch, 1, 1, seq])
  const weights = softmax(where(visible, scores, Number.NEGATIVE_INFINITY))
  const mixed = reshape(einsum('bhqk,bkhd->bqhd', weights, v), [batch, seq, embed])
  const attended = norm(add(x, affine(mixed, p.out)), p.attentionNorm)
  return norm(add(attended, affine(gelu(affine(attended, p.up)), p.down)), p.outputNorm)
}

const loss = (p: Params, { tokens, labels, mask }: Batch): Tensor => {
  const start = add(take(p.words, tokens), p.places)
  const last = p.layers.reduce((x, part) => layer(x, mask, part), start)
  const first = reshape(slice(last, [0, 0, 0], [batch, 1, embed]), [batch, embed])
  const logits = affine(first, p.head)
  return neg(mean(sum(mul(logSoftmax(logits), oneHot(labels, classes)), -1)))
}

const step = (p: Params, data: Batch, rate: Tensor) => {
  const [value, slope] = valueAndGrad((params: Params) => loss(params, data))(p)
  return { value, params: treeMap((w, g) => sub(w, mul(rate, g)), p, slope) }
}

const initial = (): Params => {
  const keys = [...split(key(7), 40)]
  const draw = (...shape: number[]): Tensor => {
    const next = keys.pop()
    if (next === undefined) throw new Error('too few keys')
    return mul(normal(next, shape), 0.3)
  }
  const dense = (from: number, to: number): Affine => ({ weight: draw(from, to), bias: draw(to) })
  const scale = (): Affine => ({ weight: ones([embed]), bias: zeros([embed]) })
  return {
    words: draw(vocab, embed),
    places: draw(seq, embed),
    layers: range(2).map(() => ({
      query: dense(embed, embed),
      key: dense(embed, embed),
      value: dense(embed, embed),
      out: dense(embed, embed),
      attentionNorm: scale(),
      up: dense(embed, 2 * embed),
      down: dense(2 * embed, embed),
      outputNorm: scale(),
    })),
    head: dense(embed, classes),
  }
}

const data: Batch = {
  tokens: array(
    [
      [1, 4, 10, 4, 2],
      [1, 7, 3, 0, 0],
    ],
    'i32',
  ),
  labels: array([2, 0], 'i32'),
  mask: cast(
    equal(
      array([
        [1, 1, 1, 1, 1],
        [1, 1, 1, 0, 0],
      ]),
      1,
    ),
    'bool',
  ),
}
const rate = scalar(0.05)

const furthest = (a: readonly HostTensor[], b: readonly Tensor[]): number =>
  Math.max(...a.flatMap((x, i) => Array.from(x.data, (value, j) => Math.abs(value - (b[i]?.data[j] ?? Number.NaN)))))

const onHost = (tree: unknown): Promise<readonly HostTensor[]> => Promise.all(treeLeaves(tree).map((x) => x.read()))

for (const mode of ['cpu', 'webasm'] as const) {
  test(`mode ${mode}: three steps of training agree with the reference engine`, async () => {
    const engine = await gpuEngine({ mode })
    const events: CompileEvent[] = []
    const onDevice = compile(step, engine, { donate: [0], onCompile: (event) => events.push(event) })
    const reference = compile(step, referenceEngine())
    let [mine, theirs] = [initial(), initial()]
    for (let i = 0; i < 3; i++) {
      const [a, b] = [await onDevice(mine, data, rate), await reference(theirs, data, rate)]
      const value = await a.value.read()
      expect(Math.abs(value.item() - b.value.item())).toBeLessThan(1e-4)
      expect(furthest(await onHost(a.params), treeLeaves(b.params))).toBeLessThan(1e-4)
      ;[mine, theirs] = [a.params, b.params]
    }
    // one program, nothing on the host in between
    expect(events.map(({ programs }) => programs)).toEqual([1])
    expect(furthest(await onHost(mine), treeLeaves(initial()))).toBeGreaterThan(1e-3)
    await engine.close()
  })
}

test('200 steps: parameters stay on the device, kernels and memory stay as they are', async () => {
  const engine = await gpuEngine({ mode: 'cpu' })
  const train = compile(step, engine, { donate: [0] })
  let { params, value } = await train(initial(), data, rate)
  const first = (await value.read()).item()
  // given a second time, tokens, labels, mask and learning rate stay
  const second = await train(params, data, rate)
  if (value instanceof DeviceTensor) value.free()
  ;({ params, value } = second)
  const before = engine.stats()
  for (let i = 0; i < 200; i++) {
    const next = await train(params, data, rate)
    if (value instanceof DeviceTensor) value.free()
    ;({ params, value } = next)
  }
  const after = engine.stats()
  expect(after).toEqual(before)
  expect((await value.read()).item()).toBeLessThan(first / 2)
  await engine.close()
  expect(engine.stats()).toMatchObject({ kernels: 0, buffers: 0, bytes: 0 })
})
