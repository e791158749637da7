import type { Eventually } from './eventually.js'
import type { KernelSpec } from './kernelSpec.js'
import type { DeviceBuffer, DeviceStats } from './memory.js'
import type { Mode } from './mode.js'

export { DeviceBuffer, type DeviceStats } from './memory.js'

/** A compiled kernel. */
export interface Kernel {
  /** Hands the work to the device; the result's elements may not be there yet, but what reads them later waits. */
  run(inputs: readonly DeviceBuffer[]): Eventually<DeviceBuffer>
}

/** What computes: a graphics card, a program that imitates one, or the processor itself. */
export interface Adapter {
  /** As the browser or driver calls it. */
  readonly name: string
  readonly vendor: string
  readonly architecture: string
  /** It is no hardware of its own: SwiftShader, llvmpipe, WARP, or JavaScript. */
  readonly software: boolean
}

/** What a program must keep to on a device. */
export interface DeviceLimits {
  /** Arrays that one kernel may take. */
  readonly parameters: number
  /** Elements of the longest array. */
  readonly elements: number
}

/** gpu.js in one mode: kernels compiled once per text, and memory. */
export interface Device {
  readonly mode: Mode
  readonly adapter: Adapter
  readonly limits: DeviceLimits
  kernel(spec: KernelSpec): Kernel
  upload(values: Float32Array): DeviceBuffer
  /** A copy on the host. */
  read(buffer: DeviceBuffer): Promise<Float32Array>
  /** Waits until all work that was handed over is done. */
  finish(): Promise<void>
  stats(): DeviceStats
  /** Destroys the kernels so far and counts bytes from 0; only where none of their results is alive. */
  forget(): void
  /** Destroys kernels and memory; nothing of this device can be used afterwards. */
  close(): Promise<void>
}
