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

/** A tensor on a device of an engine. */
export interface DeviceStorage {
  readonly aval: Aval
  read(): Promise<Tensor>
  free(): void
}
