import jStat from 'jstat'
import { summarise } from './summary.js'

/**
 * Student's interval of the mean of a few numbers: mean ± t · std / √n, t the quantile for n - 1 degrees of freedom.
 *
 * @param values [n], for example one for each seed
 * @param level share of intervals that hold the true mean, if values are normal
 * @returns null when n < 2: one value says nothing of its spread
 * @example meanInterval([1, 2, 3]) // => { low: -0.484138, high: 4.484138 }
 */
export const meanInterval = (
  values: readonly number[],
  level = 0.95,
): { readonly low: number; readonly high: number } | null => {
  const { n, mean, std } = summarise(values)
  if (n < 2) return null
  const half = (jStat.studentt.inv((1 + level) / 2, n - 1) * std) / Math.sqrt(n)
  return { low: mean - half, high: mean + half }
}
