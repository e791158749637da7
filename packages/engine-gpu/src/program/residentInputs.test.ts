import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import {
  add,
  array,
  BufferError,
  compile,
  cond,
  constant,
  greater,
  type HostTensor,
  matmul,
  mul,
  reshape,
  sub,
  sum,
  type Tensor,
  tensor,
} from '@cotangent/core'
import { expect, test } from 'vitest'
import { usingGpu } from '../../../../test/support/usingGpu.js'
import { DeviceTensor } from '../deviceTensor.js'
import { type GpuEngine, gpuEngine } from '../gpuEngine.js'

const side = 8
const bytes = 4 * side * side

const weightOf = (value: number): HostTensor => tensor(new Float32Array(side * side).fill(value), [side, side])

/** Bytes that a call copies to the device. */
const uploadedBy = async (engine: GpuEngine, call: () => Promise<unknown>): Promise<number> => {
  const before = engine.stats().uploaded
  await call()
  return engine.stats().uploaded - before
}

/** Lets finalisers run. */
const collect = async (): Promise<void> => {
  setFlagsFromString('--expose-gc')
  const run: unknown = runInNewContext('gc')
  if (typeof run !== 'function') throw new Error('no gc')
  for (let i = 0; i < 5; i++) {
    run()
    await new Promise((resolve) => setTimeout(resolve, 5))
  }
}

const times = (engine: GpuEngine) => compile((x: Tensor, w: Tensor) => matmul(x, w), engine)

test('50 steps with frozen weights: each goes to the device twice, a batch once, memory is flat', () =>
  usingGpu(async (engine) => {
    const frozen = [weightOf(0.1), weightOf(0.2), weightOf(0.3)]
    const step = compile(
      (w: Tensor, weights: readonly Tensor[], x: Tensor) =>
        sub(
          w,
          mul(
            0.01,
            matmul(
              weights.reduce((y, each) => matmul(y, each), x),
              w,
            ),
          ),
        ),
      engine,
      { donate: [0] },
    )
    let w: Tensor = weightOf(1)
    const uploads: number[] = []
    const buffers: number[] = []
    for (let i = 0; i < 50; i++) {
      uploads.push(
        await uploadedBy(engine, async () => {
          w = await step(w, frozen, weightOf(i))
        }),
      )
      buffers.push(engine.stats().buffers)
    }
    expect(uploads.slice(0, 3)).toEqual([5 * bytes, 4 * bytes, bytes])
    expect(uploads.slice(2)).toEqual(new Array<number>(48).fill(bytes))
    expect(buffers).toEqual([1, ...new Array<number>(49).fill(1 + frozen.length)])
  }))

test('a result that shares memory with what stays may be donated, and leaves it as it is', () =>
  usingGpu(async (engine) => {
    const x = array([1, 2, 3])
    const both = compile((t: Tensor) => [reshape(t, [3, 1]), add(t, t)] as const, engine)
    for (let i = 0; i < 3; i++) {
      const [same, twice] = await both(x)
      expect([...(await same.read()).data]).toEqual([1, 2, 3])
      expect([...(await twice.read()).data]).toEqual([2, 4, 6])
    }
    const donated = compile((t: Tensor) => mul(t, 10), engine, { donate: [0] })
    const [same] = await both(x)
    expect([...(await (await donated(same)).read()).data]).toEqual([10, 20, 30])
    expect([...(await (await both(x))[1].read()).data]).toEqual([2, 4, 6])
  }))

test('two programs share what stays; captured tensors stay too', () =>
  usingGpu(async (engine) => {
    const w = weightOf(0.5)
    const first = times(engine)
    const second = compile((x: Tensor) => add(matmul(x, w), w), engine)
    const x = await first(weightOf(1), weightOf(1)) // a batch that is on the device already
    expect(await uploadedBy(engine, () => first(x, w))).toBe(bytes)
    expect(await uploadedBy(engine, () => first(x, w))).toBe(bytes)
    expect(await uploadedBy(engine, () => first(x, w))).toBe(0)
    expect(await uploadedBy(engine, () => second(x))).toBe(0)
    const other = await gpuEngine({ mode: 'cpu' })
    expect(await uploadedBy(other, () => times(other)(w, w))).toBe(2 * bytes)
    await other.close()
    expect(await uploadedBy(engine, () => second(x))).toBe(0)
  }))

test('donated after it stayed: freed, and refused from then on', () =>
  usingGpu(async (engine) => {
    const w = weightOf(1)
    const keep = compile((t: Tensor) => sum(t), engine)
    const give = compile((t: Tensor) => sum(mul(t, 2)), engine, { donate: [0] })
    const device = async (f: typeof keep): Promise<number> => (await (await f(w)).read()).item()
    expect([await device(keep), await device(keep)]).toEqual([64, 64])
    const { bytes: resident } = engine.stats()
    expect(await device(give)).toBe(128)
    expect(w.donated).toBe(true)
    expect(engine.stats().bytes).toBeLessThanOrEqual(resident - bytes + 4)
    const error: unknown = await keep(w).catch((e: unknown) => e)
    expect(error).toBeInstanceOf(BufferError)
    expect(String(error)).toContain('donated')
  }))

test('given away elsewhere after it stayed: refused, and freed with that', () =>
  usingGpu(async (engine) => {
    const w = weightOf(1)
    const keep = compile((t: Tensor) => add(t, 1), engine)
    for (let i = 0; i < 2; i++) await keep(w)
    await collect() // the results
    expect(engine.stats().bytes).toBe(bytes)
    w.donate()
    await expect(keep(w)).rejects.toThrow(BufferError)
    expect(engine.stats().bytes).toBe(0)
  }))

test('freed when nobody holds the tensor any more, and on close', async () => {
  const engine = await gpuEngine({ mode: 'cpu' })
  const f = compile((t: Tensor) => add(t, 1), engine)
  const stay = async (): Promise<void> => {
    const w = weightOf(1)
    for (let i = 0; i < 3; i++) await f(w)
  }
  await stay()
  await collect()
  expect(engine.stats().bytes).toBe(0)
  const held = weightOf(2)
  for (let i = 0; i < 3; i++) await f(held)
  expect(engine.stats().bytes).toBeGreaterThanOrEqual(bytes)
  await engine.close()
  expect(engine.stats()).toMatchObject({ buffers: 0, bytes: 0 })
  expect([...held.data]).toEqual(new Array(side * side).fill(2))
})

test('constants of a program that nobody holds any more are freed', () =>
  usingGpu(async (engine) => {
    const shortLived = async (): Promise<void> => {
      const f = compile((x: Tensor) => add(x, constant(array([1, 2, 4]))), engine)
      const result = await f(array([1, 2, 3]))
      expect([...(await result.read()).data]).toEqual([2, 4, 7])
      if (result instanceof DeviceTensor) result.free()
      expect(engine.stats().buffers).toBe(1)
    }
    await shortLived()
    await collect()
    expect(engine.stats().buffers).toBe(0)
  }))

test('a batch that two programs of one call need does not stay', () =>
  usingGpu(async (engine) => {
    const f = compile(
      (x: Tensor) =>
        mul(
          cond(
            greater(sum(mul(x, 3)), 5),
            (y: Tensor) => mul(y, -1),
            (y: Tensor) => y,
            mul(x, 2),
          ),
          x,
        ),
      engine,
    )
    for (let i = 0; i < 5; i++) {
      const result = await f(array([i, i + 1]))
      if (result instanceof DeviceTensor) result.free()
      expect(engine.stats().buffers).toBe(0)
    }
  }))

test('what a program hands to the host and back costs a copy each time and is freed', () =>
  usingGpu(async (engine) => {
    const f = compile(
      (x: Tensor) =>
        mul(
          cond(
            greater(sum(x), 5),
            (y: Tensor) => mul(y, -1),
            (y: Tensor) => add(y, 1),
            mul(x, 2),
          ),
          3,
        ),
      engine,
    )
    const x = array([1, 3])
    for (let i = 0; i < 2; i++) await f(x)
    await collect()
    const { buffers } = engine.stats()
    for (let i = 0; i < 10; i++) await f(x)
    await collect()
    expect(engine.stats().buffers).toBe(buffers)
    expect(buffers).toBe(1)
  }))
