/* Two ways to call a program: the engine's schedule, and a pipeline of gpu.js. */
import { compile, type Executable, HostTensor, type IR, referenceEngine, type Tensor } from '@cotangent/core'
import type { GpuEngine } from '@cotangent/engine-gpu'
import type { IPipelineRunShortcut } from 'gpu.js'
import type { SmallProgram } from './gpuPrograms.js'

/** A program as the engine gets it. */
export interface Captured {
  readonly ir: IR
  /** Which tensors the IR's inputs are. */
  readonly inputs: readonly Tensor[]
  /** The results by the reference evaluator, in the IR's order. */
  readonly expected: readonly Tensor[]
  /** For each result of the function, which of the IR's it is. */
  readonly order: readonly number[]
}

export const capture = async (engine: GpuEngine, { state, frozen, batch, run }: SmallProgram): Promise<Captured> => {
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
export const traffics = ['comes and goes', 'stays'] as const
type Traffic = (typeof traffics)[number]

export interface Way {
  /** One call, and what it read. */
  readonly call: () => Promise<readonly Float32Array[]>
  /** Waits until all calls are done: those that read nothing only hand their work over. */
  readonly settle: () => Promise<unknown>
}

const fresh = (x: Tensor): HostTensor => new HostTensor(x.data, x.shape, x.dtype)

/** Some of a list, by their places. */
export const pick = <T>(list: readonly T[], places: readonly number[]): readonly T[] =>
  places.map((place) => {
    const found = list[place]
    if (found === undefined) throw new Error(`there is no ${place}`)
    return found
  })

export const scheduleCall = (
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
export const pipelineCall = (
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
