import type { KernelSpec } from '../program/value.js'
import type { Mode } from './mode.js'

/** What gpu.js hands from kernel to kernel. In the modes `cpu` and `webasm` it is the array itself. */
export type Handle = Float32Array

/** Device memory with several owners: the last one to let go frees it. */
export class DeviceBuffer {
  #owners = 1
  #handle: Handle | null
  readonly #onFree: (buffer: DeviceBuffer) => void

  /** @param length number of f32 elements */
  constructor(
    handle: Handle,
    readonly length: number,
    onFree: (buffer: DeviceBuffer) => void,
  ) {
    this.#handle = handle
    this.#onFree = onFree
  }

  /** @throws Error after the last owner let go */
  get handle(): Handle {
    if (this.#handle === null) throw new Error('this device memory was freed')
    return this.#handle
  }

  /** One owner more. */
  share(): DeviceBuffer {
    if (this.#handle === null) throw new Error('this device memory was freed')
    this.#owners++
    return this
  }

  /** One owner less. */
  release(): void {
    if (this.#handle !== null && --this.#owners === 0) this.destroy()
  }

  /** Frees it whoever owns it: the device is closing. */
  destroy(): void {
    this.#handle = null
    this.#onFree(this)
  }
}

/** A compiled kernel. */
export interface Kernel {
  run(inputs: readonly DeviceBuffer[]): DeviceBuffer
}

/** What is alive on a device, and what went to and from it so far. */
export interface DeviceStats {
  /** Compiled kernels. */
  readonly kernels: number
  readonly buffers: number
  /** Of those buffers. */
  readonly bytes: number
  /** Bytes copied from the host, and to it, since the start. */
  readonly uploaded: number
  readonly read: number
}

/** gpu.js in one mode: kernels compiled once per text, and memory. */
export interface Device {
  readonly mode: Mode
  kernel(spec: KernelSpec): Kernel
  upload(values: Float32Array): DeviceBuffer
  /** A copy on the host. */
  read(buffer: DeviceBuffer): Promise<Float32Array>
  stats(): DeviceStats
  /** Destroys kernels and memory; nothing of this device can be used afterwards. */
  close(): Promise<void>
}
