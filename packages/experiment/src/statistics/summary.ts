import { mean, sampleStandardDeviation } from 'simple-statistics'

/** Mean and spread of a few numbers. */
export interface Summary {
  readonly n: number
  /** NaN when n = 0. */
  readonly mean: number
  /** Sample standard deviation, with n - 1; NaN when n < 2. */
  readonly std: number
  readonly min: number
  readonly max: number
}

/**
 * Mean, sample standard deviation and range.
 *
 * @param values [n]
 * @example summarise([1, 2, 3]) // => { n: 3, mean: 2, std: 1, min: 1, max: 3 }
 */
export const summarise = (values: readonly number[]): Summary => ({
  n: values.length,
  mean: values.length > 0 ? mean([...values]) : Number.NaN,
  std: values.length > 1 ? sampleStandardDeviation([...values]) : Number.NaN,
  min: values.length > 0 ? Math.min(...values) : Number.NaN,
  max: values.length > 0 ? Math.max(...values) : Number.NaN,
})
