/* Axes: n (examples), c (channels), s (positions: length, or rows and columns). */
import { add, mean, mul, printAval, rsqrt, ShapeError, sub, type Tensor, variance } from '@cotangent/core'
import { type GroupNormParams, perChannel } from './groupNorm.js'

/** Mean and variance of each channel, [c], as training has seen them. Zeros and ones to begin with. */
export type BatchStatistics = {
  readonly mean: Tensor
  readonly variance: Tensor
}

/** What batch norm is to do. */
export interface BatchNormOptions {
  /** Normalise with what this batch has, and take it into the statistics; else with the statistics. */
  readonly training: boolean
  /** Added to the variance; 1e-5 unless given. */
  readonly eps?: number
  /** Share of this batch in the new statistics; 0.1 unless given. */
  readonly momentum?: number
}

/** What batch norm gives. */
export interface BatchNormResult {
  /** [n, c, ...s] */
  readonly y: Tensor
  /** For the next call: the given ones, unless training. */
  readonly statistics: BatchStatistics
}

/**
 * y = (x − mean) / sqrt(variance + eps) · weight + bias, with mean and variance of each channel over examples and
 * positions. Statistics go in and come out; nothing is kept between calls.
 *
 * new = (1 − momentum)·old + momentum·(mean of the batch, or its variance · count/(count − 1))
 *
 * In training an example's y depends on the others of its batch: map over batches, not over examples.
 *
 * @param x [n, c, ...s]
 * @param statistics what earlier batches had
 * @throws ShapeError for other parameters or statistics than [c]; in training, for channels of less than two numbers
 * @see arXiv 1502.03167; torch.nn.functional.batch_norm
 * @example
 * const one = { weight: array([1]), bias: array([0]) }
 * const seen = { mean: array([0]), variance: array([1]) }
 * batchNorm(one, seen, array([[1], [3]]), { training: true, eps: 0 }).y // => [[-1], [1]]
 * batchNorm(one, seen, array([[1], [3]]), { training: true, momentum: 0.5 }).statistics.mean // => [1]
 * batchNorm(one, seen, array([[1], [3]]), { training: false, eps: 0 }).y // => [[1], [3]]
 */
export const batchNorm = (
  { weight, bias }: GroupNormParams,
  statistics: BatchStatistics,
  x: Tensor,
  options: BatchNormOptions,
): BatchNormResult => {
  checkBatch(x, options.training)
  const { mean: middle, variance: spread } = options.training ? statisticsOf(x) : statistics
  const of = (name: string, values: Tensor): Tensor => perChannel('batchNorm', name, values, x)
  const r = rsqrt(add(of('variance', spread), options.eps ?? 1e-5))
  const y = mul(sub(x, of('mean', middle)), r)
  return {
    y: add(mul(y, of('weight', weight)), of('bias', bias)),
    statistics: options.training ? moved(statistics, { mean: middle, variance: spread }, x, options) : statistics,
  }
}

/** What this batch has: [n, c, ...s] -> [c]. */
const statisticsOf = (x: Tensor): BatchStatistics => {
  const axes = x.shape.flatMap((_, axis) => (axis === 1 ? [] : [axis]))
  return { mean: mean(x, axes), variance: variance(x, axes) }
}

const countOf = (x: Tensor): number => x.size / (x.shape[1] ?? 1)

const moved = (
  old: BatchStatistics,
  batch: BatchStatistics,
  x: Tensor,
  { momentum = 0.1 }: BatchNormOptions,
): BatchStatistics => {
  const towards = (name: string, before: Tensor, now: Tensor, factor: number): Tensor => {
    perChannel('batchNorm', name, before, x)
    return add(mul(before, 1 - momentum), mul(now, factor * momentum))
  }
  return {
    mean: towards('mean', old.mean, batch.mean, 1),
    variance: towards('variance', old.variance, batch.variance, countOf(x) / (countOf(x) - 1)),
  }
}

const checkBatch = (x: Tensor, training: boolean): void => {
  const received = `x ${printAval(x.aval)}`
  if (x.rank < 2) {
    throw new ShapeError({
      op: 'batchNorm',
      expected: 'x must be [n, c, ...s].',
      received,
      todo: 'channels are axis 1; reshape(x, [n, c])',
    })
  }
  if (training && !(countOf(x) >= 2)) {
    throw new ShapeError({
      op: 'batchNorm',
      expected: 'in training each channel must have two numbers or more: one has no variance.',
      received,
      todo: 'take a larger batch, or layerNorm or groupNorm, which do not need one',
    })
  }
}
