import { checkLengths } from './check.js'
import { logSoftmax } from './softmax.js'

/** Mean negative log likelihood in nats, and its exponential. */
export interface Perplexity {
  readonly meanNll: number
  readonly perplexity: number
  /** Positions that were counted. */
  readonly tokens: number
}

/**
 * Perplexity of labels under logits: exp of the mean negative log likelihood over the positions not ignored.
 *
 * @param logits [positions][vocabulary]
 * @param labels [positions]; `ignore` leaves a position out
 * @throws RangeError if lengths differ, or a label is outside the vocabulary
 * @example perplexity([[0, 0, 0, 0]], [2]).perplexity // => 4
 */
export const perplexity = (
  logits: readonly ArrayLike<number>[],
  labels: ArrayLike<number>,
  ignore = -100,
): Perplexity => {
  checkLengths('perplexity', { logits, labels })
  let nll = 0
  let tokens = 0
  logits.forEach((row, i) => {
    const label = labels[i] ?? ignore
    if (label === ignore) return
    const logProbability = logSoftmax(row)[label]
    if (logProbability === undefined) {
      throw new RangeError(
        `perplexity: a label must be a position of its logits row.\n` +
          `  received  labels[${i}] = ${label}, logits[${i}] [${row.length}]\n` +
          `  to do     use ${ignore} for positions that do not count`,
      )
    }
    nll -= logProbability
    tokens++
  })
  const meanNll = nll / tokens
  return { meanNll, perplexity: Math.exp(meanNll), tokens }
}
