import type { Engine } from '@cotangent/core'
import { type EngineUnavailable, getOrThrow, TE } from '@cotangent/prelude'
import type { Adapter, DeviceLimits, DeviceStats } from './device/device.js'
import type { Mode } from './device/mode.js'
import { type Choice, openDevice } from './device/openDevice.js'
import { runsWithin } from './limits.js'
import { hasLowering } from './lowerings/index.js'
import { checkOptions, type GpuEngineOptions } from './options.js'
import { makeExecutable } from './program/executable.js'
import { profileProgram } from './program/profileProgram.js'
import { makeResidentInputs } from './program/residentInputs.js'

/** The engine, with what can be asked of it besides. */
export interface GpuEngine extends Engine {
  /** The mode of gpu.js in use. */
  readonly mode: Mode
  /** What computes. */
  readonly adapter: Adapter
  /** What programs must keep to; what does not runs on the host. */
  readonly limits: DeviceLimits
  /** Arithmetic on the device. */
  readonly precision: 'f32'
  /** Modes that `auto` passed over, and why. */
  readonly passedOver: readonly string[]
  /** What is alive on the device, and the bytes moved so far. */
  stats(): DeviceStats
}

/** Composed primitives whose decomposition would be thousands of kernels, in f64: the host evaluates them whole. */
const wholeOnHost: ReadonlySet<string> = new Set(['eigh', 'singularValues'])

const makeEngine = ({ device, passedOver }: Choice): GpuEngine => {
  const { mode, adapter, limits } = device
  const inputs = makeResidentInputs(device)
  return {
    name: `gpu (${mode})`,
    mode,
    adapter,
    limits,
    precision: 'f32',
    passedOver,
    lowers: (primitive) => hasLowering(primitive) || wholeOnHost.has(primitive.name),
    runs: runsWithin(limits),
    load: async (ir) => makeExecutable(device, inputs, ir),
    profile: (ir, given, runs) => profileProgram(device, inputs, ir, given, runs),
    stats: () => device.stats(),
    close: () => device.close(),
  }
}

/**
 * The engine as a value, or why it does not start here: `gpuEngine` without the throw.
 *
 * @throws ArgumentError for options that do not exist
 * @example
 * const started = await startGpuEngine({ mode: 'webgl2' })() // Node has no WebGL2
 * started._tag // => 'Left'
 */
export const startGpuEngine = (options: GpuEngineOptions = {}): TE.TaskEither<EngineUnavailable, GpuEngine> => {
  checkOptions(options)
  const { mode = 'auto', warn = console.warn } = options
  return TE.map(makeEngine)(openDevice(mode, warn))
}

/**
 * Programs as gpu.js kernels: chains of elementwise operations, with the product or reduction they follow, are one kernel;
 * what they compute stays on the device until it is read. f64, u32, loops and choices, `eigh`, `singularValues` and the
 * other algorithms on matrices run on the host, between two programs.
 *
 * Where results differ from the reference evaluator, beyond f32's rounding:
 *
 * | what | here |
 * |---|---|
 * | i32 | held as f32: exact to 2^24, then rounded; no wrap-around; `-0` may come out of arithmetic and is 0 when read |
 * | integers beyond 2^24 | refused when copied to the device; literals and constants keep their equation on the host |
 * | bool | held as 0 and 1 |
 * | erf, gelu | a rational approximation: 1e-7 absolute in mode cpu, 4e-7 in the others |
 * | sums and products | in the order of the axes (few sums of more than 8192 elements: in parts); in f64 in mode cpu and rounded once, in f32 in the others. All else is rounded after each operation, also within a kernel; a graphics card may keep more |
 * | exp, log, tanh, ... | JavaScript's `Math`, rounded to f32; in webgpu and webgl2 within the bounds of WGSL (README) |
 * | an index out of range | take gives NaN, or 0 for integers and truth values; scatterAdd leaves it out |
 * | NaN, infinities, -0 of f32 | as in the reference evaluator; a graphics card's compiler may take x · 0 for 0, and (x + c) - c for x, where c and 0 are numbers of the program |
 * | subnormal numbers | may become 0 of their sign in webgpu and webgl2 |
 *
 * @throws EdgeFailure (EngineUnavailable) where the mode does not start, or computes a few known numbers wrong; ArgumentError
 * for options that do not exist
 * @example
 * const engine = await gpuEngine({ mode: 'cpu' })
 * const f = compile((x: Tensor) => mul(x, x), engine)
 * const y = await (await f(array([1, 2, 3]))).read()
 * await engine.close()
 */
export const gpuEngine = async (options: GpuEngineOptions = {}): Promise<GpuEngine> =>
  getOrThrow(await startGpuEngine(options)())
