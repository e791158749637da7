/* Layers as one loop over stacked weights, on the ONNX engine: it is one operator, and learns what written-out layers learn. */
import {
  checkpoint,
  compile,
  type IR,
  key,
  map,
  mean,
  normal,
  ones,
  referenceEngine,
  scan,
  splitKeys,
  square,
  sub,
  type Tensor,
  treeLeaves,
  valueAndGrad,
} from '@cotangent/core'
import { dropout } from '@cotangent/nn'
import { adamw, applyUpdates } from '@cotangent/optim'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import {
  encoderLayer,
  encoderLayers,
  type Layer,
  layerAt,
  scanned,
  stacked,
  unrolled,
} from './support/encoderLayers.js'
import { loadedBy, type WatchedEngine, watchedOnnx } from './support/watchedOnnx.js'

let onnx: WatchedEngine
beforeAll(async () => {
  onnx = await watchedOnnx()
})
afterAll(() => onnx.engine.close())

const [count, width, heads] = [4, 16, 2]
const layers = encoderLayers(count, width)
const [x, target] = [normal(key(500), [3, 5, width]), normal(key(501), [3, 5, width])]

const scansIn = (ir: IR): number => ir.equations.filter(({ primitive }) => primitive.name === 'scan').length

/** The mean squared error of what layers give, and its gradient. */
const lossOf =
  <P>(run: (params: P, keys: Tensor) => Tensor) =>
  (params: P, keys: Tensor) =>
    valueAndGrad((p: P) => mean(square(sub(run(p, keys), target))))(params)

/** Trains for some steps: the losses, and the weights at the end. */
const trained = async <P>(run: (params: P, keys: Tensor) => Tensor, start: P, steps: number) => {
  const optimiser = adamw({ learningRate: 1e-2, weightDecay: 0.01 })
  const step = compile((params: P, state: ReturnType<typeof optimiser.init>, keys: Tensor) => {
    const [loss, slope] = lossOf(run)(params, keys)
    const [updates, next] = optimiser.update(slope, state, params)
    return { loss, params: applyUpdates(params, updates), state: next }
  }, onnx.engine)
  let [params, state] = [start, optimiser.init(start)]
  const losses: number[] = []
  for (let i = 0; i < steps; i++) {
    const after = await step(params, state, splitKeys(key(i), count))
    losses.push(after.loss.item())
    params = after.params
    state = after.state
  }
  return { losses, params }
}

const distance = (a: Tensor, b: Tensor): number =>
  Math.max(...a.data.map((v, i) => Math.abs(v - (b.data[i] ?? Number.NaN))))

const loop = (p: Layer, keys: Tensor): Tensor => scanned(p, x, heads, keys)

describe('layers in a scan, with dropout', () => {
  test('are trained as layers written out', async () => {
    const [ofLoop, programs] = await loadedBy(onnx, () => trained(loop, stacked(layers), 6))
    expect(programs.map(scansIn)).toEqual([2])
    const ofList = await trained((p: readonly Layer[], keys) => unrolled(p, x, heads, keys), layers, 6)
    for (const [i, loss] of ofLoop.losses.entries()) expect(loss).toBeCloseTo(ofList.losses[i] ?? Number.NaN, 4)
    expect(ofLoop.losses[5]).toBeLessThan((ofLoop.losses[0] ?? 0) - 0.1)
    for (const [i, layer] of ofList.params.entries()) {
      const mine = treeLeaves(layerAt(ofLoop.params, i))
      for (const [j, y] of treeLeaves(layer).entries()) expect(distance(y, mine[j] ?? y)).toBeLessThan(5e-4)
    }
  })

  test('give what the reference gives, as one program with one loop and no keys', async () => {
    const args = [stacked(layers), splitKeys(key(8), count)] as const
    const run = compile(loop, onnx.engine)
    const [here, [program, ...more]] = await loadedBy(onnx, () => run(...args))
    if (program === undefined) throw new Error('nothing was loaded')
    expect([more.length, scansIn(program)]).toEqual([0, 1])
    expect(program.inputs.map(({ aval }) => aval.dtype)).not.toContain('u32')
    expect(distance(here, await compile(loop, referenceEngine())(...args))).toBeLessThan(1e-5)
    expect(distance(here, await run(args[0], splitKeys(key(9), count)))).toBeGreaterThan(0.1)
  })

  test('under a checkpoint drop the same again in the second forward pass', async () => {
    const lean = (p: Layer, keys: Tensor): Tensor =>
      scan(
        (h: Tensor, [layer, k]: readonly [Layer, Tensor]) => [
          checkpoint((y: Tensor, q: Layer, own: Tensor) => encoderLayer(q, y, heads, own))(h, layer, k),
          null,
        ],
        x,
        [p, keys] as const,
      )[0]
    const args = [stacked(layers), splitKeys(key(10), count)] as const
    const [[loss, slope], programs] = await loadedBy(onnx, () => compile(lossOf(lean), onnx.engine)(...args))
    expect(programs.map(scansIn)).toEqual([2])
    const [expected, plain] = await compile(lossOf(loop), onnx.engine)(...args)
    expect(loss.item()).toBeCloseTo(expected.item(), 5)
    const mine = treeLeaves(slope)
    for (const [j, y] of treeLeaves(plain).entries()) expect(distance(y, mine[j] ?? y)).toBeLessThan(1e-5)
  })
})

test('what is dropped in a loop is what the reference drops, bit for bit', async () => {
  const masks = (keys: Tensor, y: Tensor): Tensor => map((k: Tensor) => dropout(k, 0.25, y), keys)
  const args = [splitKeys(key(7), count), ones([7, 3])] as const
  const [here, programs] = await loadedBy(onnx, () => compile(masks, onnx.engine)(...args))
  expect(programs.map(scansIn)).toEqual([1])
  expect([...here.data]).toEqual([...masks(...args).data])
  expect(new Set(here.data)).toEqual(new Set([0, Math.fround(1 / 0.75)]))
})
