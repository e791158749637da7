/* gpu.js in mode `webgpu`: compute shaders; what a kernel gives is a GPU buffer. */
import type { Adapter, Device } from './device.js'
import { graphicsCard, translate } from './dialect.js'
import { deviceFailed } from './failure.js'
import {
  type BufferHandle,
  createKernel,
  type GpuBuffer,
  type GpuContext,
  type GpuDevice,
  type GpuJs,
  loadGpuJs,
  releaseLastResult,
} from './gpujs.js'
import { makeDevice } from './makeDevice.js'
import { provideWebGpu } from './provideWebGpu.js'
import { isSoftware } from './software.js'

const mode = 'webgpu'

// GPUBufferUsage and GPUMapMode, as the specification numbers them
const [mapRead, copySource, copyTarget, storage] = [0x1, 0x4, 0x8, 0x80]

const bytesOf = (elements: number): number => Math.max(elements, 1) * 4

const adapterOf = ({ adapter: { info = {} } }: GpuContext): Adapter => {
  const { vendor = '', architecture = '', device = '', description = '', isFallbackAdapter = false } = info
  return {
    name: description || device || architecture || 'unnamed adapter',
    vendor,
    architecture,
    software: isFallbackAdapter || isSoftware(vendor, architecture, device, description),
  }
}

/** What went wrong on the device after a call returned; WebGPU tells of it later. */
interface Watch {
  /** @throws EdgeFailure if something did */
  check(): void
  stop(): void
}

const watch = (device: GpuDevice): Watch => {
  let failure: string | null = null
  let stopped = false
  void device.lost.then(({ message, reason }) => {
    if (!stopped) failure ??= `the device was lost (${reason}${message === '' ? '' : `: ${message}`})`
  })
  const onError = ({ error }: { readonly error: Error }): void => {
    failure ??= `the device refused a command: ${error.message}`
  }
  device.addEventListener('uncapturederror', onError)
  return {
    check: () => {
      if (failure !== null) throw deviceFailed(mode, failure)
    },
    stop: () => {
      stopped = true
      device.removeEventListener('uncapturederror', onError)
    },
  }
}

/** A copy of a buffer's elements. */
const readBuffer = async (device: GpuDevice, buffer: GpuBuffer, length: number): Promise<Float32Array> => {
  const staging = device.createBuffer({ size: bytesOf(length), usage: mapRead | copyTarget })
  try {
    const encoder = device.createCommandEncoder()
    encoder.copyBufferToBuffer(buffer, 0, staging, 0, bytesOf(length))
    device.queue.submit([encoder.finish()])
    await staging.mapAsync(mapRead)
    const values = new Float32Array(staging.getMappedRange().slice(0))
    staging.unmap()
    return values.subarray(0, length)
  } finally {
    staging.destroy()
  }
}

const upload = ({ WebGPUBufferResult }: GpuJs, context: GpuContext, values: Float32Array): BufferHandle => {
  const { device } = context
  const usage = storage | copyTarget | copySource
  const buffer = device.createBuffer({ size: bytesOf(values.length), usage })
  if (values.length > 0) device.queue.writeBuffer(buffer, 0, values)
  return new WebGPUBufferResult({ buffer, output: [values.length], context, kernel: null })
}

/** The first run of a kernel compiles it; what WebGPU has against it is thrown here and is no failure of the device. */
const compiling = async <T>(device: GpuDevice, run: () => PromiseLike<T>): Promise<T> => {
  device.pushErrorScope('validation')
  const outcome = await Promise.allSettled([run()])
  const complaint = await device.popErrorScope().catch(() => null) // the device is lost: the next check says so
  const [result] = outcome
  if (result.status === 'rejected') throw result.reason
  if (complaint !== null) throw new Error(`WebGPU refused a kernel: ${complaint.message}`)
  return result.value
}

/** gpu.js's adapter and device, once for all. What it says where there is none is about browsers alone. */
const acquire = ({ WebGPUContext }: GpuJs): Promise<GpuContext> =>
  WebGPUContext.acquire().catch((cause: unknown) => {
    throw String(cause).includes('no adapter is available')
      ? new Error('WebGPU finds no graphics card or driver')
      : cause
  })

/** The device of WebGPU; all engines share the one that gpu.js keeps. @throws Error where there is no adapter */
export const openWebGpuDevice = async (): Promise<Device> => {
  const missing = await provideWebGpu()
  if (missing !== null) throw new Error(missing)
  const gpujs = await loadGpuJs()
  const context = await acquire(gpujs)
  const { device } = context
  const gpu = new gpujs.GPU({ mode })
  const watched = watch(device)
  const { maxStorageBufferBindingSize, maxBufferSize, maxStorageBuffersPerShaderStage } = device.limits
  return makeDevice<BufferHandle>({
    mode,
    adapter: adapterOf(context),
    parameters: maxStorageBuffersPerShaderStage - 1,
    elements: Math.floor(Math.min(maxStorageBufferBindingSize, maxBufferSize) / 4),
    check: watched.check,
    compile: (spec) => {
      const shortcut = createKernel(gpu, translate(spec.source, graphicsCard), spec)
      let compiled = false
      return {
        run: async (operands) => {
          const call = async () => (await shortcut(...(operands as never[]))) as unknown as BufferHandle // border: handles
          const result = compiled ? await call() : await compiling(device, call)
          compiled = true
          releaseLastResult(shortcut)
          watched.check()
          return result
        },
        destroy: () => shortcut.destroy(),
      }
    },
    upload: (values) => upload(gpujs, context, values),
    read: async ({ buffer }, length) => {
      const values = await readBuffer(device, buffer, length).catch((cause: unknown) => {
        watched.check()
        throw deviceFailed(mode, `the device was lost while it was read: ${String(cause)}`)
      })
      watched.check()
      return values
    },
    free: (handle) => handle.delete(),
    finish: () => device.queue.onSubmittedWorkDone(),
    close: async () => {
      watched.stop()
      await gpu.destroy()
    },
  })
}
