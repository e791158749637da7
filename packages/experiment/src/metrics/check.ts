/**
 * Refuses arrays of different lengths, naming each with its length.
 *
 * @throws RangeError
 */
export const checkLengths = (where: string, arrays: Readonly<Record<string, ArrayLike<unknown>>>): void => {
  const lengths = Object.entries(arrays).map(([name, array]) => [name, array.length] as const)
  if (new Set(lengths.map(([, length]) => length)).size > 1) {
    throw new RangeError(
      `${where}: all arrays must have one entry for each row.\n` +
        `  received  ${lengths.map(([name, length]) => `${name} [${length}]`).join(', ')}\n` +
        '  to do     pass arrays made from the same rows, in the same order',
    )
  }
}

/**
 * The largest class in `labels`, -1 when there is none.
 *
 * @throws RangeError naming the first entry that is not an integer from 0
 */
export const checkLabels = (name: string, labels: ArrayLike<number>): number => {
  let largest = -1
  for (let i = 0; i < labels.length; i++) {
    const label = labels[i] ?? -1
    if (!Number.isInteger(label) || label < 0) {
      throw new RangeError(
        `${name}: a class must be an integer from 0.\n  received  ${name}[${i}] = ${label}\n` +
          '  to do     drop rows without a label before measuring',
      )
    }
    if (label > largest) largest = label
  }
  return largest
}
