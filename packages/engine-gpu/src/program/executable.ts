import { type Executable, HostTensor, type IR } from '@cotangent/core'
import type { Device } from '../device/device.js'
import { DeviceTensor } from '../deviceTensor.js'
import { loadProgram } from './loadedProgram.js'
import type { ResidentInputs } from './residentInputs.js'

/** A program as a list of kernel calls whose results stay on the device. */
export const makeExecutable = (device: Device, placed: ResidentInputs, ir: IR): Executable => {
  const { run } = loadProgram(device, placed, ir)
  return {
    run: (inputs) => run(inputs),
    recycle: (donated) => {
      if (donated instanceof DeviceTensor) donated.free()
      else if (donated instanceof HostTensor) {
        placed.forget(donated)
        if (!donated.donated) donated.donate()
      }
    },
  }
}
