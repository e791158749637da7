import { HostTensor, type Tensor } from '@cotangent/core'
import type { Device, DeviceBuffer } from '../device/device.js'
import { DeviceTensor, toDevice } from '../deviceTensor.js'

/** What programs of one device are given: where its elements are on that device. */
export interface ResidentInputs {
  /**
   * A share of the tensor's elements on the device, to be released by who asked.
   *
   * A tensor of this device is shared, one of another is copied. A host tensor is copied for the first call it is given
   * to, copied again for the second, and stays from then on: a frozen weight goes to the device twice, a batch once.
   *
   * @throws BufferError if the tensor was donated
   */
  place(x: Tensor): Promise<DeviceBuffer>
  /** Frees a tensor's elements, if they stayed. */
  forget(x: HostTensor): void
}

/** The elements that stay are freed when their tensor is collected, is forgotten, or the device closes. */
export const makeResidentInputs = (device: Device): ResidentInputs => {
  const given = new WeakSet<HostTensor>()
  const resident = new WeakMap<HostTensor, DeviceBuffer>()
  const collected = new FinalizationRegistry<DeviceBuffer>((buffer) => buffer.release())

  const forget = (x: HostTensor): void => {
    resident.get(x)?.release()
    resident.delete(x)
    collected.unregister(x)
  }

  const placeHost = (x: HostTensor): DeviceBuffer => {
    if (x.donated) forget(x)
    const kept = resident.get(x)
    if (kept !== undefined) return kept.share()
    const buffer = device.upload(toDevice(x))
    if (given.has(x)) {
      resident.set(x, buffer.share())
      collected.register(x, buffer, x)
    }
    given.add(x)
    return buffer
  }

  return {
    forget,
    place: async (x) => {
      if (x instanceof DeviceTensor && x.device === device) return x.buffer.share()
      return x instanceof HostTensor ? placeHost(x) : device.upload(toDevice(await x.read()))
    },
  }
}
