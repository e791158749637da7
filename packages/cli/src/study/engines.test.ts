import { type GpuEngine, gpuEngine } from '@cotangent/engine-gpu'
import { engineUnavailable, getOrThrow, TE } from '@cotangent/prelude'
import { describe, expect, test, vi } from 'vitest'
import { auto, engineNamed, gpu, withEngine } from './engines.js'

/** gpu.js in JavaScript, said to be what a graphics card would be; how often it was closed. */
const standIn = async (adapter: Partial<GpuEngine['adapter']>, passedOver: readonly string[] = []) => {
  const real = await gpuEngine({ mode: 'cpu' })
  let closed = 0
  const engine: GpuEngine = {
    ...real,
    name: 'gpu (webgpu)',
    adapter: { ...real.adapter, ...adapter },
    passedOver,
    close: async () => {
      closed++
      await real.close()
    },
  }
  return { engine, closed: () => closed }
}

describe('auto', () => {
  test('takes a graphics card, and says which', async () => {
    const { engine, closed } = await standIn({ name: 'Some Card 9000', software: false })
    const chosen = getOrThrow(await auto(() => TE.right(engine))({ threads: 1 })())
    expect(chosen).toEqual({
      engine,
      runsOn: 'gpu.js on Some Card 9000, a graphics card that passed its self-test',
    })
    expect(closed()).toBe(0)
    await chosen.engine.close()
  })

  test('takes onnxruntime where there is none, says why, and closes what it tried', async () => {
    const { engine, closed } = await standIn({}, ['webgpu: the driver sleeps', 'webgl2: there is no WebGL2 here'])
    const { engine: chosen, runsOn } = getOrThrow(await auto(() => TE.right(engine))({ threads: 1 })())
    expect(chosen.name).toBe('onnx')
    expect(runsOn).toBe(
      'onnxruntime on the processor; no graphics card was found: webgpu: the driver sleeps; webgl2: there is no WebGL2 here',
    )
    expect(closed()).toBe(1)
    await chosen.close()
  })
})

test.each([
  ['auto', /^warning {2}without a graphics card gpu\.js is many times slower than --engine onnx\n$/],
  ['cpu', /^$/],
] as const)('gpu in mode %s without a graphics card: a warning where it was not asked for', async (mode, said) => {
  const { engine } = await standIn({}, ['webgpu: the driver sleeps'])
  const write = vi.spyOn(process.stderr, 'write').mockReturnValue(true)
  const { runsOn } = getOrThrow(await gpu(mode, () => TE.right(engine))({ threads: 1 })())
  const written = write.mock.calls.map(([text]) => String(text)).join('')
  write.mockRestore()
  expect(written).toMatch(said)
  expect(runsOn).toBe('gpu.js on JavaScript; no graphics card was found: webgpu: the driver sleeps')
  await engine.close()
})

test('an engine that does not start is the error that it gives', async () => {
  const broken = engineUnavailable('gpu', 'nothing', 'nothing')
  expect(await auto(() => TE.left(broken))({ threads: 1 })()).toMatchObject({ left: broken })
  expect(engineNamed('gpu:gpu')).toMatchObject({ left: { _tag: 'BadOption' } })
})

test('an engine is closed after its use, also where that throws', async () => {
  const { engine, closed } = await standIn({})
  const started = TE.right({ engine, runsOn: '' })
  expect(await withEngine(started, () => TE.right(engine.stats().kernels))()).toMatchObject({ right: 0 })
  expect(closed()).toBe(1)
  const thrown = new Error('lost')
  await expect(withEngine(started, () => () => Promise.reject(thrown))()).rejects.toBe(thrown)
  expect(closed()).toBe(2)
})
