/*
 * The modes of gpu.js whose device memory is the host's: `cpu` (JavaScript) and `webasm`. Kernels take and give typed
 * arrays, synchronously; a result is a fresh array that no later run writes to.
 */

import type { Device } from './device.js'
import { javaScript, translate, webAssembly } from './dialect.js'
import { createKernel, loadGpuJs } from './gpujs.js'
import type { KernelSpec } from './kernelSpec.js'
import { makeDevice } from './makeDevice.js'
import type { ArrayMode } from './mode.js'

/** Border: what a kernel gives is typed as anything gpu.js can give. */
const asArray = (result: unknown, { source }: KernelSpec): Float32Array => {
  if (result instanceof Float32Array) return result
  throw new Error(`gpu.js gave no Float32Array for the kernel\n${source}`)
}

export const openArrayDevice = async (mode: ArrayMode): Promise<Device> => {
  const { GPU } = await loadGpuJs()
  const gpu = new GPU({ mode })
  return makeDevice<Float32Array>({
    mode,
    adapter: { name: mode === 'cpu' ? 'JavaScript' : 'WebAssembly', vendor: '', architecture: '', software: true },
    parameters: 8,
    elements: Number.POSITIVE_INFINITY,
    check: () => {},
    compile: (spec) => {
      const shortcut = createKernel(gpu, translate(spec.source, mode === 'cpu' ? javaScript : webAssembly), spec)
      return {
        run: (operands) => asArray(shortcut(...operands), spec),
        destroy: () => shortcut.destroy(),
      }
    },
    upload: (values) => values,
    read: async (values) => values.slice(),
    free: () => {},
    finish: async () => {},
    close: async () => gpu.destroy(),
  })
}
