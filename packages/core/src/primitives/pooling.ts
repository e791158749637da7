/* Pooling: the largest, or the mean, of the elements under a window that moves over the spatial axes. */
import { printAval, range, type Shape } from '../aval.js'
import { ShapeError } from '../errors.js'
import type { Tensor } from '../tensor.js'
import { div } from './arithmetic.js'
import { full, ones } from './broadcast.js'
import { greater, where } from './choice.js'
import { perAxis } from './convolution.js'
import { checkKind } from './elementwise.js'
import { max, sum } from './reduction.js'
import { pad, slice, stack } from './sequence.js'

/** How the window moves; a number stands for all spatial axes. */
export interface PoolOptions {
  /** Steps of the window; its own lengths by default, so that windows lie side by side. */
  readonly strides?: number | readonly number[]
  /** Places added on both sides of each axis, at most half of the window; 0 by default. */
  readonly padding?: number | readonly number[]
}

interface Windows {
  readonly window: readonly number[]
  readonly strides: readonly number[]
  readonly padding: readonly number[]
}

const windowsOf = (op: string, x: Tensor, window: number | readonly number[], options: PoolOptions): Windows => {
  checkKind(op, 'floating', x)
  const lengths = x.shape.slice(2)
  const lengthsOf = perAxis(op, 'window', window, lengths, 1)
  const padding = perAxis(
    op,
    'padding',
    options.padding,
    lengths.map(() => 0),
    0,
  )
  const fits = (n: number, i: number): boolean => n + 2 * (padding[i] ?? 0) >= (lengthsOf[i] ?? 1)
  if (x.rank < 3 || !lengths.every(fits) || padding.some((n, i) => 2 * n > (lengthsOf[i] ?? 1))) {
    throw new ShapeError({
      op,
      expected:
        'x must be [n, channels, ...lengths]; the window must fit into them, and padding be at most half of it.',
      received: `x ${printAval(x.aval)}, window [${lengthsOf.join(',')}], padding [${padding.join(',')}]`,
      todo: 'choose a smaller window or padding',
    })
  }
  return { window: lengthsOf, strides: perAxis(op, 'strides', options.strides, lengthsOf, 1), padding }
}

const around = (x: Tensor, padding: readonly number[]): Tensor => pad(x, [0, 0, ...padding], [0, 0, ...padding])

/** For each place of the window the elements that lie there: [places of the window, n, channels, ...places]. */
const taps = (x: Tensor, { window, strides }: Windows): Tensor => {
  const places: readonly (readonly number[])[] = window.reduce<readonly (readonly number[])[]>(
    (all, length) => all.flatMap((place) => range(length).map((i) => [...place, i])),
    [[]],
  )
  const lengths: Shape = x.shape.slice(2)
  const counts = lengths.map((n, i) => Math.floor((n - (window[i] ?? 1)) / (strides[i] ?? 1)) + 1)
  return stack(
    places.map((place) =>
      slice(
        x,
        [0, 0, ...place],
        [
          x.shape[0] ?? 0,
          x.shape[1] ?? 0,
          ...place.map((from, i) => from + ((counts[i] ?? 1) - 1) * (strides[i] ?? 1) + 1),
        ],
        [1, 1, ...strides],
      ),
    ),
  )
}

/**
 * The largest element under each place of a window. A tie shares the derivative evenly.
 *
 * @param x [n, channels, ...lengths]
 * @param window lengths of the window, or one for all spatial axes
 * @returns [n, channels, ...places], places = floor((length + 2 padding - window) / stride) + 1
 * @throws ShapeError, DTypeError, ArgumentError
 * @see PyTorch's max_pool1d, max_pool2d (there the first of a tie takes the derivative)
 * @example maxPool(array([[[1, 5, 2, 4]]]), 2) // => [[[5, 4]]]
 */
export const maxPool = (x: Tensor, window: number | readonly number[], options: PoolOptions = {}): Tensor => {
  const windows = windowsOf('maxPool', x, window, options)
  const inside = around(ones(x.shape, x.dtype), windows.padding)
  const padded = around(x, windows.padding)
  const none = windows.padding.every((n) => n === 0)
  const bounded = none
    ? padded
    : where(greater(inside, 0), padded, full(padded.shape, Number.NEGATIVE_INFINITY, x.dtype))
  return max(taps(bounded, windows), 0)
}

/**
 * The mean of the elements under each place of a window; those of the padding count as zeros.
 *
 * @param x [n, channels, ...lengths]
 * @param window lengths of the window, or one for all spatial axes
 * @returns [n, channels, ...places]
 * @throws ShapeError, DTypeError, ArgumentError
 * @see PyTorch's avg_pool1d, avg_pool2d
 * @example avgPool(array([[[1, 5, 2, 4]]]), 2) // => [[[3, 3]]]
 */
export const avgPool = (x: Tensor, window: number | readonly number[], options: PoolOptions = {}): Tensor => {
  const windows = windowsOf('avgPool', x, window, options)
  const total = sum(taps(around(x, windows.padding), windows), 0)
  return div(
    total,
    windows.window.reduce((n, length) => n * length, 1),
  )
}
