import { HostTensor, type Tensor } from '@cotangent/core'
import type { Device, DeviceBuffer } from '../device/device.js'
import type { Eventually } from '../device/eventually.js'
import { DeviceTensor, toDevice } from '../deviceTensor.js'

/** What programs of one device are given: where its elements are on that device. */
export interface ResidentInputs {
  /**
   * A share of the tensor's elements on the device, to be released by who asked.
   *
   * A tensor of this device is shared, one of another is copied. A host tensor is copied when it is first given to a program,
   * copied again when that program gets it a second time, and stays from then on, for all programs: a frozen weight stays, a
   * batch does not, also where a function became several programs.
   *
   * @param program anything that stands for it
   * @throws BufferError if the tensor was donated
   */
  place(x: Tensor, program: object): Eventually<DeviceBuffer>
  /** Frees a tensor's elements, if they stayed. */
  forget(x: HostTensor): void
}

/** The elements that stay are freed when their tensor is collected, is forgotten, or the device closes. */
export const makeResidentInputs = (device: Device): ResidentInputs => {
  const given = new WeakMap<HostTensor, WeakSet<object>>()
  const resident = new WeakMap<HostTensor, DeviceBuffer>()
  const collected = new FinalizationRegistry<DeviceBuffer>((buffer) => buffer.release())

  const forget = (x: HostTensor): void => {
    resident.get(x)?.release()
    resident.delete(x)
    collected.unregister(x)
  }

  /** Whether a program was given the tensor before; from now on it was. */
  const givenBefore = (x: HostTensor, program: object): boolean => {
    const programs = given.get(x) ?? new WeakSet()
    const before = programs.has(program)
    given.set(x, programs.add(program))
    return before
  }

  const placeHost = (x: HostTensor, program: object): DeviceBuffer => {
    if (x.donated) forget(x)
    const kept = resident.get(x)
    if (kept !== undefined) return kept.share()
    const buffer = device.upload(toDevice(x))
    if (givenBefore(x, program)) {
      resident.set(x, buffer.share())
      collected.register(x, buffer, x)
    }
    return buffer
  }

  return {
    forget,
    place: (x, program) => {
      if (x instanceof DeviceTensor && x.device === device) return x.buffer.share()
      return x instanceof HostTensor ? placeHost(x, program) : x.read().then((host) => device.upload(toDevice(host)))
    },
  }
}
