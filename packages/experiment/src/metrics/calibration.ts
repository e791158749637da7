import { checkLengths } from './check.js'
import { argmax } from './softmax.js'

/** One bin of a calibration curve. */
export interface CalibrationBin {
  /** Rows in the bin. */
  readonly count: number
  /** Mean of the largest probability; NaN in an empty bin. */
  readonly confidence: number
  /** Share answered right; NaN in an empty bin. */
  readonly accuracy: number
}

/** The bin of a confidence c: bin i holds i/bins < c <= (i+1)/bins; c = 0 goes to the first. */
const binOf = (c: number, bins: number): number => {
  let bin = Math.min(bins - 1, Math.max(0, Math.ceil(c * bins) - 1))
  // c * bins is rounded; the edges are defined by i / bins
  while (bin > 0 && c <= bin / bins) bin--
  while (bin < bins - 1 && c > (bin + 1) / bins) bin++
  return bin
}

/**
 * Confidence against accuracy in bins of equal width.
 *
 * @param probabilities [n][d]; rows that sum to 1
 * @param labels true class of each row, [n]
 * @throws RangeError if lengths differ
 */
export const calibrationBins = (
  probabilities: readonly ArrayLike<number>[],
  labels: ArrayLike<number>,
  bins = 15,
): readonly CalibrationBin[] => {
  checkLengths('calibrationBins', { probabilities, labels })
  const count = new Float64Array(bins)
  const confidence = new Float64Array(bins)
  const right = new Float64Array(bins)
  probabilities.forEach((row, i) => {
    const answer = argmax(row)
    const c = row[answer] ?? 0
    const bin = binOf(c, bins)
    count[bin] = (count[bin] ?? 0) + 1
    confidence[bin] = (confidence[bin] ?? 0) + c
    right[bin] = (right[bin] ?? 0) + (answer === labels[i] ? 1 : 0)
  })
  return Array.from(count, (rows, bin) => ({
    count: rows,
    confidence: (confidence[bin] ?? 0) / rows,
    accuracy: (right[bin] ?? 0) / rows,
  }))
}

/**
 * Expected calibration error: how far confidence is from accuracy, on average over rows.
 *
 * ECE = Σ_bins (rows in bin / n) · |accuracy - mean confidence|
 *
 * @param probabilities [n][d]; rows that sum to 1
 * @param labels true class of each row, [n]
 * @param bins bins of equal width; 15 as is customary
 * @returns a number in [0, 1]; NaN without rows
 * @see Guo et al., On Calibration of Modern Neural Networks, 2017
 * @example expectedCalibrationError([[0.8, 0.2], [0.8, 0.2]], [0, 0]) // => 0.2
 */
export const expectedCalibrationError = (
  probabilities: readonly ArrayLike<number>[],
  labels: ArrayLike<number>,
  bins = 15,
): number => {
  const filled = calibrationBins(probabilities, labels, bins).filter(({ count }) => count > 0)
  if (filled.length === 0) return Number.NaN
  const gap = ({ count, accuracy, confidence }: CalibrationBin) =>
    (count / probabilities.length) * Math.abs(accuracy - confidence)
  return filled.reduce((sum, bin) => sum + gap(bin), 0)
}
