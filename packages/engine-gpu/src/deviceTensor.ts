import {
  type Aval,
  BufferError,
  type DeviceStorage,
  DTypeError,
  HostTensor,
  printAval,
  Tensor,
  type TypedArray,
} from '@cotangent/core'
import type { Device, DeviceBuffer } from './device/device.js'
import { largestInteger } from './limits.js'

/** Frees the memory of tensors that nobody holds any more. */
const abandoned = new FinalizationRegistry<DeviceBuffer>((buffer) => buffer.release())

/**
 * A result of a compiled call, on the device; `await t.read()` gives a copy on the host.
 *
 * @throws BufferError where it is read once its memory is gone, or used as if it were on the host
 * @example
 * const engine = await gpuEngine({ mode: 'cpu' })
 * const y = await compile((x: Tensor) => mul(x, 2), engine)(array([1, 2]))
 * y instanceof DeviceTensor // => true
 * await y.read() // => [2, 4]
 * await engine.close()
 */
export class DeviceTensor extends Tensor implements DeviceStorage {
  #buffer: DeviceBuffer | null

  /** Takes over one share of the buffer. */
  constructor(
    readonly device: Device,
    buffer: DeviceBuffer,
    readonly aval: Aval,
  ) {
    super()
    this.#buffer = buffer
    abandoned.register(this, buffer, this)
  }

  /** @throws BufferError if the tensor was donated or freed */
  get buffer(): DeviceBuffer {
    if (this.#buffer === null) {
      throw new BufferError({
        op: 'data',
        expected: 'a tensor must not be read once its memory on the device was given back.',
        received: `${printAval(this.aval)}, donated to a compiled call or freed`,
        todo: 'use the result of that call and leave the argument out of donate, or read before free()',
      })
    }
    return this.#buffer
  }

  get data(): TypedArray {
    throw new BufferError({
      op: 'data',
      expected: 'the tensor must be on the host.',
      received: `${printAval(this.aval)} on the device (gpu.js, mode ${this.device.mode})`,
      todo: 'call await t.read() and use what it gives',
    })
  }

  async read(): Promise<HostTensor> {
    const values = await this.device.read(this.buffer)
    const { shape, dtype } = this.aval
    return new HostTensor(fromDevice(values, dtype), shape, dtype)
  }

  /** Gives the memory on the device back now; else it goes when nobody holds the tensor any more. */
  free(): void {
    this.#buffer?.release()
    this.#buffer = null
    abandoned.unregister(this)
  }

  toString(): string {
    const where = this.#buffer === null ? 'donated or freed' : `on the device, gpu.js mode ${this.device.mode}`
    return `Tensor ${printAval(this.aval)} (${where})`
  }
}

/** f32 elements as the host stores them: i32 stops at its limits (2^31 - 1 is no f32), bool is 0 or 1. */
const fromDevice = (values: Float32Array, dtype: Aval['dtype']): TypedArray => {
  switch (dtype) {
    case 'i32':
      return Int32Array.from(values, (x) => Math.max(-(2 ** 31), Math.min(2 ** 31 - 1, x)))
    case 'bool':
      return Uint8Array.from(values, (x) => Number(x !== 0))
    default:
      return values
  }
}

/**
 * A host tensor's elements as f32, in an array of their own.
 *
 * @throws DTypeError for an integer beyond 2^24, and for f64 and u32, which programs of this engine do not take
 */
export const toDevice = ({ data, aval }: HostTensor): Float32Array => {
  if (aval.dtype === 'f64' || aval.dtype === 'u32') {
    throw new DTypeError({
      op: 'gpuEngine',
      expected: 'a program on the device takes f32, i32 and bool.',
      received: printAval(aval),
      todo: 'let compile() place the program: what needs f64 or u32 runs on the host',
    })
  }
  const large = aval.dtype === 'i32' ? data.find((x) => Math.abs(x) > largestInteger) : undefined
  if (large !== undefined) {
    throw new DTypeError({
      op: 'gpuEngine',
      expected: `an integer on the device must lie within ±${largestInteger} (2^24): it is held as f32.`,
      received: `${large} in ${printAval(aval)}`,
      todo: 'use smaller numbers, or the ONNX or reference engine',
    })
  }
  return new Float32Array(data)
}
