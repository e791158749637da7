/**
 * A number in about three digits, with a true minus sign.
 *
 * @example shortNumber(-0.012345) // => '−0.0123'
 */
export const shortNumber = (x: number): string => {
  if (!Number.isFinite(x)) return Number.isNaN(x) ? 'not a number' : x > 0 ? '∞' : '−∞'
  if (x === 0) return '0'
  const size = Math.abs(x)
  const digits = size >= 1000 || size < 1e-3 ? size.toExponential(1) : size.toPrecision(3)
  return x < 0 ? `−${digits}` : digits
}

/**
 * Milliseconds, or seconds where there are many.
 *
 * @example shortTime(1234) // => '1.23 s'
 */
export const shortTime = (milliseconds: number): string =>
  milliseconds < 1000 ? `${Math.round(milliseconds)} ms` : `${(milliseconds / 1000).toFixed(2)} s`
