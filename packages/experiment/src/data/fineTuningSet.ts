import type { Mail, MailLabel } from './mail.js'
import type { Random } from './random.js'
import { stratumOf } from './splitMails.js'
import { apportion, shuffledStrata } from './stratify.js'

/** How many mails are drawn, and of which classes. */
export interface FineTuningOptions {
  /** Mails to draw. */
  readonly size: number
  /** Classes as frequent as they are in the pool, or all the same. */
  readonly classes: 'natural' | 'balanced'
}

/**
 * Draws a small clean set from the pool, without replacement: in every class the natural share of hard ham, which is
 * the share that the class has of it in the pool.
 *
 * Where a class has too few mails for an equal share, all of them are taken and the others share the rest.
 *
 * @returns places in the pool, ascending
 * @throws RangeError if size is not a whole number from 0 to the size of the pool
 */
export const fineTuningSet = (
  pool: readonly Pick<Mail, 'label' | 'group'>[],
  { size, classes }: FineTuningOptions,
  random: Random,
): readonly number[] => {
  if (!Number.isInteger(size) || size < 0 || size > pool.length)
    throw new RangeError(
      `fineTuningSet: size must be a whole number of at most ${pool.length}, the mails in the pool.\n  received  ${size}\n` +
        '  to do     draw fewer mails, or from a larger pool',
    )
  const strata = shuffledStrata(pool.map(stratumOf), random)
  const sizeOf = new Map<MailLabel, number>()
  for (const { label } of pool) sizeOf.set(label, (sizeOf.get(label) ?? 0) + 1)
  const perLabel = classes === 'balanced' ? equalShares(size, sizeOf) : naturalShares(size, sizeOf)
  return [...perLabel]
    .flatMap(([label, count]) => {
      const within = [label, stratumOf({ label, group: 'hard-ham' })].map((name) => strata.get(name) ?? [])
      const counts = apportion(
        count,
        within.map((places) => places.length),
      )
      return within.flatMap((places, i) => places.slice(0, counts[i]))
    })
    .sort((a, b) => a - b)
}

const naturalShares = (total: number, sizeOf: ReadonlyMap<MailLabel, number>): ReadonlyMap<MailLabel, number> => {
  const shares = apportion(total, [...sizeOf.values()])
  return new Map([...sizeOf.keys()].map((label, i) => [label, shares[i] ?? 0]))
}

/** Equal shares, capped by what there is: the smallest classes first, what they lack is shared by the rest. */
const equalShares = (total: number, sizeOf: ReadonlyMap<MailLabel, number>): ReadonlyMap<MailLabel, number> => {
  const rising = [...sizeOf].sort((a, b) => a[1] - b[1])
  const shares = new Map<MailLabel, number>()
  let left = total
  rising.forEach(([label, available], i) => {
    const share = Math.min(available, Math.floor(left / (rising.length - i)))
    shares.set(label, share)
    left -= share
  })
  return shares
}
