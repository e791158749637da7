import type { IR, Tensor } from '@cotangent/core'
import type { Device, DeviceBuffer } from '../device/device.js'
import type { Eventually } from '../device/eventually.js'
import { DeviceTensor } from '../deviceTensor.js'
import { fuse } from '../fusion/fuse.js'
import type { Kernel } from '../fusion/kernel.js'
import { lowerIR } from './lowerIR.js'
import type { ResidentInputs } from './residentInputs.js'
import { scheduleOf } from './schedule.js'

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

/** Calls a kernel; a profiler does so in its own way. */
export type Call = (kernel: Kernel, run: () => Eventually<DeviceBuffer>) => Eventually<DeviceBuffer>

const plainly: Call = (_, run) => run()

/** A program on a device. */
export interface LoadedProgram {
  /** The program's results, on the device. */
  run(inputs: readonly Tensor[], call?: Call): Promise<readonly Tensor[]>
}

/** Frees the constants of programs that nobody holds any more. */
const abandoned = new FinalizationRegistry<readonly DeviceBuffer[]>((constants) => {
  for (const constant of constants) constant.release()
})

/** Compiles a program's kernels, and copies its constants to the device, once. */
export const loadProgram = (device: Device, placed: ResidentInputs, ir: IR): LoadedProgram => {
  const schedule = scheduleOf(fuse(lowerIR(ir)), ir.inputs.length)
  const constants = schedule.data.map(({ slot, values }) => ({ slot, buffer: device.upload(values) }))
  const steps = schedule.steps.map((step) => ({ ...step, compiled: device.kernel(step.kernel.spec) }))
  const run: LoadedProgram['run'] = async (inputs, call = plainly) => {
    const slots = new Slots(schedule.slots)
    try {
      for (const { slot, buffer } of constants) slots.set(slot, buffer.share())
      for (const [slot, x] of inputs.entries()) {
        const buffer = placed.place(x, schedule)
        slots.set(slot, buffer instanceof Promise ? await buffer : buffer)
      }
      for (const { kernel, compiled, inputs: from, output, dead } of steps) {
        const operands = from.map((slot) => slots.get(slot))
        const result = call(kernel, () => compiled.run(operands))
        slots.set(output, result instanceof Promise ? await result : result)
        for (const slot of dead) slots.release(slot)
      }
      return ir.outputs.map(
        ({ aval }, i) => new DeviceTensor(device, slots.get(schedule.outputs[i] ?? -1).share(), aval),
      )
    } finally {
      slots.releaseAll()
    }
  }
  abandoned.register(
    run,
    constants.map(({ buffer }) => buffer),
  )
  return { run }
}
