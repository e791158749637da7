/** A series as the path of a line, and what its lowest and highest place stand for. */
export interface Line {
  /** For the attribute `d` of a path. */
  readonly path: string
  /** The height of 0 where it lies within, else none. */
  readonly zero: number | null
  readonly low: number
  readonly high: number
}

/** Room above and below a line, so that its stroke is not cut. */
const margin = 3

/**
 * Finite values from left to right; what is not finite is left out.
 *
 * @param width of the drawing @param height of it
 * @example linePath([1, 2], 10, 16).path // => 'M0 13L10 3'
 */
export const linePath = (values: readonly number[], width: number, height: number): Line => {
  const finite = values.filter(Number.isFinite)
  if (finite.length === 0) return { path: '', zero: null, low: Number.NaN, high: Number.NaN }
  const [low, high] = [Math.min(...finite), Math.max(...finite)]
  const yOf = (value: number): number =>
    high === low ? height / 2 : margin + ((high - value) / (high - low)) * (height - 2 * margin)
  const xOf = (i: number): number => (values.length === 1 ? 0 : (i / (values.length - 1)) * width)
  const points = values.flatMap((value, i) => (Number.isFinite(value) ? [`${tidy(xOf(i))} ${tidy(yOf(value))}`] : []))
  // a single value is a line across
  const path = points.length === 1 ? `M0 ${tidy(yOf(low))}H${width}` : `M${points.join('L')}`
  return { path, zero: low < 0 && high > 0 ? tidy(yOf(0)) : null, low, high }
}

const tidy = (x: number): number => Math.round(10 * x) / 10
