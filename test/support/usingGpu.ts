import { type GpuEngine, gpuEngine, type Mode } from '@cotangent/engine-gpu'

/** Runs with an engine of its own, and closes it whatever happens. */
export const usingGpu = async (f: (engine: GpuEngine) => Promise<void>, mode: Mode = 'cpu'): Promise<void> => {
  const engine = await gpuEngine({ mode })
  try {
    await f(engine)
  } finally {
    await engine.close()
  }
}
