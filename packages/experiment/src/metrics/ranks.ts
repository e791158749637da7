/**
 * Ranks from 1; equal values share the mean of their ranks.
 *
 * @example ranks([10, 20, 20]) // => [1, 2.5, 2.5]
 */
export const ranks = (values: ArrayLike<number>): Float64Array => {
  const order = Array.from({ length: values.length }, (_, i) => i).sort((i, j) => (values[i] ?? 0) - (values[j] ?? 0))
  const out = new Float64Array(values.length)
  for (let start = 0; start < order.length; ) {
    let end = start + 1
    const value = values[order[start] ?? 0]
    while (end < order.length && values[order[end] ?? 0] === value) end++
    for (let k = start; k < end; k++) out[order[k] ?? 0] = (start + 1 + end) / 2
    start = end
  }
  return out
}
