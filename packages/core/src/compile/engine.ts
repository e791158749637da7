import type { Aval } from '../aval.js'
import type { Equation, IR } from '../ir/ir.js'
import type { AnyPrimitive } from '../primitives/primitive.js'
import type { Tensor } from '../tensor.js'

/**
 * What runs programs. An engine package exports a function that makes one; core imports none of them.
 * A program given to `load` holds only primitives for which `lowers` is true, and no calls.
 */
export interface Engine {
  readonly name: string
  /** Whether a primitive has a lowering of its own; if not, core replaces it by its decomposition. */
  lowers(primitive: AnyPrimitive): boolean
  /** Whether this equation can run here; if not, it is evaluated on the host between two programs. */
  runs(equation: Equation): boolean
  load(ir: IR): Promise<Executable>
  /** Runs a program several times and tells how long each operation took; not there where an engine cannot tell. */
  profile?(ir: IR, inputs: readonly Tensor[], runs: number): Promise<ProgramProfile>
  /** Frees sessions and device memory. Executables must not be run afterwards. */
  close(): Promise<void>
}

/** One loaded program. */
export interface Executable {
  /** Tensors are on the host or of this engine's device; so are the results. */
  run(inputs: readonly Tensor[]): Promise<readonly Tensor[]>
  /**
   * Takes a tensor's storage for results of later runs, or frees it. Nobody reads the tensor again: it was donated, or
   * it went from one program of a call to the next.
   */
  recycle(donated: Tensor): void
}

/** How long an operation of an engine took. */
export interface OperationTime {
  /** What the engine calls it. */
  readonly operation: string
  /** The equation it belongs to; `null` where it belongs to none in particular. */
  readonly equation: Equation | null
  /** Which run, counted from 0. */
  readonly run: number
  /** Microseconds since the first run began. */
  readonly start: number
  /** Microseconds, with those of operations inside of it. */
  readonly duration: number
}

/** What profiled runs of a program gave. */
export interface ProgramProfile {
  /** Of the last run. */
  readonly results: readonly Tensor[]
  readonly operations: readonly OperationTime[]
}

/** A tensor on a device of an engine. */
export interface DeviceStorage {
  readonly aval: Aval
  read(): Promise<Tensor>
  free(): void
}
