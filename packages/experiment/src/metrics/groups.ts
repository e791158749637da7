import { checkLengths } from './check.js'

/** Accuracy on the rows of one group. */
export interface GroupAccuracy {
  /** Share answered right; NaN when the group is empty. */
  readonly accuracy: number
  /** Rows in the group. */
  readonly count: number
}

/**
 * Accuracy in each group of rows, for example ham, spam and hard ham.
 *
 * @param truth [n] @param predicted [n]
 * @param group number of each row's group, [n]; integers from 0
 * @param groups how many groups there are
 * @throws RangeError if lengths differ or a row's group is not among them
 * @example groupAccuracy([0, 1, 1], [0, 1, 0], [0, 1, 1], 2) // => [{ accuracy: 1, count: 1 }, { accuracy: 0.5, count: 2 }]
 */
export const groupAccuracy = (
  truth: ArrayLike<number>,
  predicted: ArrayLike<number>,
  group: ArrayLike<number>,
  groups: number,
): readonly GroupAccuracy[] => {
  checkLengths('groupAccuracy', { truth, predicted, group })
  const count = new Float64Array(groups)
  const right = new Float64Array(groups)
  for (let i = 0; i < truth.length; i++) {
    const g = group[i] ?? -1
    if (!Number.isInteger(g) || g < 0 || g >= groups) {
      throw new RangeError(
        `groupAccuracy: a group must be an integer from 0 to ${groups - 1}.\n  received  group[${i}] = ${g}\n` +
          '  to do     number the groups from 0 and pass how many there are',
      )
    }
    count[g] = (count[g] ?? 0) + 1
    right[g] = (right[g] ?? 0) + (truth[i] === predicted[i] ? 1 : 0)
  }
  return Array.from(count, (rows, g) => ({ accuracy: (right[g] ?? 0) / rows, count: rows }))
}
