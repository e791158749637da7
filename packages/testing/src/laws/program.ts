/* Two programs that have to compute the same, in f64. */
import { makeIR, printIR, type Tensor } from '@cotangent/core'
import { type ListFunction, oracle } from '../oracle.js'
import { LawError } from './lawError.js'
import { mismatch } from './mismatch.js'
import { largest, linear } from './numbers.js'

/** What a law compares, and what it is called. */
export interface Comparison {
  readonly check: string
  readonly expected: string
  /** Names of the two, for the message. */
  readonly names: readonly [string, string]
  /** Relative to the largest element, or to 1 where that is larger. */
  readonly rtol: number
}

/**
 * Two functions of the same f32 tensors, computed in f64.
 *
 * @throws LawError with the program of the first
 */
export const checkSamePrograms = (
  { check, expected, names, rtol }: Comparison,
  xs: readonly Tensor[],
  left: ListFunction,
  right: ListFunction,
): void => {
  const [a, b] = [oracle(left, xs), oracle(right, xs)]
  const fail = (received: string): never => {
    const program = printIR(makeIR((list: readonly Tensor[]) => [...left(list)])(xs))
    throw new LawError({ check, expected, received, program })
  }
  const shapes = (ys: readonly Tensor[]): string => ys.map((y) => `[${y.shape.join()}]`).join(' ')
  if (shapes(a) !== shapes(b)) fail(`shapes ${shapes(a)} and ${shapes(b)}`)
  const allowed = rtol * Math.max(1, largest(a), largest(b))
  const error = largest(linear(1, a, -1, b))
  if (!(error <= allowed)) fail(mismatch(names, a, b, allowed))
}
