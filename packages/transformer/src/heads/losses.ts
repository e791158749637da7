/* The losses that transformers' heads compute from their logits. Axes: batch, seq, labels, vocab. */
import { printAval, reshape, ShapeError, sameShape, type Tensor } from '@cotangent/core'
import { binaryCrossEntropyWithLogits, crossEntropy, meanSquaredError, type RowOptions } from '@cotangent/nn'
import { type LabelFields, problemTypeOf } from '../config/labels.js'

/**
 * The loss of a classification head, by the configuration's problem type: cross-entropy of classes, mean squared error
 * of numbers, or binary cross-entropy of several labels at once.
 *
 * @param logits [batch, labels]
 * @param labels classes [batch] i32 (-100 is ignored); numbers [batch] or [batch, labels]; several [batch, labels]
 * @param options mask: which rows count, [batch]
 * @returns scalar []
 * @throws ShapeError, DTypeError
 * @example classificationLoss(config, bertClassify(config, params, inputs).logits, labels)
 */
export const classificationLoss = (
  config: LabelFields,
  logits: Tensor,
  labels: Tensor,
  options: RowOptions = {},
): Tensor => {
  switch (problemTypeOf(config)) {
    case 'single_label_classification':
      return crossEntropy(logits, labels, options)
    case 'multi_label_classification':
      return binaryCrossEntropyWithLogits(logits, labels, options)
    case 'regression':
      return meanSquaredError(logits, labels.rank === 1 ? reshape(labels, [labels.size, 1]) : labels, options)
  }
}

/**
 * The loss of masked words: mean cross-entropy over the positions whose label is not -100, in nats.
 *
 * @param logits [batch, seq, vocab] with labels [batch, seq], or [n, vocab] with labels [n]
 * @param labels i32
 * @returns scalar []
 * @throws ShapeError, DTypeError
 * @example maskedWordsLoss(bertMaskedWords(config, params, inputs).logits, labels)
 */
export const maskedWordsLoss = (logits: Tensor, labels: Tensor): Tensor => {
  if (!sameShape(logits.shape.slice(0, -1), labels.shape)) {
    throw new ShapeError({
      op: 'maskedWordsLoss',
      expected: 'there must be one label per row of logits.',
      received: `logits ${printAval(logits.aval)}, labels ${printAval(labels.aval)}`,
      todo: 'give the labels of the positions that were asked for',
    })
  }
  return crossEntropy(reshape(logits, [labels.size, logits.shape.at(-1) ?? 0]), reshape(labels, [labels.size]))
}
