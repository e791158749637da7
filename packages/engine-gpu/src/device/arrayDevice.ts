/*
 * The modes of gpu.js whose device memory is the host's: `cpu` (JavaScript) and `webasm`. Kernels take and give typed
 * arrays, synchronously; a result is a fresh array that no later run writes to.
 */
import type { KernelSpec } from '../program/value.js'
import type { Device, Kernel } from './device.js'
import { javaScript, translate } from './dialect.js'
import { createKernel, loadGpuJs } from './gpujs.js'
import { kernelCache } from './kernelCache.js'
import { Memory } from './memory.js'
import type { ArrayMode } from './mode.js'

/** Border: what a kernel gives is typed as anything gpu.js can give. */
const asArray = (result: unknown, { source }: KernelSpec): Float32Array => {
  if (result instanceof Float32Array) return result
  throw new Error(`gpu.js gave no Float32Array for the kernel\n${source}`)
}

/** Places are computed in f32: the largest whole number that is surely one. */
const largestPlace = 2 ** 24

export const openArrayDevice = async (mode: ArrayMode): Promise<Device> => {
  const { GPU } = await loadGpuJs()
  const gpu = new GPU({ mode })
  const memory = new Memory<Float32Array>(mode, () => {})

  const compile = (spec: KernelSpec): Kernel => {
    const shortcut = createKernel(gpu, translate(spec.source, javaScript), spec)
    return {
      run: async (inputs) => {
        memory.checkOpen()
        const result: unknown = shortcut(...inputs.map((input) => memory.handleOf(input)))
        return memory.own(asArray(result, spec), spec.length)
      },
      destroy: () => shortcut.destroy(),
    }
  }
  const kernels = kernelCache(compile)

  return {
    mode,
    adapter: { name: mode === 'cpu' ? 'JavaScript' : 'WebAssembly', vendor: '', architecture: '', software: true },
    limits: { parameters: 8, elements: largestPlace },
    kernel: (spec) => {
      memory.checkOpen()
      return kernels.get(spec)
    },
    upload: (values) => {
      memory.checkOpen()
      memory.countUpload(values.length)
      return memory.own(values, values.length)
    },
    read: async (buffer) => {
      memory.checkOpen()
      memory.countRead(buffer.length)
      return memory.handleOf(buffer).slice()
    },
    stats: () => memory.stats(kernels.size()),
    forget: () => {
      kernels.clear()
      memory.countAnew()
    },
    close: async () => {
      if (!memory.close()) return
      kernels.clear()
      await gpu.destroy()
    },
  }
}
