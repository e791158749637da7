import type { Adapter, Device } from './device.js'
import { andThen } from './eventually.js'
import { beyondLimit, explained } from './failure.js'
import { type CompiledKernel, KernelCache } from './kernelCache.js'
import type { KernelSpec } from './kernelSpec.js'
import { Memory } from './memory.js'
import type { Mode } from './mode.js'

/** Places are computed in f32: the largest whole number up to which each is one. */
const largestPlace = 2 ** 24

/** Compiled kernels that a device keeps. */
const mostKernels = 2048

/** What a mode of gpu.js does in its own way; H is what it hands from kernel to kernel. */
export interface Backend<H> {
  readonly mode: Mode
  readonly adapter: Adapter
  /** Arrays that one kernel may take. */
  readonly parameters: number
  /** Elements that its memory has room for in one array. */
  readonly elements: number
  /** @throws EdgeFailure where the device is lost */
  check(): void
  compile(spec: KernelSpec): CompiledKernel<H>
  upload(values: Float32Array): H
  /** A copy on the host of so many elements. */
  read(handle: H, length: number): Promise<Float32Array>
  free(handle: H): void
  /** Waits until all work that was handed over is done. */
  finish(): Promise<void>
  /** After all memory and kernels are gone. */
  close(): Promise<void>
}

/** A device: memory with owners, kernels compiled once, limits that are refused with the number. */
export const makeDevice = <H>(backend: Backend<H>): Device => {
  const { mode, adapter, parameters } = backend
  const limits = { parameters, elements: Math.min(largestPlace, backend.elements) }
  const memory = new Memory<H>(mode, (handle) => backend.free(handle))
  const kernels = new KernelCache<H>((spec) => backend.compile(spec), mostKernels)

  const check = (): void => {
    memory.checkOpen()
    backend.check()
  }
  const checkLength = (length: number): void => {
    if (length > limits.elements) throw beyondLimit(mode, `an array of ${length} elements`, limits.elements)
  }

  return {
    mode,
    adapter,
    limits,
    kernel: (spec) => {
      const { inputLengths, length, source } = spec
      memory.checkOpen()
      if (inputLengths.length > parameters) {
        throw beyondLimit(mode, `a kernel of ${inputLengths.length} arrays`, parameters)
      }
      checkLength(Math.max(length, ...inputLengths))
      const call = kernels.load(spec)
      return {
        run: (inputs) => {
          check()
          const handles = inputs.map((input) => memory.handleOf(input))
          const result = explained(mode, source, () => call(handles))
          return andThen(result, (handle) => memory.own(handle, length))
        },
      }
    },
    upload: (values) => {
      check()
      checkLength(values.length)
      memory.countUpload(values.length)
      return memory.own(backend.upload(values), values.length)
    },
    read: async (buffer) => {
      check()
      memory.countRead(buffer.length)
      return backend.read(memory.handleOf(buffer), buffer.length)
    },
    finish: async () => {
      check()
      await backend.finish()
    },
    stats: () => memory.stats(kernels.size),
    forget: () => {
      kernels.clear()
      memory.countAnew()
    },
    close: async () => {
      if (!memory.close()) return
      kernels.clear()
      await backend.close()
    },
  }
}
