import type { Equation } from '@cotangent/core'
import type { KernelSpec } from '../device/kernelSpec.js'
import type { Data, Input } from '../program/value.js'
import type { Work } from './graph.js'

/** What a kernel reads: an array that is there, or another kernel's result. */
export type Source = Input | Data | Kernel

/** A kernel of a program. */
export interface Kernel {
  readonly kind: 'kernel'
  readonly spec: KernelSpec
  readonly inputs: readonly Source[]
  /** The values it gives, one behind the other. */
  readonly members: readonly Work[]
  /** All it computes, in the order of the program. */
  readonly work: readonly Work[]
  /** The last equation that it computes. */
  readonly equation: Equation | null
}
