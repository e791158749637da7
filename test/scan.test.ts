/* Layers as one loop over stacked weights, on the ONNX engine: it is one operator, and learns what written-out layers learn. */
import {
  compile,
  type Engine,
  type IR,
  key,
  map,
  mean,
  normal,
  ones,
  referenceEngine,
  splitKeys,
  square,
  sub,
  type Tensor,
  treeLeaves,
  valueAndGrad,
} from '@cotangent/core'
import { onnxEngine } from '@cotangent/engine-onnx'
import { dropout } from '@cotangent/nn'
import { adamw, applyUpdates } from '@cotangent/optim'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { encoderLayers, type Layer, layerAt, scanned, stacked, unrolled } from './support/encoderLayers.js'

let engine: Engine
const loaded: IR[] = []
beforeAll(async () => {
  const onnx = await onnxEngine({ threads: 2 })
  engine = {
    ...onnx,
    load: (ir) => {
      loaded.push(ir)
      return onnx.load(ir)
    },
  }
})
afterAll(() => engine.close())

const [count, width, heads] = [4, 16, 2]
const layers = encoderLayers(count, width)
const [x, target] = [normal(key(500), [3, 5, width]), normal(key(501), [3, 5, width])]

const scansIn = (ir: IR): number => ir.equations.filter(({ primitive }) => primitive.name === 'scan').length

/** A step of training: the loss, weights and state after it. */
const trainer = <P>(run: (params: P, keys: Tensor) => Tensor) => {
  const optimiser = adamw({ learningRate: 1e-2, weightDecay: 0.01 })
  const step = compile((params: P, state: ReturnType<typeof optimiser.init>, keys: Tensor) => {
    const [loss, slope] = valueAndGrad((p: P) => mean(square(sub(run(p, keys), target))))(params)
    const [updates, next] = optimiser.update(slope, state, params)
    return { loss, params: applyUpdates(params, updates), state: next }
  }, engine)
  return async (start: P, steps: number) => {
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
}

describe('training with dropout', () => {
  test('is that of the layers written out', async () => {
    loaded.length = 0
    const loop = await trainer((p: Layer, keys) => scanned(p, x, heads, keys))(stacked(layers), 6)
    expect(loaded.map(scansIn)).toEqual([2])
    const list = await trainer((p: readonly Layer[], keys) => unrolled(p, x, heads, keys))(layers, 6)
    for (const [i, loss] of loop.losses.entries()) expect(loss).toBeCloseTo(list.losses[i] ?? Number.NaN, 4)
    expect(loop.losses[5]).toBeLessThan((loop.losses[0] ?? 0) - 0.1)
    for (const [i, layer] of list.params.entries()) {
      const mine = treeLeaves(layerAt(loop.params, i))
      for (const [j, y] of treeLeaves(layer).entries()) {
        for (const [k, value] of y.data.entries()) expect(mine[j]?.data[k]).toBeCloseTo(value, 3)
      }
    }
  })
})

describe('what is dropped', () => {
  test('is what the reference drops, bit for bit; the loop runs on the engine', async () => {
    const kept = (keys: Tensor): Tensor => map((k: Tensor) => dropout(k, 0.25, ones([7, 3])), keys)
    const keys = splitKeys(key(7), count)
    loaded.length = 0
    const masks = await compile((ks: Tensor, y: Tensor) => map((k: Tensor) => dropout(k, 0.25, y), ks), engine)(
      keys,
      ones([7, 3]),
    )
    expect(loaded.map(scansIn)).toEqual([1])
    expect([...masks.data]).toEqual([...kept(keys).data])
    expect(new Set(masks.data)).toEqual(new Set([0, Math.fround(1 / 0.75)]))
  })

  test('in layers too', async () => {
    const run = (p: Layer, y: Tensor, keys: Tensor): Tensor => scanned(p, y, heads, keys)
    const args = [stacked(layers), x, splitKeys(key(8), count)] as const
    loaded.length = 0
    const here = await compile(run, engine)(...args)
    expect(loaded).toHaveLength(1)
    expect(scansIn(loaded[0] as IR)).toBe(1)
    expect(loaded[0]?.inputs.every(({ aval }) => aval.dtype === 'f32')).toBe(true)
    const expected = await compile(run, referenceEngine())(...args)
    const other = await compile(run, engine)(args[0], args[1], splitKeys(key(9), count))
    const apart = (a: Tensor, b: Tensor): number =>
      Math.max(...a.data.map((v, i) => Math.abs(v - (b.data[i] ?? Number.NaN))))
    expect(apart(here, expected)).toBeLessThan(1e-5)
    expect(apart(here, other)).toBeGreaterThan(0.1)
  })
})
