import {
  epochOrder,
  type FineTuningBatch,
  labelBatch,
  rowsOf,
  type StudySettings,
  streamOf,
  tokenBatch,
} from '@cotangent/experiment'
import type { LabMails } from '../labFile.js'

/**
 * The batch of any step: every epoch in a random order of its own, so that a step is the same whichever came before.
 *
 * @param mails on the host
 */
export const batchesOf = (
  mails: LabMails,
  { seed, fineTuning, model }: StudySettings,
): ((step: number) => FineTuningBatch) => {
  const [rows = 0, classes = 0] = mails.teacher.shape
  const tokens = {
    rows,
    length: model.length,
    inputIds: Int32Array.from(mails.inputIds.data),
    attentionMask: Int32Array.from(mails.attentionMask.data),
    truncated: 0,
  }
  const labels = Int32Array.from(mails.labels.data)
  const teacher = Float32Array.from(mails.teacher.data)
  const perEpoch = Math.ceil(rows / fineTuning.batch)
  const orderOf = (epoch: number) => epochOrder(rows, fineTuning.batch, 1, streamOf(seed, 'lab', 'order', epoch))
  let current = { epoch: 0, order: orderOf(0) }
  return (step) => {
    const epoch = Math.floor(step / perEpoch)
    if (epoch !== current.epoch) current = { epoch, order: orderOf(epoch) }
    const chosen = current.order[step % perEpoch] ?? []
    return { ...tokenBatch(tokens, chosen), ...labelBatch(labels, chosen), teacher: rowsOf(teacher, classes, chosen) }
  }
}
