/* Device memory, counted: who owns it, what is alive, and the bytes that went to and from the host. */
import { BufferError } from '@cotangent/core'
import type { Mode } from './mode.js'

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

/** Device memory with several owners: the last one to let go frees it. */
export class DeviceBuffer {
  #owners = 1
  readonly #onFree: (buffer: DeviceBuffer) => void

  /** @param length number of f32 elements */
  constructor(
    readonly length: number,
    onFree: (buffer: DeviceBuffer) => void,
  ) {
    this.#onFree = onFree
  }

  /** One owner more. */
  share(): DeviceBuffer {
    if (this.#owners === 0) throw new Error('this device memory was freed')
    this.#owners++
    return this
  }

  /** One owner less. */
  release(): void {
    if (this.#owners > 0 && --this.#owners === 0) this.#onFree(this)
  }

  /** Frees it whoever owns it: the device is closing. */
  destroy(): void {
    if (this.#owners === 0) return
    this.#owners = 0
    this.#onFree(this)
  }
}

const bytesPerElement = 4

/** The memory of one device. A handle is what gpu.js hands from kernel to kernel: an array, a texture, a GPU buffer. */
export class Memory<H> {
  readonly #live = new Map<DeviceBuffer, H>()
  readonly #free: (handle: H) => void
  readonly #mode: Mode
  #open = true
  #uploaded = 0
  #read = 0

  /** @param free gives a handle's memory back */
  constructor(mode: Mode, free: (handle: H) => void) {
    this.#mode = mode
    this.#free = free
  }

  /** @throws BufferError once the device is closed */
  checkOpen(): void {
    if (this.#open) return
    throw new BufferError({
      op: 'gpuEngine',
      expected: 'an engine must be open while its programs run and its tensors are read.',
      received: `the engine in mode ${this.#mode}, closed`,
      todo: 'call close() after the last use, or make a new engine',
    })
  }

  /** A buffer of one owner. @throws BufferError where the device was closed while the handle was made */
  own(handle: H, length: number): DeviceBuffer {
    if (!this.#open) this.#free(handle)
    this.checkOpen()
    const buffer = new DeviceBuffer(length, (freed) => {
      this.#live.delete(freed)
      this.#free(handle)
    })
    this.#live.set(buffer, handle)
    return buffer
  }

  /** @throws Error after the last owner let go */
  handleOf(buffer: DeviceBuffer): H {
    const handle = this.#live.get(buffer)
    if (handle === undefined) throw new Error('this device memory was freed, or is of another device')
    return handle
  }

  countUpload(elements: number): void {
    this.#uploaded += elements * bytesPerElement
  }

  countRead(elements: number): void {
    this.#read += elements * bytesPerElement
  }

  countAnew(): void {
    this.#uploaded = 0
    this.#read = 0
  }

  stats(kernels: number): DeviceStats {
    let elements = 0
    for (const { length } of this.#live.keys()) elements += length
    return {
      kernels,
      buffers: this.#live.size,
      bytes: elements * bytesPerElement,
      uploaded: this.#uploaded,
      read: this.#read,
    }
  }

  /** Frees everything; whether it was open until now. */
  close(): boolean {
    const was = this.#open
    this.#open = false
    for (const buffer of [...this.#live.keys()]) buffer.destroy()
    return was
  }
}
