/*
 * The border to gpu.js: its module as Node and as a browser load it, and what its own types leave out. Everything here
 * is read from the pinned version 2.24.1.
 */

import type { GPU as Gpu, IKernelRunShortcut } from 'gpu.js'
import type { TranslatedKernel } from './dialect.js'
import type { KernelSpec } from './kernelSpec.js'

/** A GPU buffer that gpu.js counts owners of. */
export interface BufferHandle {
  readonly buffer: GpuBuffer
  delete(): void
}

/** The parts of WebGPU that are used here; TypeScript's own library does not declare it. */
export interface GpuBuffer {
  mapAsync(mode: number): Promise<void>
  getMappedRange(): ArrayBuffer
  unmap(): void
  destroy(): void
}

interface GpuEncoder {
  copyBufferToBuffer(source: GpuBuffer, from: number, target: GpuBuffer, to: number, bytes: number): void
  finish(): object
}

export interface GpuDevice {
  readonly limits: {
    readonly maxStorageBuffersPerShaderStage: number
    readonly maxStorageBufferBindingSize: number
    readonly maxBufferSize: number
    readonly maxComputeWorkgroupsPerDimension: number
  }
  readonly queue: {
    writeBuffer(buffer: GpuBuffer, offset: number, data: Float32Array): void
    submit(commands: readonly object[]): void
    onSubmittedWorkDone(): Promise<void>
  }
  readonly lost: Promise<{ readonly message: string; readonly reason: string }>
  createCommandEncoder(): GpuEncoder
  pushErrorScope(filter: 'validation'): void
  popErrorScope(): Promise<{ readonly message: string } | null>
  createBuffer(settings: { readonly size: number; readonly usage: number }): GpuBuffer
  addEventListener(type: 'uncapturederror', listener: (event: { readonly error: Error }) => void): void
  removeEventListener(type: 'uncapturederror', listener: (event: { readonly error: Error }) => void): void
}

export interface GpuContext {
  readonly adapter: {
    readonly info?: {
      readonly vendor?: string
      readonly architecture?: string
      readonly device?: string
      readonly description?: string
      readonly isFallbackAdapter?: boolean
    }
  }
  readonly device: GpuDevice
}

interface TextureSettings {
  readonly texture: WebGLTexture
  readonly size: ArrayLike<number>
  readonly dimensions: readonly number[]
  readonly output: readonly number[]
  readonly context: WebGL2RenderingContext
  readonly kernel: unknown
  readonly internalFormat: number
  readonly textureFormat: number
}

/** A texture that gpu.js counts owners of. */
export interface TextureHandle extends TextureSettings {
  readonly constructor: new (settings: TextureSettings) => TextureHandle
  toArray(): unknown
  delete(): void
}

/** What is used of gpu.js. */
export interface GpuJs {
  readonly GPU: typeof Gpu
  readonly utils: { closestSquareDimensions(length: number): Int32Array }
  readonly WebGPUContext: { acquire(): Promise<GpuContext>; destroy(): Promise<void> }
  readonly WebGPUBufferResult: new (settings: {
    readonly buffer: GpuBuffer
    readonly output: readonly number[]
    readonly context: GpuContext
    readonly kernel: unknown
  }) => BufferHandle
}

const isGpuJs = (x: unknown): x is GpuJs =>
  (typeof x === 'object' || typeof x === 'function') && x !== null && 'GPU' in x && 'WebGPUContext' in x

/** gpu.js: a CommonJS module in Node, under a bundler its class with everything on it, in a page without one a global. */
export const loadGpuJs = async (): Promise<GpuJs> => {
  const module: unknown = await import('gpu.js')
  const inside = typeof module === 'object' && module !== null && 'default' in module ? module.default : null
  const found = [module, inside, (globalThis as { readonly GPU?: unknown }).GPU].find(isGpuJs)
  if (found === undefined) throw new Error('the module gpu.js has no class GPU')
  return found
}

/** A kernel whose results stay on the device, each with memory of its own. */
export const createKernel = (gpu: Gpu, { source, functions }: TranslatedKernel, spec: KernelSpec): IKernelRunShortcut =>
  gpu.createKernel(source, {
    output: [spec.length],
    pipeline: true,
    immutable: true,
    precision: 'single',
    tactic: 'precision',
    // a loop whose bounds gpu.js does not understand ends after so many rounds, silently
    loopMaxIterations: 2 ** 24,
    functions: functions.map(({ name, source: text, parameters }) => ({
      name,
      source: text,
      argumentTypes: new Array<'Number'>(parameters).fill('Number'),
      returnType: 'Number',
    })),
  } as unknown as Parameters<Gpu['createKernel']>[1]) // border: gpu.js's types want functions as closures

/** A WebGPU kernel owns its last result until it runs again; the buffer counts its owners in `_refs`. */
interface LastResult {
  outputBuffer?: (GpuBuffer & { _refs: number }) | null
}

/** Makes a WebGPU kernel let go of the result it just gave, so that who holds it is its only owner. */
export const releaseLastResult = ({ kernel }: IKernelRunShortcut): void => {
  const owner = kernel as unknown as LastResult // border: gpu.js does not declare its WebGPU kernel
  const last = owner.outputBuffer
  if (last === undefined || last === null) return
  last._refs--
  if (last._refs === 0) last.destroy()
  owner.outputBuffer = null
}
