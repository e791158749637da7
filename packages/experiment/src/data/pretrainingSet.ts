import { labelNoise } from './labelNoise.js'
import { longTail } from './longTail.js'
import { type Mail, type MailLabel, mailLabels } from './mail.js'
import type { Random } from './random.js'

/** The known faults of pre-training, the catastrophe that a model inherits from it. */
export interface PretrainingFaults {
  /** Share of labels that are wrong, in [0, 1]. */
  readonly noise: number
  /** Size of the largest class over that of the smallest, at least 1; undefined leaves the natural counts. */
  readonly imbalance: number | undefined
  /** Whether hard ham is left out. */
  readonly withoutHardHam: boolean
}

/** No fault: the pre-training that faulty pre-training is compared with. */
export const noFaults: PretrainingFaults = { noise: 0, imbalance: undefined, withoutHardHam: false }

/** The mails of a pre-training, with the labels it sees. */
export interface PretrainingSet {
  /** Places in the mails given, ascending. */
  readonly places: readonly number[]
  /** The label to train on, one per place; some are wrong. */
  readonly labels: readonly MailLabel[]
  /** Which of `places` have a wrong label: indices into it. */
  readonly changed: readonly number[]
}

/**
 * What the model is pre-trained on: the mails without hard ham, cut to a long tail, some labels made wrong, in this
 * order, so that the rate of noise holds for what is left.
 *
 * @throws RangeError if noise or imbalance is out of range
 */
export const pretrainingSet = (
  mails: readonly Pick<Mail, 'label' | 'group'>[],
  { noise, imbalance, withoutHardHam }: PretrainingFaults,
  random: Random,
): PretrainingSet => {
  const allowed = [...mails.keys()].filter((i) => !(withoutHardHam && mails[i]?.group === 'hard-ham'))
  const labelsAt = (places: readonly number[]): readonly MailLabel[] => places.flatMap((i) => mails[i]?.label ?? [])
  const places =
    imbalance === undefined ? allowed : longTail(labelsAt(allowed), imbalance, random).flatMap((i) => allowed[i] ?? [])
  const noisy = labelNoise(labelsAt(places), mailLabels, noise, random)
  return { places, labels: noisy.labels, changed: noisy.changed }
}
