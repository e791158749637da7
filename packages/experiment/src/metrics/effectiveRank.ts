/**
 * Effective rank of a matrix: the exponential of the entropy of its normalised singular values.
 *
 * erank = exp(-Σ p_i log p_i),  p_i = s_i / Σ s
 *
 * It is k for k equal singular values, and near 1 when one dominates.
 *
 * @param singularValues s, [k]; not negative, any order and scale
 * @returns a number in [1, k]; NaN when all are zero
 * @throws RangeError if one is negative or not finite
 * @see Roy and Vetterli, The effective rank, EUSIPCO 2007
 * @example effectiveRank([1, 1, 1]) // => 3
 */
export const effectiveRank = (singularValues: ArrayLike<number>): number => {
  const s = Float64Array.from(singularValues)
  const bad = s.findIndex((value) => !(value >= 0 && value < Number.POSITIVE_INFINITY))
  if (bad >= 0) {
    throw new RangeError(
      `effectiveRank: singular values must be finite and not negative.\n  received  singularValues[${bad}] = ${s[bad]}\n` +
        '  to do     pass singular values, not eigenvalues or the matrix itself',
    )
  }
  const largest = s.reduce((a, b) => Math.max(a, b), 0)
  const scaled = s.map((value) => value / largest)
  const sum = scaled.reduce((a, b) => a + b, 0)
  const entropy = scaled.reduce((h, value) => {
    const p = value / sum
    return p > 0 ? h - p * Math.log(p) : h
  }, 0)
  return largest > 0 ? Math.exp(entropy) : Number.NaN
}
