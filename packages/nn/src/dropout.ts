import { ArgumentError, bernoulli, cast, mul, type Tensor, where } from '@cotangent/core'

/**
 * Each element is set to 0 with probability `rate`; the others are divided by 1 − rate, so that the mean stays.
 * Same key, same elements.
 *
 * @param key u32[2], used here alone; null leaves x as it is (evaluation)
 * @param rate probability of dropping, in [0, 1]
 * @param x floating, any shape
 * @throws ArgumentError for a rate outside of [0, 1]
 * @example dropout(null, 0.5, array([1, 2])) // => [1, 2]
 */
export const dropout = (key: Tensor | null, rate: number, x: Tensor): Tensor => {
  if (!(rate >= 0 && rate <= 1)) {
    throw new ArgumentError({
      op: 'dropout',
      expected: 'the rate must be a probability, from 0 to 1.',
      received: String(rate),
      todo: 'give the share of elements to drop, such as 0.1',
    })
  }
  if (key === null || rate === 0) return x
  const keep = 1 - rate
  // the factors depend on the key alone, so the host draws them and the engine sees one product
  const factors = where(bernoulli(key, keep, x.shape), keep === 0 ? 0 : 1 / keep, 0)
  return mul(x, cast(factors, x.dtype))
}
