/* Memory, limits and failures of WebGPU, in Node. */
import { add, array, compile, matmul, mul, sub, sum, type Tensor, tanh, tensor } from '@cotangent/core'
import { type GpuEngine, gpuEngine } from '@cotangent/engine-gpu'
import { EdgeFailure } from '@cotangent/prelude'
import { describe, expect, test } from 'vitest'
import { loadGpuJs } from '../../packages/engine-gpu/src/device/gpujs.js'
import { openWebGpuDevice } from '../../packages/engine-gpu/src/device/webGpuDevice.js'
import { countGpuBuffers } from '../support/gpuBuffers.js'
import { outOfRange, outOfRangeResults } from '../support/outOfRange.js'
import { usingGpu } from '../support/usingGpu.js'

const using = (f: (engine: GpuEngine) => Promise<void>): Promise<void> => usingGpu(f, 'webgpu')

const failure = async (f: () => unknown): Promise<unknown> => {
  try {
    await f()
  } catch (error) {
    return error
  }
  throw new Error('nothing was thrown')
}

test('the adapter and its limits are told', () =>
  using(async (engine) => {
    expect(engine.name).toBe('gpu (webgpu)')
    expect(engine.precision).toBe('f32')
    expect(engine.adapter.name).not.toBe('')
    expect(engine.limits.parameters).toBeGreaterThanOrEqual(7)
    expect(engine.limits.elements).toBeGreaterThanOrEqual(2 ** 24)
  }))

test('an index out of range is the same as in all modes', () =>
  using(async (engine) => {
    expect(await outOfRange(engine)).toEqual(outOfRangeResults)
  }))

describe('memory', () => {
  const w = tensor(
    new Float32Array(64).map((_, i) => Math.sin(i)),
    [8, 8],
  )
  const step = (x: Tensor, weight: Tensor): Tensor => sub(x, mul(tanh(matmul(x, weight)), 0.01))

  test('1,000 runs leave as many GPU buffers as 10; closing leaves none', async () => {
    const engine = await gpuEngine({ mode: 'webgpu' })
    const buffers = countGpuBuffers()
    const compiled = compile(step, engine, { donate: [0] })
    const weight = await compile((t: Tensor) => mul(t, 0.5), engine)(w)
    let x = await compiled(array([[1, 2, 3, 4, 5, 6, 7, 8]]), weight)
    const after: number[] = []
    for (let run = 2; run <= 1000; run++) {
      x = await compiled(x, weight)
      if (run % 10 === 0) after.push(buffers.alive())
    }
    expect(new Set(after).size, String(after)).toBe(1)
    const { uploaded, read } = engine.stats()
    expect(uploaded).toBe((64 + 8) * 4)
    expect(read).toBe(0)
    expect(Number.isFinite((await x.read()).data[0])).toBe(true)
    await engine.close()
    expect(engine.stats()).toMatchObject({ kernels: 0, buffers: 0, bytes: 0 })
    expect(buffers.alive()).toBe(0)
    buffers.stop()
  })

  test('a weight on the host goes to the device twice, and stays until it is donated', () =>
    using(async (engine) => {
      const buffers = countGpuBuffers()
      const weight = tensor(Float32Array.from(w.data), w.shape)
      const compiled = compile(step, engine, { donate: [0] })
      let x: Tensor = array([[1, 2, 3, 4, 5, 6, 7, 8]])
      const after: number[] = []
      for (let run = 1; run <= 50; run++) {
        x = await compiled(x, weight)
        after.push(buffers.alive())
      }
      expect(engine.stats().uploaded).toBe((8 + 2 * 64) * 4)
      expect(new Set(after.slice(1)).size, String(after)).toBe(1)
      const alive = engine.stats().buffers
      const given = await compile((t: Tensor) => mul(t, 2), engine, { donate: [0] })(weight)
      expect(engine.stats().buffers).toBe(alive) // the weight's memory went, the result's came
      expect((await given.read()).data[1]).toBe(Math.fround(2 * Math.fround(Math.sin(1))))
      buffers.stop()
    }))

  test('a kernel does not keep its last result alive', () =>
    using(async (engine) => {
      const buffers = countGpuBuffers()
      const double = compile((x: Tensor) => add(x, x), engine, { donate: [0] })
      const first = await double(array([1, 2]))
      const before = buffers.alive()
      const second = await double(first)
      expect(buffers.alive()).toBe(before)
      await double(second)
      expect(buffers.alive()).toBe(before)
      buffers.stop()
    }))
})

test('programs that run at the same time do not disturb each other', () =>
  using(async (engine) => {
    const f = compile((x: Tensor) => sum(mul(tanh(x), x)), engine)
    const inputs = Array.from({ length: 20 }, (_, i) => array([i / 10, 1, -2]))
    const right = (x: Tensor) => [...x.data].reduce((total, v) => total + Math.tanh(v) * v, 0)
    const results = await Promise.all(inputs.map(async (x) => (await (await f(x)).read()).item()))
    for (const [i, x] of inputs.entries()) expect(results[i]).toBeCloseTo(right(x), 5)
  }))

test('what exceeds the limits is refused with the number', async () => {
  const device = await openWebGpuDevice()
  const long = await failure(() => device.upload(new Float32Array(device.limits.elements + 1)))
  expect(long).toBeInstanceOf(EdgeFailure)
  expect(String(long)).toContain(`an array of ${device.limits.elements + 1} elements`)
  const parameters = Array.from({ length: device.limits.parameters + 1 }, (_, i) => `a${i}`)
  const source = `function (${parameters.join(', ')}) { return ${parameters.map((a) => `${a}[0]`).join(' + ')}; }`
  const many = await failure(() => device.kernel({ source, length: 1, inputLengths: parameters.map(() => 1) }))
  expect(String(many)).toContain(`this device takes at most ${device.limits.parameters}`)
  await device.close()
})

test('a kernel that WebGPU refuses is an error of its own, and the engine goes on', async () => {
  const device = await openWebGpuDevice()
  const source = 'function (a0) { const t = a0[0] == 1; return t ? 1 : 0; }' // gpu.js takes t for a number
  const x = device.upload(Float32Array.of(1))
  const error = await failure(() => device.kernel({ source, length: 1, inputLengths: [1] }).run([x]))
  expect(String(error)).toContain('WGSL')
  const fine = { source: 'function (a0) { return a0[0] + 1; }', length: 1, inputLengths: [1] }
  expect([...(await device.read(await device.kernel(fine).run([x])))]).toEqual([2])
  await device.close()
})

describe('a lost device', () => {
  const lose = async (): Promise<void> => {
    const { WebGPUContext } = await loadGpuJs()
    await WebGPUContext.destroy()
    await new Promise((resolve) => setTimeout(resolve, 20))
  }

  test('the next run and the next read say so; a new engine works', async () => {
    const engine = await gpuEngine({ mode: 'webgpu' })
    const f = compile((x: Tensor) => add(x, 1), engine)
    const y = await f(array([1, 2]))
    await lose()
    for (const use of [() => y.read(), () => f(array([1, 2])), () => f(y)]) {
      const error = await failure(use)
      expect(error).toBeInstanceOf(EdgeFailure)
      expect(String(error)).toContain('the device was lost')
      expect(String(error)).toContain('make a new one')
    }
    await engine.close()
    await using(async (next) => {
      expect([...(await (await compile((x: Tensor) => add(x, 1), next)(array([1, 2]))).read()).data]).toEqual([2, 3])
    })
  })

  test('a read that is under way ends: it was served before, or it fails', async () => {
    const engine = await gpuEngine({ mode: 'webgpu' })
    const y = await compile((x: Tensor) => add(x, 1), engine)(array([1, 2]))
    const outcome = failure(() => y.read())
    await lose()
    expect(String(await outcome)).toMatch(/the device was lost|nothing was thrown/)
    await engine.close()
  })
})
