/* Runs in the page: an engine and its tests, called by name from outside. */
import { add, array, compile, matmul, mul, sub, type Tensor, tanh, tensor } from '@cotangent/core'
import { type GpuEngine, gpuEngine, type RequestedMode } from '@cotangent/engine-gpu'
import { conformance, placesOf, subjects } from '@cotangent/testing'
import { loadGpuJs } from '../../../packages/engine-gpu/src/device/gpujs.js'
import { measureAccuracy } from '../../support/gpuAccuracy.js'
import { type Count, countGpuBuffers, countTextures } from '../../support/gpuBuffers.js'
import { userKernelChecks } from '../../support/userKernelChecks.js'

let current: GpuEngine | null = null
let tests: ReadonlyMap<string, () => Promise<void>> = new Map()

const engine = (): GpuEngine => {
  if (current === null) throw new Error('start() comes first')
  return current
}

const message = (cause: unknown): string => (cause instanceof Error ? cause.message : String(cause))

const counting = (): Count => (engine().mode === 'webgpu' ? countGpuBuffers() : countTextures())

/** Primitives by who computes them. */
const operations = () => {
  const places = subjects.map((subject) => ({ name: subject.name, by: placesOf(subject, engine()).join(' or ') }))
  const on = (by: string): readonly string[] => places.filter((place) => place.by === by).map(({ name }) => name)
  const device = ['own', 'decomposed'].flatMap(on)
  return { registry: places.length, device: device.length, host: on('host'), gone: on('gone') }
}

/** What the test outside may call. */
export const gpuPage = {
  start: async (mode: RequestedMode) => {
    await current?.close()
    current = await gpuEngine({ mode })
    const all = [...conformance(current), ...userKernelChecks(current)]
    tests = new Map(all.map(({ name, run }) => [name.replace(/^[^:]*: /, ''), run]))
    const { name, adapter, limits, passedOver } = current
    return { name, mode: current.mode, adapter, limits, passedOver, isolated: globalThis.crossOriginIsolated }
  },
  operations,
  /** `null`, or why a test failed. */
  run: async (name: string): Promise<string | null> => {
    const test = tests.get(name)
    if (test === undefined) return `there is no test ${name}`
    try {
      await test()
      return null
    } catch (cause) {
      return message(cause)
    }
  },
  accuracy: () => measureAccuracy(engine()),
  /** GPU buffers or textures alive after every tenth of so many training steps. */
  soak: async (steps: number): Promise<readonly number[]> => {
    const count = counting()
    const w = tensor(
      Float32Array.from({ length: 64 }, (_, i) => Math.sin(i)),
      [8, 8],
    )
    const weight = await compile((t: Tensor) => mul(t, 0.5), engine())(w)
    const step = compile((x: Tensor, t: Tensor) => sub(x, mul(tanh(matmul(x, t)), 0.01)), engine(), { donate: [0] })
    let x = await step(array([[1, 2, 3, 4, 5, 6, 7, 8]]), weight)
    const alive: number[] = []
    for (let done = 2; done <= steps; done++) {
      x = await step(x, weight)
      if (done % 10 === 0) alive.push(count.alive())
    }
    await x.read()
    count.stop()
    return alive
  },
  /** Takes the device away; what the next run and the next read say. */
  lose: async (): Promise<readonly string[]> => {
    const f = compile((x: Tensor) => add(x, 1), engine())
    const y = await f(array([1, 2]))
    if (engine().mode === 'webgpu') await (await loadGpuJs()).WebGPUContext.destroy()
    else loseContexts()
    await new Promise((resolve) => setTimeout(resolve, 100))
    const said = async (use: () => Promise<unknown>): Promise<string> => use().then(() => 'nothing was thrown', message)
    return [await said(() => f(array([1]))), await said(() => y.read())]
  },
  stats: () => engine().stats(),
  close: () => engine().close(),
}

/** Contexts that were made, for `lose`. */
const contexts = new Set<WebGL2RenderingContext>()

const loseContexts = (): void => {
  for (const gl of contexts) gl.getExtension('WEBGL_lose_context')?.loseContext()
}

const getContext = HTMLCanvasElement.prototype.getContext
Object.assign(HTMLCanvasElement.prototype, {
  getContext(this: HTMLCanvasElement, ...args: Parameters<typeof getContext>) {
    const context = getContext.apply(this, args)
    if (context instanceof WebGL2RenderingContext) contexts.add(context)
    return context
  },
})

export type GpuPage = typeof gpuPage

Object.assign(globalThis, { gpuPage })
