/* Axes: batch, seq, vocab. */
import { concat, full, printAval, reshape, ShapeError, sameShape, slice, type Tensor } from '@cotangent/core'
import { crossEntropy } from './crossEntropy.js'

/** The label of positions that do not count, as in transformers. */
const ignored = -100

/**
 * What each position is to predict: the label of the position after it, and nothing (-100) at the last one.
 *
 * @param labels [batch, seq] i32: the tokens themselves, -100 where they do not count
 * @returns [batch, seq] i32
 * @throws ShapeError unless labels have two axes
 * @example nextTokenLabels(array([[5, 6, 7]], 'i32')) // => [[6, 7, -100]]
 */
export const nextTokenLabels = (labels: Tensor): Tensor => {
  const [batch = 0, seq = 0] = labels.shape
  if (labels.rank !== 2 || seq === 0) {
    throw new ShapeError({
      op: 'nextTokenLabels',
      expected: 'labels must be [batch, seq] with at least one position.',
      received: `labels ${printAval(labels.aval)}`,
      todo: 'give one row of labels per text',
    })
  }
  return concat([slice(labels, [0, 1], [batch, seq]), full([batch, 1], ignored, labels.dtype)], 1)
}

/**
 * The loss of a model that predicts the next token: mean cross-entropy of the logits at each position with the label of
 * the position after it, over labels that are not -100, in nats.
 *
 * L = mean over (b, i) with label[b, i + 1] ≠ -100 of −log softmax(logits[b, i])[label[b, i + 1]]
 *
 * @param logits [batch, seq, vocab]
 * @param labels [batch, seq] i32, not shifted: the tokens that went in, -100 on padding and on prompts
 * @returns scalar []; 0 where no label counts
 * @throws ShapeError, DTypeError
 * @example nextTokenLoss(array([[[0, 0], [9, 0]]]), array([[0, 1]], 'i32')) // => Math.log(2)
 */
export const nextTokenLoss = (logits: Tensor, labels: Tensor): Tensor => {
  if (!sameShape(logits.shape.slice(0, -1), labels.shape)) {
    throw new ShapeError({
      op: 'nextTokenLoss',
      expected: 'logits must be [batch, seq, vocab] and labels [batch, seq].',
      received: `logits ${printAval(logits.aval)}, labels ${printAval(labels.aval)}`,
      todo: 'give the labels of all positions, not shifted',
    })
  }
  return crossEntropy(
    reshape(logits, [labels.size, logits.shape.at(-1) ?? 0]),
    reshape(nextTokenLabels(labels), [labels.size]),
  )
}
