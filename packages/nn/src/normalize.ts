import {
  ArgumentError,
  abs,
  div,
  less,
  max,
  mul,
  sqrt,
  square,
  stopGradient,
  sum,
  type Tensor,
  where,
} from '@cotangent/core'

/** Of what the length is taken, and its least. */
export interface NormalizeOptions {
  /** The last unless given. */
  readonly axis?: number
  /** The least that is divided by, above 0; 1e-12 unless given. */
  readonly eps?: number
}

/**
 * x / max(‖x‖, eps) along an axis: vectors of length 1. No square overflows or vanishes, so lengths from eps to the
 * largest number do; a shorter vector is divided by eps, so that zeros stay 0.
 *
 * @param x floating, any shape with the axis
 * @returns of the same shape
 * @throws AxisError; ArgumentError unless eps is above 0
 * @see torch.nn.functional.normalize
 * @example normalize(array([[3, 4], [0, 0]])) // => [[0.6, 0.8], [0, 0]]
 */
export const normalize = (x: Tensor, { axis = -1, eps = 1e-12 }: NormalizeOptions = {}): Tensor => {
  if (!(eps > 0)) {
    throw new ArgumentError({
      op: 'normalize',
      expected: 'eps must be above 0.',
      received: `eps ${eps}`,
      todo: 'leave it out for 1e-12',
    })
  }
  const squares = (f: Tensor): Tensor => sum(square(f), axis, { keepDims: true })
  const fixed = stopGradient(x)
  const largest = max(abs(fixed), axis, { keepDims: true })
  const scale = where(less(0, largest), largest, 1)
  const short = less(mul(scale, sqrt(squares(div(fixed, scale)))), eps)
  // x / (c ‖x / c‖) is the same for every c: so c, the largest magnitude, is a constant for the derivative
  const f = div(x, where(short, 1, scale))
  return where(short, div(x, eps), div(f, sqrt(where(short, 1, squares(f)))))
}
