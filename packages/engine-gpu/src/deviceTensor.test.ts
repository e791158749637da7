import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import {
  add,
  array,
  BufferError,
  cast,
  compile,
  DTypeError,
  HostTensor,
  iota,
  less,
  mul,
  reshape,
  scalar,
  sub,
  type Tensor,
} from '@cotangent/core'
import { afterAll, expect, test } from 'vitest'
import { DeviceTensor, toDevice } from './deviceTensor.js'
import { gpuEngine } from './gpuEngine.js'

const engine = await gpuEngine({ mode: 'cpu' })
afterAll(() => engine.close())

const twice = compile((x: Tensor) => add(x, x), engine)
const x = array([1, 2, 3])

/** The error a function throws, or its promise rejects with. */
const failure = async (f: () => unknown): Promise<unknown> => {
  try {
    await f()
  } catch (error) {
    return error
  }
  throw new Error('nothing was thrown')
}

test('a result is on the device: data names the way to the host', async () => {
  const y = await twice(x)
  expect(y).toBeInstanceOf(DeviceTensor)
  expect(y.shape).toEqual([3])
  const error = await failure(() => y.data)
  expect(error).toBeInstanceOf(BufferError)
  expect(String(error)).toContain('await t.read()')
  expect(await failure(() => add(y, 1))).toBeInstanceOf(BufferError)
  expect(String(y)).toBe('Tensor f32[3] (on the device, gpu.js mode cpu)')
  const here = await y.read()
  expect(here).toBeInstanceOf(HostTensor)
  expect([...here.data]).toEqual([2, 4, 6])
})

test('what was read is a copy', async () => {
  const y = await twice(x)
  const [a, b] = [await y.read(), await y.read()]
  a.data[0] = 99
  expect([...b.data]).toEqual([2, 4, 6])
})

test('dtypes come back as they went', async () => {
  const f = compile((n: Tensor) => [less(n, 2), cast(n, 'i32'), add(n, 1), cast(n, 'f32')] as const, engine)
  const [small, , next, float] = await f(array([1, -3, 2], 'i32'))
  const back = await Promise.all([small, next, float].map((t) => t.read()))
  expect(back.map(({ data }) => data)).toEqual([
    Uint8Array.of(1, 1, 0),
    Int32Array.of(2, -2, 3),
    Float32Array.of(1, -3, 2),
  ])
})

test('given to the next call it does not leave the device', async () => {
  const y = await twice(x)
  const { uploaded, read } = engine.stats()
  const z = await twice(y)
  expect(engine.stats()).toMatchObject({ uploaded, read })
  expect([...(await z.read()).data]).toEqual([4, 8, 12])
})

test('a reshape shares memory with its operand, and outlives it', async () => {
  const f = compile((t: Tensor) => reshape(t, [3, 1]), engine, { donate: [0] })
  const y = await twice(x)
  const { bytes } = engine.stats()
  const z = await f(y)
  expect(engine.stats().bytes).toBe(bytes)
  expect((await z.read()).toArray()).toEqual([[2], [4], [6]])
})

test('donated memory is freed, the tensor says so, a result that is the argument stays', async () => {
  const step = compile((w: Tensor) => sub(w, 1), engine, { donate: [0] })
  const w = await step(await twice(x))
  const { buffers } = engine.stats()
  const next = await step(w)
  expect(engine.stats().buffers).toBe(buffers)
  const error = await failure(() => w.read())
  expect(error).toBeInstanceOf(BufferError)
  expect(String(error)).toContain('f32[3], donated to a compiled call or freed')
  expect(String(w)).toContain('donated or freed')
  expect(await failure(() => twice(w))).toBeInstanceOf(BufferError)
  const same = compile((t: Tensor) => [t, mul(t, 2)] as const, engine, { donate: [0] })
  const [kept] = await same(next)
  expect([...(await kept.read()).data]).toEqual([0, 2, 4])
  const host = array([1, 2])
  await step(host)
  expect(host.donated).toBe(true)
})

test('a tensor of another engine is copied', async () => {
  const other = await gpuEngine({ mode: 'webasm' })
  const y = await compile((t: Tensor) => mul(t, 10), other)(x)
  expect([...(await (await twice(y)).read()).data]).toEqual([20, 40, 60])
  await other.close()
  const error = await failure(() => y.read())
  expect(error).toBeInstanceOf(BufferError)
  expect(String(error)).toContain('closed')
})

test('integers beyond 2^24 are refused with the number', async () => {
  const error = await failure(() => twice(array([1, 16777217], 'i32')))
  expect(error).toBeInstanceOf(DTypeError)
  expect(String(error)).toContain('16777217 in i32[2]')
  expect([...(await (await twice(array([8388608], 'i32'))).read()).data]).toEqual([16777216])
  expect(() => toDevice(scalar(1, 'f64'))).toThrow(DTypeError)
})

test('memory of a tensor nobody holds is freed', async () => {
  setFlagsFromString('--expose-gc')
  const collect: unknown = runInNewContext('gc')
  if (typeof collect !== 'function') throw new Error('no gc')
  const f = compile(() => iota(1000, 'f32'), engine)
  await f() // the program's own constant
  const settle = async (): Promise<number> => {
    for (let i = 0; i < 5; i++) {
      collect()
      await new Promise((resolve) => setTimeout(resolve, 5))
    }
    return engine.stats().bytes
  }
  const before = await settle()
  for (let i = 0; i < 10; i++) await twice(array(new Array<number>(1000).fill(1)))
  expect(engine.stats().bytes).toBeGreaterThan(before)
  expect(await settle()).toBe(before)
})
