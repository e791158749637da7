import type { SignatureChange } from './signature.js'

/** Why a call had to compile. */
export interface Cause {
  readonly reason: 'first call' | 'new signature'
  /** From the nearest signature that was known; none for the first call. */
  readonly changes: readonly SignatureChange[]
  /** Which compilation had that signature, counted from 1; `null` for the first call. */
  readonly nearest: number | null
}

/** That a call compiled, and why: told to `onCompile`, and kept for `explainCompile`. */
export interface CompileEvent extends Cause {
  readonly engine: string
  /** Avals and structure of the arguments. */
  readonly signature: string
  readonly equations: number
  /** Floating-point operations of one call, counted from shapes. */
  readonly flops: number
  readonly programs: number
  readonly seconds: number
}
