/*
 * npm run bench:gpu -- [--rounds N] [--modes cpu,webasm,webgpu] [--only TEXT] [--json FILE]
 *
 * Two ways to run a program of gpu.js kernels: the engine's schedule, whose values stay on the device, and gpu.js's
 * `createPipeline`, which compiles the whole of it, takes its arguments from the host and gives its results there. The
 * kernels are the same. Programs are small, as are their states, so that the copies cost `createPipeline` little.
 */
import { writeFileSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { compile, type Executable, HostTensor, type IR, referenceEngine, type Tensor } from '@cotangent/core'
import { type GpuEngine, startGpuEngine } from '@cotangent/engine-gpu'
import { E } from '@cotangent/prelude'
import { GPU, type IPipelineRunShortcut } from 'gpu.js'
import { type Device, DeviceBuffer } from '../packages/engine-gpu/src/device/device.js'
import { graphicsCard, javaScript, translate, webAssembly } from '../packages/engine-gpu/src/device/dialect.js'
import { createKernel } from '../packages/engine-gpu/src/device/gpujs.js'
import { makeExecutable } from '../packages/engine-gpu/src/program/executable.js'
import type { KernelSpec } from '../packages/engine-gpu/src/program/value.js'
import { type SmallProgram, smallPrograms } from './gpuPrograms.js'
import { pairsInTurns } from './turns.js'

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
const callsOf = async (engine: GpuEngine, ir: IR, inputs: readonly Tensor[]): Promise<Calls> => {
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
const pipelineOf = (gpu: GPU, mode: string, { steps, outputs }: Calls, inputs: number) => {
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

/** A program as the engine gets it. */
interface Captured {
  readonly ir: IR
  /** Which tensors the IR's inputs are. */
  readonly inputs: readonly Tensor[]
  /** The results by the reference evaluator, in the IR's order. */
  readonly expected: readonly Tensor[]
  /** For each result of the function, which of the IR's it is. */
  readonly order: readonly number[]
}

const capture = async (engine: GpuEngine, { state, frozen, batch, run }: SmallProgram): Promise<Captured> => {
  const found: Omit<Captured, 'order'>[] = []
  const spy = {
    ...engine,
    load: async (ir: IR): Promise<Executable> => {
      const reference = await referenceEngine().load(ir)
      return {
        ...reference,
        run: async (inputs) => {
          const results = await reference.run(inputs)
          found.push({ ir, inputs, expected: results })
          return results
        },
      }
    },
  }
  const results = await compile(run, spy)(state, frozen, batch)
  const [only, ...more] = found
  if (only === undefined || more.length > 0) throw new Error('the program is not one program')
  return { ...only, order: results.map((x) => only.expected.indexOf(x)) }
}

/** How values travel: `comes and goes`: all from the host and back in each call; `stays`: the state only where it must. */
const traffics = ['comes and goes', 'stays'] as const
type Traffic = (typeof traffics)[number]

interface Way {
  /** One call, and what it read. */
  readonly call: () => Promise<readonly Float32Array[]>
  /** Waits until all calls are done: those that read nothing only hand their work over. */
  readonly settle: () => Promise<unknown>
}

const fresh = (x: Tensor): HostTensor => new HostTensor(x.data, x.shape, x.dtype)

/** Some of a list, by their places. */
const pick = <T>(list: readonly T[], places: readonly number[]): readonly T[] =>
  places.map((place) => {
    const found = list[place]
    if (found === undefined) throw new Error(`there is no ${place}`)
    return found
  })

const scheduleCall = (
  executable: Executable,
  { state, frozen }: SmallProgram,
  { inputs, order }: Captured,
  traffic: Traffic,
): Way => {
  const kept = traffic === 'stays' ? state.length : 0
  const [stays, leaves] = [order.slice(0, kept), order.slice(kept)]
  let held: readonly Tensor[] = state.map(fresh)
  const settle = (): Promise<unknown> => Promise.all(held.slice(0, 1).map((x) => x.read()))
  const call = async () => {
    const given = inputs.map((x) => {
      if (kept > 0 && state.includes(x)) return held[state.indexOf(x)] ?? x
      return traffic === 'stays' && frozen.includes(x) ? x : fresh(x)
    })
    const results = await executable.run(given)
    if (kept > 0) {
      for (const x of held) executable.recycle(x)
      held = pick(results, stays)
    }
    const gone = pick(results, leaves)
    const read = await Promise.all(gone.map((x) => x.read()))
    for (const x of gone) executable.recycle(x)
    return read.map(({ data }) => data as Float32Array) // border: the results are f32
  }
  return { call, settle }
}

/** As an executor of the engine would call a pipeline: tensors go in, tensors come out. */
const pipelineCall = (
  pipeline: IPipelineRunShortcut,
  { state, frozen }: SmallProgram,
  { inputs, order, expected }: Captured,
  traffic: Traffic,
): Way => {
  const kept = traffic === 'stays' ? state.length : 0
  let held: readonly Tensor[] = state
  const elements = ({ data }: Tensor): Float32Array<ArrayBuffer> =>
    (data instanceof Float32Array ? data : Float32Array.from(data)) as Float32Array<ArrayBuffer> // border: never shared
  const call = async () => {
    const given = inputs.map((x) => {
      if (kept > 0 && state.includes(x)) return held[state.indexOf(x)] ?? x
      return traffic === 'stays' && frozen.includes(x) ? x : fresh(x)
    })
    const arrays = (await pipeline(...given.map(elements))) as readonly Float32Array[] // border: one array for each handle
    const results = expected.map(({ shape, dtype }, i) => new HostTensor(arrays[i] ?? new Float32Array(), shape, dtype))
    if (kept > 0) held = pick(results, order.slice(0, kept))
    return pick(results, order.slice(kept)).map(({ data }) => data as Float32Array) // border: the results are f32
  }
  return { call, settle: async () => undefined } // each call reads
}

const furthest = (a: readonly ArrayLike<number>[], b: readonly ArrayLike<number>[]): number =>
  Math.max(...a.flatMap((x, i) => Array.from(x, (value, j) => Math.abs(value - (b[i]?.[j] ?? Number.NaN)))))

/** Milliseconds a call: as a clock shows them, and of the processor, so that busy neighbours do not count. */
interface Times {
  readonly wall: number
  readonly processor: number
}

const timesOf = async ({ call, settle }: Way, calls: number): Promise<Times> => {
  const [start, before] = [performance.now(), process.cpuUsage()]
  for (let i = 0; i < calls; i++) await call()
  await settle()
  const [wall, { user, system }] = [performance.now() - start, process.cpuUsage(before)]
  return { wall: wall / calls, processor: (user + system) / 1000 / calls }
}

// milliseconds
const [warmUp, turn] = [1000, 50]

/** JavaScript's compiler needs some calls to see what is worth compiling. */
const warm = async (way: Way): Promise<void> => {
  for (const end = performance.now() + warmUp; performance.now() < end; ) await timesOf(way, 1)
}

/** The value below which a share of them lies. */
const quantile = (xs: readonly number[], share: number): number => {
  const sorted = [...xs].sort((a, b) => a - b)
  const at = share * (sorted.length - 1)
  const [low = Number.NaN, high = low] = [sorted[Math.floor(at)], sorted[Math.ceil(at)]]
  return low + (high - low) * (at - Math.floor(at))
}

/** Median and quartiles. */
const spread = (xs: readonly number[]): readonly number[] => [0.5, 0.25, 0.75].map((share) => quantile(xs, share))

/** Both in turns; the times of `createPipeline` over those of the schedule, round by round. */
const compare = async (schedule: Way, pipeline: Way, rounds: number) => {
  for (const way of [schedule, pipeline]) await warm(way)
  const slower = Math.max((await timesOf(schedule, 5)).wall, (await timesOf(pipeline, 5)).wall)
  const calls = Math.max(2, Math.ceil(turn / slower))
  const pairs = await pairsInTurns(
    rounds,
    () => timesOf(schedule, calls),
    () => timesOf(pipeline, calls),
  )
  const ratio = (of: keyof Times) => spread(pairs.map(([a, b]) => b[of] / a[of]))
  return {
    schedule: spread(pairs.map(([a]) => a.processor)),
    pipeline: spread(pairs.map(([, b]) => b.processor)),
    processorRatio: ratio('processor'),
    clockRatio: ratio('wall'),
  }
}

const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '15' },
    modes: { type: 'string', default: 'cpu,webasm,webgpu' },
    only: { type: 'string', default: '' },
    json: { type: 'string' },
  },
})
const rounds = Number(values.rounds)
const modes = (['cpu', 'webasm', 'webgpu'] as const).filter((mode) => values.modes.split(',').includes(mode))

const shown = ([middle = 0, low = 0, high = 0]: readonly number[]): string =>
  `${middle.toFixed(2)} (${low.toFixed(2)} to ${high.toFixed(2)})`

const microseconds = ([middle = 0]: readonly number[]): string => `${(1000 * middle).toFixed(0).padStart(6)} us`

/** One program in both kinds of traffic; what both give is compared with the reference evaluator first. */
const measure = async (engine: GpuEngine, gpu: GPU, program: SmallProgram): Promise<readonly object[]> => {
  const captured = await capture(engine, program)
  const calls = await callsOf(engine, captured.ir, captured.inputs)
  const kernels = calls.steps.length
  const executable = await engine.load(captured.ir)
  const pipeline = pipelineOf(gpu, engine.mode, calls, captured.inputs.length)
  const expected = pick(captured.expected, captured.order).map(({ data }) => data)
  const rows: object[] = []
  for (const traffic of traffics) {
    const both = [
      scheduleCall(executable, program, captured, traffic),
      pipelineCall(pipeline, program, captured, traffic),
    ] as const
    for (const { call } of both) {
      const got = await call()
      const apart = furthest(got, expected.slice(expected.length - got.length))
      if (!(apart < 1e-4)) throw new Error(`${program.name} in mode ${engine.mode} is wrong by ${apart}`)
    }
    const found = await compare(...both, rounds)
    const { executorKind, fallbackReason } = pipeline
    rows.push({ mode: engine.mode, program: program.name, kernels, traffic, executorKind, fallbackReason, ...found })
    const what = `${engine.mode.padEnd(6)} ${executorKind.padEnd(13)} ${program.name.padEnd(14)} ${String(kernels).padStart(3)} kernels`
    console.log(
      `${what}, ${traffic.padEnd(14)} ${microseconds(found.schedule)}, createPipeline ${microseconds(found.pipeline)}; ` +
        `ratio ${shown(found.processorRatio)}, by the clock ${shown(found.clockRatio)}`,
    )
  }
  await pipeline.destroy()
  return rows
}

console.log('processor time of createPipeline over that of the schedule; above 1 the schedule is faster')
const rows: object[] = []
for (const mode of modes) {
  const started = await startGpuEngine({ mode })()
  if (E.isLeft(started)) {
    console.log(`${mode} is left out: ${started.left.message}`)
    continue
  }
  const engine = started.right
  const gpu = new GPU({ mode })
  for (const program of smallPrograms.filter(({ name }) => name.includes(values.only)))
    rows.push(...(await measure(engine, gpu, program)))
  await gpu.destroy()
  await engine.close()
}
if (values.json !== undefined) {
  writeFileSync(values.json, `${JSON.stringify({ node: process.version, rounds, rows }, null, 2)}\n`)
}
