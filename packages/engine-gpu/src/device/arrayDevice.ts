/*
 * The modes of gpu.js whose device memory is the host's: `cpu` (JavaScript) and `webasm`. Kernels take and give typed
 * arrays, synchronously; a result is a fresh array that no later run writes to.
 */
import { BufferError } from '@cotangent/core'
import type { IKernelRunShortcut } from 'gpu.js'
import type { KernelSpec } from '../program/value.js'
import { type Device, DeviceBuffer, type Kernel } from './device.js'
import type { Mode } from './mode.js'

/** Two kernels are one where text and lengths are equal: `webasm` compiles the lengths in. */
const keyOf = ({ source, length, inputLengths }: KernelSpec): string =>
  `${inputLengths.join(',')} -> ${length}\n${source}`

/** Border: what a kernel gives is typed as anything gpu.js can give. */
const asArray = (result: unknown, { source }: KernelSpec): Float32Array => {
  if (result instanceof Float32Array) return result
  throw new Error(`gpu.js gave no Float32Array for the kernel\n${source}`)
}

const bytesPerElement = 4

export const openArrayDevice = async (mode: Mode): Promise<Device> => {
  const { GPU } = await import('gpu.js')
  const gpu = new GPU({ mode })
  const kernels = new Map<string, { readonly kernel: Kernel; readonly shortcut: IKernelRunShortcut }>()
  const live = new Set<DeviceBuffer>()
  let [uploaded, read] = [0, 0]
  let open = true

  const checkOpen = (): void => {
    if (open) return
    throw new BufferError({
      op: 'gpuEngine',
      expected: 'an engine must be open while its programs run and its tensors are read.',
      received: `the engine in mode ${mode}, closed`,
      todo: 'call close() after the last use, or make a new engine',
    })
  }

  const own = (values: Float32Array): DeviceBuffer => {
    const buffer = new DeviceBuffer(values, values.length, (freed) => live.delete(freed))
    live.add(buffer)
    return buffer
  }

  const compile = (spec: KernelSpec): { readonly kernel: Kernel; readonly shortcut: IKernelRunShortcut } => {
    const shortcut = gpu.createKernel(spec.source, {
      output: [spec.length],
      pipeline: true,
      immutable: true,
      precision: 'single',
    })
    const kernel: Kernel = {
      run: (inputs) => {
        checkOpen()
        return own(asArray(shortcut(...inputs.map(({ handle }) => handle)), spec))
      },
    }
    return { kernel, shortcut }
  }

  return {
    mode,
    kernel: (spec) => {
      checkOpen()
      const key = keyOf(spec)
      const known = kernels.get(key) ?? compile(spec)
      kernels.set(key, known)
      return known.kernel
    },
    upload: (values) => {
      checkOpen()
      uploaded += values.byteLength
      return own(values)
    },
    read: async (buffer) => {
      checkOpen()
      read += buffer.length * bytesPerElement
      return buffer.handle.slice()
    },
    stats: () => ({
      kernels: kernels.size,
      buffers: live.size,
      bytes: [...live].reduce((total, { length }) => total + length * bytesPerElement, 0),
      uploaded,
      read,
    }),
    close: async () => {
      if (!open) return
      open = false
      for (const buffer of live) buffer.destroy()
      kernels.clear()
      await gpu.destroy()
    },
  }
}
