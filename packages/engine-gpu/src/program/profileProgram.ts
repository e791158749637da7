import type { IR, OperationTime, ProgramProfile, Tensor } from '@cotangent/core'
import type { Device } from '../device/device.js'
import { DeviceTensor } from '../deviceTensor.js'
import { kernelName } from '../fusion/print.js'
import { type Call, loadProgram } from './loadedProgram.js'
import type { ResidentInputs } from './residentInputs.js'

/**
 * How long each kernel took, from its call until its result was there: the device is waited for after each kernel, which it
 * is not in other runs. A kernel belongs to the last equation that it computes.
 */
export const profileProgram = async (
  device: Device,
  placed: ResidentInputs,
  ir: IR,
  inputs: readonly Tensor[],
  runs: number,
): Promise<ProgramProfile> => {
  const program = loadProgram(device, placed, ir)
  const operations: OperationTime[] = []
  let results: readonly Tensor[] = []
  const begin = performance.now()
  for (let run = 0; run < runs; run++) {
    const timed: Call = async (kernel, call) => {
      const start = performance.now()
      const result = await call()
      await device.finish()
      const duration = 1000 * (performance.now() - start)
      const operation = kernelName(kernel)
      operations.push({ operation, equation: kernel.equation, run, start: 1000 * (start - begin), duration })
      return result
    }
    for (const result of results) if (result instanceof DeviceTensor) result.free()
    results = await program.run(inputs, timed)
  }
  return { results, operations }
}
