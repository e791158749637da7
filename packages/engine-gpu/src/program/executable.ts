import { type Executable, HostTensor, type IR } from '@cotangent/core'
import type { Device, DeviceBuffer, Kernel } from '../device/device.js'
import { DeviceTensor } from '../deviceTensor.js'
import { lowerIR } from './lowerIR.js'
import type { ResidentInputs } from './residentInputs.js'
import { type Step, scheduleOf } from './schedule.js'

/** Memory during one run: each filled slot is one share of a buffer. */
class Slots {
  readonly #buffers: (DeviceBuffer | undefined)[]

  constructor(size: number) {
    this.#buffers = new Array<DeviceBuffer | undefined>(size)
  }

  set(slot: number, buffer: DeviceBuffer): void {
    this.#buffers[slot] = buffer
  }

  get(slot: number): DeviceBuffer {
    const buffer = this.#buffers[slot]
    if (buffer === undefined) throw new Error(`slot ${slot} is empty`)
    return buffer
  }

  release(slot: number): void {
    this.#buffers[slot]?.release()
    this.#buffers[slot] = undefined
  }

  releaseAll(): void {
    for (const slot of this.#buffers.keys()) this.release(slot)
  }
}

/**
 * A program as a list of kernel calls whose results stay on the device. Kernels are compiled here, the program's
 * constants are copied to the device here, once.
 */
export const makeExecutable = (device: Device, placed: ResidentInputs, ir: IR): Executable => {
  const schedule = scheduleOf(lowerIR(ir), ir.inputs.length)
  const constants = schedule.data.map(({ slot, values }) => ({ slot, buffer: device.upload(values) }))
  const steps: readonly (Step & { readonly kernel: Kernel })[] = schedule.steps.map((step) => ({
    ...step,
    kernel: device.kernel(step.spec),
  }))
  return {
    run: async (inputs) => {
      const slots = new Slots(schedule.slots)
      try {
        for (const [slot, x] of inputs.entries()) slots.set(slot, await placed.place(x))
        for (const { slot, buffer } of constants) slots.set(slot, buffer.share())
        for (const { kernel, inputs: from, output, dead } of steps) {
          const result = kernel.run(from.map((slot) => slots.get(slot)))
          slots.set(output, result instanceof Promise ? await result : result)
          for (const slot of dead) slots.release(slot)
        }
        return ir.outputs.map(
          ({ aval }, i) => new DeviceTensor(device, slots.get(schedule.outputs[i] ?? -1).share(), aval),
        )
      } finally {
        slots.releaseAll()
      }
    },
    recycle: (donated) => {
      if (donated instanceof DeviceTensor) donated.free()
      else if (donated instanceof HostTensor) {
        placed.forget(donated)
        if (!donated.donated) donated.donate()
      }
    },
  }
}
