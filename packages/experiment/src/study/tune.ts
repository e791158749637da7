import { shuffled } from '../data/index.js'
import { streamOf } from '../fit/index.js'
import type { StudyMethod } from './methods.js'
import type { StudySettings } from './settings.js'

/** What tuning chooses for a method. */
export interface Chosen {
  /** Peak learning rate. */
  readonly rate: number
  /** Factor on the weights of the regularisers; 1 for a method without them. */
  readonly lambda: number
}

/** `n` numbers from low to high in equal ratios; the geometric mean for one. */
export const ratios = ([low, high]: readonly [number, number], n: number): readonly number[] =>
  n === 1 ? [Math.sqrt(low * high)] : Array.from({ length: n }, (_, i) => low * (high / low) ** (i / (n - 1)))

/** Rounded to three digits, so that tables and files show the very number that was used. */
const tidy = (x: number): number => Number(x.toPrecision(3))

/**
 * The settings that are tried for a method: as many for each. A method with regularisers shares its trials between the
 * learning rate and the factor on λ: each of the rates once, each of the factors once, paired at random (a Latin square).
 */
export const trialsOf = (method: StudyMethod, { tuning, seed }: StudySettings): readonly Chosen[] => {
  const rates = ratios(method.adapter === 'full' ? tuning.fullRates : tuning.adapterRates, tuning.trials).map(tidy)
  if (!method.regularised) return rates.map((rate) => ({ rate, lambda: 1 }))
  const factors = ratios(tuning.lambdaFactors, tuning.trials).map(tidy)
  const order = shuffled(factors, streamOf(seed, 'lambda factors', method.name).uniform)
  return rates.map((rate, i) => ({ rate, lambda: order[i] ?? 1 }))
}

/** The trial with the highest score, the first of equal ones. */
export const bestTrial = (trials: readonly Chosen[], scores: readonly number[]): Chosen => {
  const best = scores.reduce((top, score, i) => (score > (scores[top] ?? Number.NEGATIVE_INFINITY) ? i : top), 0)
  return trials[best] ?? { rate: 1e-3, lambda: 1 }
}
