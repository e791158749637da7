/*
 * Learning rates by step, as transformers' `get_scheduler` defines them.
 * Letters: t the step (0 for the first), w warmupSteps, n totalSteps, p = (t - w) / (n - w) the progress after warm-up.
 */
import {
  add,
  cos,
  div,
  floor,
  full,
  less,
  maximum,
  minimum,
  mul,
  pow,
  rsqrt,
  sub,
  type Tensor,
  where,
} from '@cotangent/core'
import { notNegative, positive, stepCounts } from './checks.js'

/**
 * The learning rate of a step.
 *
 * @param count steps taken before this one, f32 []: traced, 0 for the first
 * @returns f32 []
 */
export type Schedule = (count: Tensor) => Tensor

/**
 * The same rate at every step.
 *
 * @example constant(0.1)(scalar(5)) // => 0.1
 */
export const constant =
  (rate: number): Schedule =>
  () =>
    full([], rate)

/** A rise to the peak. */
export interface WarmupSettings {
  /** The rate at the end of warm-up. */
  readonly peak: number
  /** Steps during which the rate rises from 0, linearly. */
  readonly warmupSteps: number
}

/** A rise to the peak, and a fall from it. */
export interface DecaySettings extends WarmupSettings {
  /** Steps in all, warm-up included. */
  readonly totalSteps: number
}

/** peak · t / w for t < w, then peak · after(t). */
const warmedUp = (op: string, { peak, warmupSteps }: WarmupSettings, after: Schedule): Schedule => {
  notNegative(op, 'peak', peak)
  notNegative(op, 'warmupSteps', warmupSteps)
  return (count) => {
    const factor =
      warmupSteps === 0 ? after(count) : where(less(count, warmupSteps), div(count, warmupSteps), after(count))
    return mul(factor, peak)
  }
}

/** As `warmedUp`, with a factor of the progress p, kept within [0, 1], times `cycles`. */
const decaying = (op: string, settings: DecaySettings, after: Schedule, cycles = 1): Schedule => {
  const { warmupSteps, totalSteps } = settings
  stepCounts(op, 'warmupSteps', warmupSteps, totalSteps)
  const left = Math.max(1, totalSteps - warmupSteps)
  return warmedUp(op, settings, (count) =>
    after(minimum(maximum(div(mul(sub(count, warmupSteps), cycles), left), 0), cycles)),
  )
}

/** (1 + cos x) / 2 */
const raisedCosine = (x: Tensor): Tensor => mul(add(cos(x), 1), 0.5)

/**
 * Linear warm-up, then constant.
 *
 * @example warmupConstant({ peak: 1, warmupSteps: 10 })(scalar(5)) // => 0.5
 */
export const warmupConstant = (settings: WarmupSettings): Schedule => warmedUp('warmupConstant', settings, constant(1))

/**
 * Linear warm-up, then peak · (1 - p): linear decay to 0.
 *
 * @example warmupLinear({ peak: 1, warmupSteps: 10, totalSteps: 110 })(scalar(60)) // => 0.5
 */
export const warmupLinear = (settings: DecaySettings): Schedule => decaying('warmupLinear', settings, (p) => sub(1, p))

/**
 * Linear warm-up, then a cosine: peak · (l + (1 - l) (1 + cos 2π c p) / 2).
 *
 * @param settings cycles c, 1/2 by default: half a wave, down to the lowest; lowest l, as a share of the peak, 0 by default
 * @example warmupCosine({ peak: 1, warmupSteps: 10, totalSteps: 110 })(scalar(60)) // => 0.5
 */
export const warmupCosine = (
  settings: DecaySettings & { readonly cycles?: number; readonly lowest?: number },
): Schedule => {
  const { cycles = 0.5, lowest = 0 } = settings
  return decaying('warmupCosine', settings, (p) =>
    add(mul(raisedCosine(mul(p, 2 * Math.PI * cycles)), 1 - lowest), lowest),
  )
}

/**
 * Linear warm-up, then `cycles` cosines, each from the peak down to 0: peak · (1 + cos π frac(c p)) / 2, and 0 at p = 1.
 *
 * @example warmupCosineRestarts({ peak: 1, warmupSteps: 0, totalSteps: 100, cycles: 2 })(scalar(25)) // => 0.5
 */
export const warmupCosineRestarts = (settings: DecaySettings & { readonly cycles?: number }): Schedule => {
  const { cycles = 1 } = settings
  const wave = (cp: Tensor): Tensor => where(less(cp, cycles), raisedCosine(mul(sub(cp, floor(cp)), Math.PI)), 0)
  return decaying('warmupCosineRestarts', settings, wave, cycles)
}

/**
 * Linear warm-up, then peak · (l + (1 - l) (1 - p)^power).
 *
 * @param settings power 1 by default; lowest l, as a share of the peak, 0 by default
 * @example warmupPolynomial({ peak: 1, warmupSteps: 10, totalSteps: 110, power: 2, lowest: 0 })(scalar(60)) // => 0.25
 */
export const warmupPolynomial = (
  settings: DecaySettings & { readonly power?: number; readonly lowest?: number },
): Schedule => {
  const { power = 1, lowest = 0 } = settings
  return decaying('warmupPolynomial', settings, (p) => add(mul(pow(sub(1, p), power), 1 - lowest), lowest))
}

/**
 * Linear warm-up, then peak · √(s / (t - w + s)).
 *
 * @param settings timescale s in steps; w by default, 10,000 without warm-up
 * @example warmupInverseRoot({ peak: 1, warmupSteps: 10, timescale: 10 })(scalar(40)) // => 0.5
 */
export const warmupInverseRoot = (settings: WarmupSettings & { readonly timescale?: number }): Schedule => {
  const { warmupSteps } = settings
  const { timescale = warmupSteps > 0 ? warmupSteps : 10_000 } = settings
  positive('warmupInverseRoot', 'timescale', timescale)
  return warmedUp('warmupInverseRoot', settings, (count) =>
    rsqrt(add(div(maximum(sub(count, warmupSteps), 0), timescale), 1)),
  )
}

/**
 * Linear warm-up, constant, then half a cosine down to 0 over the last `decaySteps`.
 *
 * @throws ArgumentError if warm-up and decay do not fit into totalSteps
 * @example warmupStableDecay({ peak: 1, warmupSteps: 10, totalSteps: 110, decaySteps: 20 })(scalar(100)) // => 0.5
 */
export const warmupStableDecay = (settings: DecaySettings & { readonly decaySteps: number }): Schedule => {
  const { warmupSteps, totalSteps, decaySteps } = settings
  stepCounts('warmupStableDecay', 'warmupSteps + decaySteps', warmupSteps + decaySteps, totalSteps)
  const start = totalSteps - decaySteps
  return warmedUp('warmupStableDecay', settings, (count) => {
    const p = minimum(maximum(div(sub(count, start), Math.max(1, decaySteps)), 0), 1)
    return raisedCosine(mul(p, Math.PI))
  })
}
