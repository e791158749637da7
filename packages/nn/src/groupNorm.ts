/* Axes: n (examples), c (channels), s (positions: length, or rows and columns). */
import { add, mul, printAval, reshape, ShapeError, standardize, type Tensor } from '@cotangent/core'

/** Weight and bias, one per channel: [c]. */
export type GroupNormParams = {
  readonly weight: Tensor
  readonly bias: Tensor
}

/**
 * y = (x − mean) / sqrt(variance + eps) · weight + bias, with mean and variance of each example and group of channels.
 *
 * @param x [n, c, ...s]
 * @param groups how many groups of c / groups channels that follow each other
 * @param eps added to the variance
 * @returns [n, c, ...s]
 * @throws ShapeError unless groups divides c
 * @see arXiv 1803.08494; torch.nn.functional.group_norm
 * @example groupNorm({ weight: array([1, 1]), bias: array([0, 5]) }, array([[1, 3]]), 1, 0) // => [[-1, 6]]
 */
export const groupNorm = ({ weight, bias }: GroupNormParams, x: Tensor, groups: number, eps: number): Tensor => {
  const [n = 0, c = 0, ...positions] = x.shape
  if (x.rank < 2 || !Number.isInteger(groups) || groups < 1 || c % groups !== 0) {
    throw new ShapeError({
      op: 'groupNorm',
      expected: 'x must be [n, c, ...s], and the number of groups divide c.',
      received: `x ${printAval(x.aval)}, groups ${groups}`,
      todo: 'channels are axis 1; 1 group takes all of them together',
    })
  }
  const width = positions.reduce((size, length) => size * length, c / groups)
  const y = reshape(standardize(reshape(x, [n, groups, width]), eps), x.shape)
  return add(mul(y, perChannel('groupNorm', 'weight', weight, x)), perChannel('groupNorm', 'bias', bias, x))
}

/** One number per channel, as it broadcasts to x: [c] -> [c, 1, ...]. */
export const perChannel = (op: string, name: string, values: Tensor, x: Tensor): Tensor => {
  if (values.rank !== 1 || values.shape[0] !== x.shape[1]) {
    throw new ShapeError({
      op,
      expected: `${name} must have one number per channel (axis 1).`,
      received: `${name} ${printAval(values.aval)}, x ${printAval(x.aval)}`,
      todo: 'give it shape [c]',
    })
  }
  return reshape(values, [values.size, ...x.shape.slice(2).map(() => 1)])
}
