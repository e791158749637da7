/* The kernel calls of a program, and gpu.js's `createPipeline` of them. */
import type { IR, Tensor } from '@cotangent/core'
import type { GpuEngine } from '@cotangent/engine-gpu'
import type { GPU } from 'gpu.js'
import { type Device, DeviceBuffer } from '../packages/engine-gpu/src/device/device.js'
import { graphicsCard, javaScript, translate, webAssembly } from '../packages/engine-gpu/src/device/dialect.js'
import { createKernel } from '../packages/engine-gpu/src/device/gpujs.js'
import type { KernelSpec } from '../packages/engine-gpu/src/device/kernelSpec.js'
import { makeExecutable } from '../packages/engine-gpu/src/program/executable.js'

/** Where an array of a kernel comes from. */
type Source =
  | { readonly kind: 'input'; readonly index: number }
  | { readonly kind: 'data'; readonly values: Float32Array }
  | { readonly kind: 'step'; readonly index: number }

/** The kernel calls of a program. */
interface Calls {
  readonly steps: readonly { readonly spec: KernelSpec; readonly from: readonly Source[] }[]
  readonly outputs: readonly Source[]
}

/** The program's kernel calls in their order: it is run once on a device that only takes notes. */
export const callsOf = async (engine: GpuEngine, ir: IR, inputs: readonly Tensor[]): Promise<Calls> => {
  const sources = new Map<DeviceBuffer, Source>()
  const steps: { readonly spec: KernelSpec; readonly from: readonly Source[] }[] = []
  const noted = (length: number, source: Source): DeviceBuffer => {
    const buffer = new DeviceBuffer(length, () => undefined)
    sources.set(buffer, source)
    return buffer
  }
  const sourceOf = (buffer: DeviceBuffer): Source => {
    const source = sources.get(buffer)
    if (source === undefined) throw new Error('memory that nothing wrote')
    return source
  }
  const device: Device = {
    mode: engine.mode,
    adapter: engine.adapter,
    limits: engine.limits,
    upload: (values) => noted(values.length, { kind: 'data', values }),
    kernel: (spec) => ({
      run: async (from) => {
        steps.push({ spec, from: from.map(sourceOf) })
        return noted(spec.length, { kind: 'step', index: steps.length - 1 })
      },
    }),
    read: () => Promise.reject(new Error('nothing is read here')),
    finish: async () => undefined,
    stats: () => engine.stats(),
    forget: () => undefined,
    close: async () => undefined,
  }
  const placed = {
    place: async (x: Tensor) => noted(x.size, { kind: 'input', index: inputs.indexOf(x) }),
    forget: () => undefined,
  }
  const results = await makeExecutable(device, placed, ir).run(inputs)
  return { steps, outputs: results.map((x) => sourceOf((x as unknown as { readonly buffer: DeviceBuffer }).buffer)) } // border: they are of the device above
}

/** The same kernel calls as one pipeline of gpu.js. */
export const pipelineOf = (gpu: GPU, mode: string, { steps, outputs }: Calls, inputs: number) => {
  const dialect = mode === 'cpu' ? javaScript : mode === 'webasm' ? webAssembly : graphicsCard
  const kernels = new Map<string, ReturnType<typeof createKernel>>()
  const kernelOf = (spec: KernelSpec) => {
    const name = JSON.stringify(spec)
    const kernel = kernels.get(name) ?? createKernel(gpu, translate(spec.source, dialect), spec)
    kernels.set(name, kernel)
    return kernel
  }
  const orchestrate = (...given: readonly unknown[]): readonly unknown[] => {
    const done: unknown[] = []
    const valueOf = (source: Source): unknown =>
      source.kind === 'data' ? source.values : source.kind === 'input' ? given[source.index] : done[source.index]
    for (const { spec, from } of steps) done.push(kernelOf(spec)(...(from.map(valueOf) as never[]))) // border: handles
    return outputs.map(valueOf)
  }
  // gpu.js makes as many handles as the function says it has parameters
  Object.defineProperty(orchestrate, 'length', { value: inputs })
  return gpu.createPipeline(orchestrate as never) // border: gpu.js wants results that can be written to
}
