import { below, type Random, shuffled } from './random.js'

/** Labels some of which are wrong. */
export interface NoisyLabels<Label> {
  readonly labels: readonly Label[]
  /** Places whose label was changed, ascending. */
  readonly changed: readonly number[]
}

/**
 * Uniform label noise: a share of the labels, chosen at random, is replaced, each by one of the other classes with
 * equal probability.
 *
 * Exactly round(rate · n) labels change, so that the rate asked for is the rate there is.
 *
 * @param rate share of labels to change, in [0, 1]
 * @param classes all classes, at least 2 where rate is above 0
 * @throws RangeError if rate is outside [0, 1] or there is no other class
 * @example labelNoise(['a', 'a', 'b', 'b'], ['a', 'b'], 0.5, () => 0.5).changed.length // => 2
 */
export const labelNoise = <Label>(
  labels: readonly Label[],
  classes: readonly Label[],
  rate: number,
  random: Random,
): NoisyLabels<Label> => {
  if (!(rate >= 0 && rate <= 1))
    throw new RangeError(
      `labelNoise: rate must be a number from 0 to 1.\n  received  ${rate}\n` +
        '  to do     give the share of labels to make wrong, 0.2 for one in five',
    )
  const count = Math.round(rate * labels.length)
  if (count > 0 && new Set(classes).size < 2)
    throw new RangeError(
      'labelNoise: there must be two classes at least, so that a label can become another.\n' +
        `  received  ${classes.join(', ')}\n  to do     name all classes, or take a rate of 0`,
    )
  const changed = shuffled([...labels.keys()], random)
    .slice(0, count)
    .sort((a, b) => a - b)
  const noisy = [...labels]
  for (const i of changed) {
    const others = classes.filter((label) => label !== labels[i])
    const other = others[below(others.length, random)]
    if (other !== undefined) noisy[i] = other
  }
  return { labels: noisy, changed }
}
