import { ArgumentError, clip, div, mul, sub, type Tensor } from '@cotangent/core'
import { checkPair } from './checkPair.js'
import { meanAbsoluteError } from './meanAbsoluteError.js'
import { type LossOptions, reduceTerms } from './reduction.js'

/** Where the parabola ends. */
export interface HuberOptions extends LossOptions {
  /** Errors up to δ are squared, larger ones count linearly; 1 unless given. */
  readonly delta?: number
}

/**
 * Mean Huber loss of the errors e = prediction − target: a parabola near 0, lines of slope ±δ outside.
 *
 * h(e) = e²/2 where |e| ≤ δ, else δ (|e| − δ/2)
 *
 * @param prediction [n, ...s]
 * @param target [n, ...s]
 * @returns scalar []; 0 where no row counts. [n, ...s] with reduction none
 * @throws ShapeError unless the shapes are equal; ArgumentError unless δ is above 0
 * @see torch.nn.functional.huber_loss; optax.huber_loss
 * @example huberLoss(array([0.5, 3]), array([0, 0]), { reduction: 'none' }) // => [0.125, 2.5]
 */
export const huberLoss = (prediction: Tensor, target: Tensor, options: HuberOptions = {}): Tensor => {
  const { delta = 1 } = options
  checkPair('huberLoss', prediction, target)
  checkEdge('huberLoss', 'delta', delta)
  return reduceTerms('huberLoss', huber(sub(prediction, target), delta), options)
}

/** Where the parabola ends. */
export interface SmoothL1Options extends LossOptions {
  /** Errors up to β are squared, larger ones count linearly; 1 unless given, 0 for none. */
  readonly beta?: number
}

/**
 * Mean smooth absolute error: the Huber loss divided by β, so that the lines have slope ±1 whatever β is.
 *
 * h(e) = e²/(2β) where |e| ≤ β, else |e| − β/2
 *
 * @param prediction [n, ...s]
 * @param target [n, ...s]
 * @returns scalar []; 0 where no row counts. [n, ...s] with reduction none
 * @throws ShapeError unless the shapes are equal; ArgumentError for a negative β
 * @see torch.nn.functional.smooth_l1_loss
 * @example smoothL1Loss(array([0.25, 3]), array([0, 0]), { beta: 0.5, reduction: 'none' }) // => [0.0625, 2.75]
 */
export const smoothL1Loss = (prediction: Tensor, target: Tensor, options: SmoothL1Options = {}): Tensor => {
  const { beta = 1 } = options
  if (beta === 0) return meanAbsoluteError(prediction, target, options)
  checkPair('smoothL1Loss', prediction, target)
  checkEdge('smoothL1Loss', 'beta', beta)
  return reduceTerms('smoothL1Loss', div(huber(sub(prediction, target), beta), beta), options)
}

/** c (e − c/2), c = e clipped to [−δ, δ]: no square of a large error, and no choice between branches. */
const huber = (error: Tensor, delta: number): Tensor => {
  const clipped = clip(error, -delta, delta)
  return mul(clipped, sub(error, mul(clipped, 0.5)))
}

const checkEdge = (op: string, name: string, edge: number): void => {
  if (edge > 0 && Number.isFinite(edge)) return
  throw new ArgumentError({
    op,
    expected: `${name} must be a number above 0.`,
    received: `${name} ${edge}`,
    todo: 'give the error from which on the loss is linear',
  })
}
