import { hashText } from '@cotangent/core'
import { shuffled } from '../data/index.js'
import { type RandomStream, randomStream } from '../statistics/index.js'

/**
 * A seed that depends on every part of a name, so that no two uses of a study's seed share their random numbers.
 *
 * @example seedOf(0, 'order', 3) !== seedOf(0, 'order', 4) // => true
 */
export const seedOf = (...parts: readonly (string | number)[]): number =>
  Number.parseInt(hashText(parts.join('\n')).slice(0, 8), 16)

/** A stream of random numbers for a named use. */
export const streamOf = (...parts: readonly (string | number)[]): RandomStream => randomStream(seedOf(...parts))

/**
 * Rows of each step: every epoch in a new random order, cut into batches of one size. A short last batch is filled up
 * with rows that do not count: `-1`.
 *
 * @param rows number of examples @param batch examples a step @param epochs passes over the examples
 * @returns [steps][batch]
 */
export const epochOrder = (
  rows: number,
  batch: number,
  epochs: number,
  stream: RandomStream,
): readonly (readonly number[])[] =>
  Array.from({ length: epochs }, () => {
    const order = shuffled(
      Array.from({ length: rows }, (_, i) => i),
      stream.uniform,
    )
    return Array.from({ length: Math.ceil(rows / batch) }, (_, i) => {
      const part = order.slice(i * batch, (i + 1) * batch)
      return [...part, ...new Array<number>(batch - part.length).fill(-1)]
    })
  }).flat()
