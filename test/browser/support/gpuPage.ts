/* Runs in the page: the engine and its tests, called by name from outside. */
import { type GpuEngine, gpuEngine, type RequestedMode } from '@cotangent/engine-gpu'
import { type ConformanceOptions, conformance } from '@cotangent/testing'

let engine: GpuEngine | null = null
let tests: ReadonlyMap<string, () => Promise<void>> = new Map()

const message = (cause: unknown): string => (cause instanceof Error ? cause.message : String(cause))

/** What the test outside may call. */
export const gpuPage = {
  start: async (mode: RequestedMode, options: ConformanceOptions = {}) => {
    await engine?.close()
    engine = await gpuEngine({ mode })
    tests = new Map(conformance(engine, options).map(({ name, run }) => [name.replace(/^[^:]*: /, ''), run]))
    const { name, adapter, limits, passedOver } = engine
    return { name, mode: engine.mode, adapter, limits, passedOver, isolated: globalThis.crossOriginIsolated }
  },
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
  stats: () => engine?.stats(),
  close: () => engine?.close(),
}

export type GpuPage = typeof gpuPage

Object.assign(globalThis, { gpuPage })
