import {
  ArgumentError,
  add,
  array,
  BufferError,
  type CompileEvent,
  cast,
  compile,
  cond,
  constant,
  eigh,
  grad,
  greater,
  iota,
  key,
  matmul,
  mul,
  neg,
  normal,
  scalar,
  scan,
  singularValues,
  sum,
  type Tensor,
  tanh,
  tensor,
  whileLoop,
} from '@cotangent/core'
import { EdgeFailure } from '@cotangent/prelude'
import { describe, expect, test } from 'vitest'
import { usingGpu } from '../../../test/support/usingGpu.js'
import { type GpuEngine, gpuEngine } from './gpuEngine.js'

describe('modes', () => {
  test('cpu says what it is', async () => {
    const engine = await gpuEngine({ mode: 'cpu' })
    expect(engine.name).toBe('gpu (cpu)')
    expect(engine).toMatchObject({
      mode: 'cpu',
      precision: 'f32',
      passedOver: [],
      adapter: { name: 'JavaScript', software: true },
      limits: { elements: 2 ** 24 },
    })
    expect(engine.stats()).toEqual({ kernels: 0, buffers: 0, bytes: 0, uploaded: 0, read: 0 })
    await engine.close()
  })

  test('auto says what it passed over; Node has no WebGL2', async () => {
    const engine = await gpuEngine()
    if (engine.mode !== 'webgpu') {
      expect(engine.passedOver.map((why) => why.split(':')[0])).toEqual(['webgpu', 'webgl2'])
      expect(engine.passedOver[1]).toBe('webgl2: there is no WebGL2 here')
    }
    await engine.close()
  })

  test('a mode that does not start is an error that says what it needs', async () => {
    const error: unknown = await gpuEngine({ mode: 'webgl2' }).catch((e: unknown) => e)
    expect(error).toBeInstanceOf(EdgeFailure)
    expect(String(error)).toMatchInlineSnapshot(`
      "EdgeFailure: engine "gpu (webgl2)" must be usable on this machine.
        received  there is no WebGL2 here
        to do     use a browser with WebGL2 and float textures; Node has none"
    `)
  })

  test.each([
    ['cpu', 'options must be a record.'],
    [{ mod: 'cpu' }, 'options are mode and warn.'],
    [{ mode: 'gpu' }, 'mode must be one of auto, webgpu, webgl2, webasm, cpu.'],
    [{ mode: 3 }, 'mode must be one of auto, webgpu, webgl2, webasm, cpu.'],
  ])('options %j are refused: %s', async (options, expected) => {
    const error: unknown = await gpuEngine(options as never).catch((e: unknown) => e) // border: as JavaScript would
    expect(error).toBeInstanceOf(ArgumentError)
    expect(String(error)).toContain(expected)
  })
})

describe('programs', () => {
  const programsOf = async <A extends readonly unknown[]>(
    engine: GpuEngine,
    f: (...args: A) => Tensor,
    ...args: A
  ): Promise<{ readonly programs: number; readonly values: readonly number[] }> => {
    let event: CompileEvent | undefined
    const result = await compile(f, engine, {
      onCompile: (e) => {
        event = e
      },
    })(...args)
    return { programs: event?.programs ?? -1, values: [...(await result.read()).data] }
  }

  test('f64 runs on the host, between two programs', () =>
    usingGpu(async (engine) => {
      const f = (x: Tensor) => mul(cast(add(cast(mul(x, 3), 'f64'), 1e-12), 'f32'), 2)
      expect(await programsOf(engine, f, array([1, 2]))).toEqual({ programs: 2, values: [6, 12] })
    }))

  test('loops and choices run on the host, between two programs', () =>
    usingGpu(async (engine) => {
      const steps = array([0.5, 2])
      const loop = (x: Tensor): Tensor =>
        scan((carry: Tensor, y: Tensor) => [add(mul(carry, y), 1), null] as const, mul(x, 2), steps)[0]
      expect(await programsOf(engine, (x: Tensor) => mul(loop(x), 3), array([1, 2]))).toEqual({
        programs: 2,
        values: [15, 21],
      })
      const slope = grad((x: Tensor) => sum(mul(loop(x), x)))
      expect((await programsOf(engine, (x: Tensor) => mul(slope(x), 3), array([1, 2]))).values).toEqual([21, 33])
      const halved = (x: Tensor): Tensor =>
        whileLoop(
          (y: Tensor) => greater(sum(y), 1),
          (y: Tensor) => mul(y, 0.5),
          mul(x, 2),
        )
      expect(await programsOf(engine, (x: Tensor) => mul(halved(x), 3), array([1, 2]))).toEqual({
        programs: 2,
        values: [0.75, 1.5],
      })
      const chosen = (x: Tensor): Tensor =>
        cond(
          greater(sum(x), 5),
          (y: Tensor) => neg(y),
          (y: Tensor) => add(y, 1),
          mul(x, 2),
        )
      expect((await programsOf(engine, (x: Tensor) => mul(chosen(x), 3), array([1, 3]))).values).toEqual([9, 21])
    }))

  test('f64 that depends on nothing runs on the host before the call', () =>
    usingGpu(async (engine) => {
      const f = (x: Tensor) => add(x, cast(mul(iota(3, 'f64'), 0.5), 'f32'))
      expect(await programsOf(engine, f, array([1, 1, 1]))).toEqual({ programs: 1, values: [1, 1.5, 2] })
      expect(await programsOf(engine, () => iota(2, 'f64'))).toEqual({ programs: 0, values: [0, 1] })
    }))

  test('what the first program hands to the host is freed', () =>
    usingGpu(async (engine) => {
      const f = compile((x: Tensor) => cast(add(cast(mul(x, 3), 'f64'), 1), 'f32'), engine)
      await f(array([1, 2]))
      expect(engine.stats().buffers).toBe(0)
    }))

  test('integers beyond 2^24 that are seen before the run keep their equation on the host, exact', () =>
    usingGpu(async (engine) => {
      const literal = await programsOf(engine, (n: Tensor) => add(n, 20000000), scalar(1, 'i32'))
      expect(literal).toEqual({ programs: 0, values: [20000001] })
      const table = () => constant(array([20000001, 20000003], 'i32'))
      expect(await programsOf(engine, table)).toEqual({ programs: 0, values: [20000001, 20000003] })
      const mixed = programsOf(engine, (n: Tensor) => add(mul(n, 2), table()), array([1, 2], 'i32'))
      expect(await mixed.catch(String)).toContain('20000001 in i32[2]')
    }))

  test('random numbers, eigh and singular values come from the host, and feed kernels', () =>
    usingGpu(async (engine) => {
      const noise = await programsOf(engine, (k: Tensor, x: Tensor) => add(normal(k, [2]), x), key(1), array([1, 1]))
      const drawn = [...normal(key(1), [2]).data].map((v) => Math.fround(v + 1))
      expect(noise).toEqual({ programs: 1, values: drawn })
      const m = array([
        [3, 0],
        [4, 5],
      ])
      const total = (x: Tensor) => sum(singularValues(mul(x, 2)))
      const { values } = await programsOf(engine, total, m)
      expect(values[0]).toBeCloseTo(2 * (Math.sqrt(45) + Math.sqrt(5)), 4)
      const slope = await programsOf(engine, grad(total), m)
      expect(slope.programs).toBeLessThanOrEqual(4)
      for (const [i, v] of grad(total)(m).data.entries()) expect(slope.values[i]).toBeCloseTo(v, 4)
      const [, vectors] = eigh(matmul(m, m))
      expect(vectors.shape).toEqual([2, 2])
    }))

  test('results that are literals or plain tables are tensors too', () =>
    usingGpu(async (engine) => {
      const f = compile((x: Tensor) => [mul(iota(3, 'f32'), 0), cast(iota(2), 'f32'), x] as const, engine)
      const [zeros, table, same] = await f(array([5]))
      expect([zeros, table, same].map((t) => t.shape)).toEqual([[3], [2], [1]])
      expect([...(await table.read()).data]).toEqual([0, 1])
    }))
})

test('equal layers compile once', () =>
  usingGpu(async (engine) => {
    const w = tensor(new Float32Array(16).fill(0.1), [4, 4])
    const layers = (n: number) =>
      compile((x: Tensor) => Array.from({ length: n }).reduce<Tensor>((y) => tanh(matmul(y, w)), x), engine)
    await layers(1)(w)
    const { kernels } = engine.stats()
    await layers(12)(w)
    expect(engine.stats().kernels).toBe(kernels)
  }))

test('after close a program says that its engine is closed', async () => {
  const engine = await gpuEngine({ mode: 'cpu' })
  const f = compile((x: Tensor) => add(x, 1), engine)
  await f(array([1]))
  await engine.close()
  await engine.close()
  const error: unknown = await f(array([1])).catch((e: unknown) => e)
  expect(error).toBeInstanceOf(BufferError)
  expect(String(error)).toContain('close()')
})
