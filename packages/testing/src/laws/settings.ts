/* How derivatives are compared, and how a law says that they differ. */
import type { Tensor } from '@cotangent/core'
import { LawError } from './lawError.js'
import type { Problem } from './problem.js'

/** How a derivative is compared. */
export interface DerivativeOptions {
  /** Chooses the directions; 0 by default. */
  readonly seed?: number
  /** Relative to the largest element of the derivative; 1e-6 by default. */
  readonly rtol?: number
  /** Step of the difference, in units of max(1, |x|); 1e-4 by default (fourth order: its error is step⁴ times f⁗). */
  readonly step?: number
  /** 2 also checks the derivative's derivatives: forward and reverse over both. Default 1. */
  readonly order?: 1 | 2
  /** false for functions with a customVjp: only the backward pass is compared with the difference. */
  readonly forward?: boolean
  /** false for functions with a loop of unknown length: only the forward pass is compared with the difference. */
  readonly backward?: boolean
  /** Every coordinate by itself where there are at most this many; 20 by default. */
  readonly everyCoordinate?: number
}

export type Settings = Required<Omit<DerivativeOptions, 'order'>>

export const defaults: Settings = {
  seed: 0,
  rtol: 1e-6,
  step: 1e-4,
  forward: true,
  backward: true,
  everyCoordinate: 20,
}

/** Throws the law's error with what the problem knows: seed and program. */
export const fail = (
  problem: Problem,
  { seed }: Settings,
  check: string,
  expected: string,
  received: string,
  at?: string,
  atKink = false,
): never => {
  const where = at === undefined ? {} : { at }
  throw new LawError({ check, expected, received, seed, program: problem.print(), atKink, ...where })
}

export const checkFinite = (
  problem: Problem,
  settings: Settings,
  check: string,
  xs: readonly Tensor[],
  at?: string,
): void => {
  for (const [result, x] of xs.entries()) {
    const bad = x.data.findIndex((value) => !Number.isFinite(value))
    if (bad < 0) continue
    fail(problem, settings, check, 'it must be finite.', `${x.data[bad]} at element ${bad} of result ${result}`, at)
  }
}

/** Six digits: enough to see a factor. */
export const digits = (x: number): string => String(Number(x.toPrecision(6)))
