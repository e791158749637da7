/* Axes: batch, seq, vocab. A language model's positions as rows, as the losses want them: n = batch · seq, d = vocab. */
import { cast, logicalAnd, notEqual, printAval, reshape, ShapeError, sameShape, type Tensor } from '@cotangent/core'
import { nextTokenLabels } from '@cotangent/nn'
import type { NluInput } from './nlu.js'

/** What the language-model form of the objective looks at. */
export type NlgInput = {
  /** Logits of the model that is trained, [batch, seq, vocab]. */
  readonly student: Tensor
  /** Logits of the original model, [batch, seq, vocab]. */
  readonly teacher: Tensor
  /** i32 [batch, seq], not shifted: the tokens that went in, -100 on padding and on prompts. */
  readonly labels: Tensor
  /** Which positions' logits count, of those with a label: [batch, seq], bool, or 0 and 1; `null` for all. */
  readonly mask: Tensor | null
  /** u32[2], for this step alone: for the random subspace of the spectral term. `null` where it is exact. */
  readonly key: Tensor | null
}

/** A language model's positions as rows: the label of a row is what it is to predict, and the mask says which count. */
export type PositionRows = NluInput & { readonly mask: Tensor; readonly key: Tensor | null }

/**
 * Which logits the regularisers see. `aligned`: those that predict a label that counts, as the task loss does. `paper`:
 * those at positions whose own label counts, which is one position later, as in the published code.
 */
export type LabelVariant = 'aligned' | 'paper'

const ignored = -100

/**
 * Positions as rows, with the mask of those that count. Nothing is cut off, so the number of rows does not depend on the
 * labels: n = batch · seq.
 *
 * @throws ShapeError unless student and teacher are [batch, seq, vocab] and labels and mask [batch, seq]
 * @example
 * const logits = zeros([1, 3, 5])
 * const input: NlgInput = { student: logits, teacher: logits, labels: array([[-100, 7, 8]], 'i32'), mask: null, key: null }
 * const { labels, mask } = positionRows('aligned')(input)
 * const seen = [labels, mask].map((x) => x?.toArray())
 * seen // => [[7, 8, -100], [true, true, false]]
 */
export const positionRows =
  (variant: LabelVariant) =>
  ({ student, teacher, labels, mask, key }: NlgInput): PositionRows => {
    checkPositions(student, teacher, labels, mask)
    const n = labels.size
    const flat = (logits: Tensor): Tensor => reshape(logits, [n, logits.shape[2] ?? 0])
    const next = nextTokenLabels(labels)
    const labelled = notEqual(variant === 'aligned' ? next : labels, ignored)
    const counts =
      mask === null ? labelled : logicalAnd(labelled, mask.dtype === 'bool' ? mask : cast(notEqual(mask, 0), 'bool'))
    return {
      student: flat(student),
      teacher: flat(teacher),
      labels: reshape(next, [n]),
      mask: reshape(counts, [n]),
      key,
    }
  }

const checkPositions = (student: Tensor, teacher: Tensor, labels: Tensor, mask: Tensor | null): void => {
  const fits =
    student.rank === 3 &&
    sameShape(student.shape, teacher.shape) &&
    sameShape(labels.shape, student.shape.slice(0, 2)) &&
    (mask === null || sameShape(mask.shape, labels.shape))
  if (fits) return
  const received = Object.entries({ student, teacher, labels, ...(mask === null ? {} : { mask }) })
  throw new ShapeError({
    op: 'positionRows',
    expected: 'student and teacher must be [batch, seq, vocab], labels and mask [batch, seq].',
    received: received.map(([name, x]) => `${name} ${printAval(x.aval)}`).join(', '),
    todo: 'give the logits of all positions, and labels that are not shifted',
  })
}
