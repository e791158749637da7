import { checkLengths } from './check.js'
import { ranks } from './ranks.js'

/**
 * Pearson's correlation: covariance over the product of the standard deviations.
 *
 * @param x [n] @param y [n]
 * @returns a number in [-1, 1]; NaN when one of them is constant or n < 2
 * @example pearson([1, 2, 3], [2, 4, 6]) // => 1
 */
export const pearson = (x: ArrayLike<number>, y: ArrayLike<number>): number => {
  checkLengths('pearson', { x, y })
  const n = x.length
  let meanX = 0
  let meanY = 0
  for (let i = 0; i < n; i++) {
    meanX += (x[i] ?? 0) / n
    meanY += (y[i] ?? 0) / n
  }
  let xy = 0
  let xx = 0
  let yy = 0
  for (let i = 0; i < n; i++) {
    const dx = (x[i] ?? 0) - meanX
    const dy = (y[i] ?? 0) - meanY
    xy += dx * dy
    xx += dx * dx
    yy += dy * dy
  }
  if (isConstant(x) || isConstant(y)) return Number.NaN
  return Math.max(-1, Math.min(1, xy / Math.sqrt(xx * yy)))
}

/** All entries equal; decided on the entries, since a rounded mean leaves small differences. */
const isConstant = (x: ArrayLike<number>): boolean => {
  for (let i = 1; i < x.length; i++) if (x[i] !== x[0]) return false
  return true
}

/**
 * Spearman's rank correlation: Pearson's correlation of the ranks, ties sharing their mean rank.
 *
 * @param x [n] @param y [n]
 * @returns a number in [-1, 1]; NaN when one of them is constant or n < 2
 * @example spearman([1, 2, 3], [1, 8, 27]) // => 1
 */
export const spearman = (x: ArrayLike<number>, y: ArrayLike<number>): number => {
  checkLengths('spearman', { x, y })
  return pearson(ranks(x), ranks(y))
}
