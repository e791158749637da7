/**
 * log softmax of one row of logits: z_i - max z - log Σ exp(z_j - max z).
 *
 * @param logits [d], in nats
 * @example logSoftmax([0, 0]) // => [-Math.log(2), -Math.log(2)]
 */
export const logSoftmax = (logits: ArrayLike<number>): Float64Array => {
  const row = Float64Array.from(logits)
  let largest = Number.NEGATIVE_INFINITY
  for (const z of row) if (z > largest) largest = z
  let sum = 0
  for (const z of row) sum += Math.exp(z - largest)
  const shift = largest + Math.log(sum)
  return row.map((z) => z - shift)
}

/**
 * Softmax of one row of logits.
 *
 * @param logits [d]
 * @example softmax([0, 0]) // => [0.5, 0.5]
 */
export const softmax = (logits: ArrayLike<number>): Float64Array => logSoftmax(logits).map(Math.exp)

/**
 * Position of the largest entry, the first of equals.
 *
 * @example argmax([1, 3, 3]) // => 1
 */
export const argmax = (row: ArrayLike<number>): number => {
  let best = 0
  for (let i = 1; i < row.length; i++) if ((row[i] ?? Number.NaN) > (row[best] ?? Number.NaN)) best = i
  return best
}
