/*
 * Weights of the terms over a run, as factors from 0 to 1 of the full weight.
 * Letters: t the progress, step / total steps, in [0, 1]; the first step has t = 0. w the warm-up, r the ramp, as shares.
 */
import { ArgumentError } from '@cotangent/core'

/** What a weight is at a progress in [0, 1]: a plain number, fed to the program as data. */
export type Schedule = (progress: number) => number

/**
 * The same value from beginning to end.
 *
 * @example constantSchedule(2)(0.5) // => 2
 */
export const constantSchedule =
  (value = 1): Schedule =>
  () =>
    value

/**
 * From 1 down to `lowest` (0.1): l + (1 - l) (1 + cos πt) / 2. The paper's λ1.
 *
 * @example cosineSchedule()(0.5) // => 0.55
 */
export const cosineSchedule =
  (lowest = 0.1): Schedule =>
  (t) => {
    const share = 0.5 * (1 + Math.cos(Math.PI * t))
    return lowest * (1 - share) + share // exactly 1 and `lowest` at the ends
  }

/**
 * 0 for t < w, then linearly to 1 over r: min((t - w) / r, 1), exactly 1 from w + r on. The paper's λ2 and λ3.
 *
 * @throws ArgumentError unless both are shares of the run
 * @example twoPhaseSchedule(0.2, 0.1)(0.25) // => 0.5
 */
export const twoPhaseSchedule = (warmup: number, ramp: number): Schedule => {
  share('twoPhaseSchedule', 'warmup', warmup)
  share('twoPhaseSchedule', 'ramp', ramp)
  return (t) => (t < warmup ? 0 : t >= warmup + ramp ? 1 : Math.min((t - warmup) / ramp, 1))
}

/**
 * min(t / w, 1)
 *
 * @throws ArgumentError unless w is a share of the run
 * @example linearWarmupSchedule(0.5)(0.25) // => 0.5
 */
export const linearWarmupSchedule = (warmup: number): Schedule => {
  share('linearWarmupSchedule', 'warmup', warmup)
  return (t) => (warmup === 0 ? 1 : Math.min(t / warmup, 1))
}

/**
 * min(t / w, 1)²
 *
 * @throws ArgumentError unless w is a share of the run
 * @example quadraticWarmupSchedule(0.5)(0.25) // => 0.25
 */
export const quadraticWarmupSchedule = (warmup: number): Schedule => {
  share('quadraticWarmupSchedule', 'warmup', warmup)
  return (t) => (warmup === 0 ? 1 : Math.min(t / warmup, 1) ** 2)
}

/** The weight at full and at no entropy of the teacher: `lowest` is 0.1 · `highest` unless given. */
export interface AdaptiveBounds {
  readonly highest: number
  readonly lowest?: number
}

/**
 * λ1 by how sure the teacher is: lowest + (highest - lowest) (1 - H / log V). It follows the batch, not the progress:
 * `adaptiveFactor` is the same inside of a program.
 *
 * @param entropy H, the teacher's mean entropy over the positions that count, in nats
 * @param classes V, number of classes or size of the vocabulary, at least 2
 * @example adaptiveWeight({ highest: 0.2 }, 0, 97) // => 0.2
 */
export const adaptiveWeight = (
  { highest, lowest = 0.1 * highest }: AdaptiveBounds,
  entropy: number,
  classes: number,
): number => {
  const unsure = entropy / Math.log(classes)
  return lowest * unsure + highest * (1 - unsure) // exactly the bounds at the ends
}

const share = (op: string, name: string, value: number): void => {
  if (!(value >= 0 && value <= 1)) {
    throw new ArgumentError({
      op,
      expected: `${name} must be a share of the run, from 0 to 1.`,
      received: `${name} ${value}`,
      todo: 'divide steps by the steps in all',
    })
  }
}
