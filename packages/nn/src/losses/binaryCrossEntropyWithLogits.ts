import { add, mul, neg, printAval, ShapeError, softplus, sub, type Tensor } from '@cotangent/core'
import { checkPair } from './checkPair.js'
import { type LossOptions, reduceTerms } from './reduction.js'

/** What counts, and how much. */
export interface BinaryCrossEntropyOptions extends LossOptions {
  /** Factor of the terms with target 1, one per class: broadcasts to the logits. Above 1 it makes up for rare ones. */
  readonly posWeight?: Tensor
  /** Factor of every term: broadcasts to the logits. The mean still divides by how many terms there are. */
  readonly weight?: Tensor
}

/**
 * Mean binary cross-entropy between σ(logits) and targets, over all entries of the rows that count, in nats.
 *
 * L = mean(softplus(x) − x·t) = mean(−t log σ(x) − (1 − t) log(1 − σ(x)))
 *
 * With posWeight p, and weight w: L = mean(w (p·t·softplus(−x) + (1 − t) softplus(x))).
 *
 * @param logits x, [n, ...s]
 * @param targets t, of the same shape, in [0, 1]
 * @returns scalar []; 0 where no row counts. [n, ...s] with reduction none
 * @throws ShapeError unless the shapes are equal, and weights broadcast to them
 * @see torch.nn.functional.binary_cross_entropy_with_logits; optax.sigmoid_binary_cross_entropy
 * @example binaryCrossEntropyWithLogits(array([[0]]), array([[1]])) // => Math.log(2)
 */
export const binaryCrossEntropyWithLogits = (
  logits: Tensor,
  targets: Tensor,
  options: BinaryCrossEntropyOptions = {},
): Tensor => {
  const { posWeight, weight } = options
  checkPair('binaryCrossEntropyWithLogits', logits, targets)
  checkWeights('posWeight', posWeight, logits)
  checkWeights('weight', weight, logits)
  const terms =
    posWeight === undefined
      ? sub(softplus(logits), mul(logits, targets))
      : add(mul(mul(targets, posWeight), softplus(neg(logits))), mul(sub(1, targets), softplus(logits)))
  return reduceTerms('binaryCrossEntropyWithLogits', weight === undefined ? terms : mul(terms, weight), options)
}

const checkWeights = (name: string, weights: Tensor | undefined, logits: Tensor): void => {
  if (weights === undefined) return
  const behind = logits.shape.slice(logits.rank - weights.rank)
  if (weights.rank <= logits.rank && weights.shape.every((n, axis) => n === 1 || n === behind[axis])) return
  throw new ShapeError({
    op: 'binaryCrossEntropyWithLogits',
    expected: `${name} must broadcast to the logits.`,
    received: `${name} ${printAval(weights.aval)}, logits ${printAval(logits.aval)}`,
    todo: 'give one weight per class, or reshape [n] to [n, 1]',
  })
}
