import { type Tensor, tensor } from '@cotangent/core'
import type { RandomStream } from '../statistics/index.js'
import { type TokenBatch, type TokenRows, tokenBatch } from './dataset.js'

/** A batch with words to fill in. */
export interface WordBatch extends TokenBatch {
  /** Places in the flattened batch, i32[batch · perRow]. */
  readonly positions: Tensor
  /** The word that stood there; -100 for places that do not count, i32[batch · perRow]. */
  readonly labels: Tensor
}

export interface MaskOptions {
  /** Share of a row's words that are asked for. */
  readonly share: number
  readonly maskId: number
  readonly vocabulary: number
  /** Ids below this one are special tokens: never asked for, never put in. */
  readonly firstWord: number
}

/**
 * BERT's masking: of the words asked for, 80 % are replaced by [MASK], 10 % by another word, 10 % are left. Each row asks
 * for the same number of places, so that shapes do not change; short rows fill up with places that do not count.
 *
 * @see Devlin et al., BERT, 2019, section 3.1
 */
export const maskWords = (
  tokens: TokenRows,
  rows: readonly number[],
  { share, maskId, vocabulary, firstWord }: MaskOptions,
  stream: RandomStream,
): WordBatch => {
  const { length } = tokens
  const perRow = Math.max(1, Math.round(share * length))
  const batch = tokenBatch(tokens, rows)
  const ids = Int32Array.from(batch.inputIds.data)
  const positions = new Int32Array(rows.length * perRow)
  const labels = new Int32Array(rows.length * perRow).fill(-100)
  for (const [i, row] of rows.entries()) {
    const words = Array.from({ length }, (_, j) => j).filter((j) => (ids[i * length + j] ?? 0) >= firstWord)
    const asked = row < 0 ? 0 : Math.min(perRow, Math.max(1, Math.round(share * words.length)), words.length)
    for (let k = 0; k < asked; k++) {
      // the first `asked` of a random order, one exchange at a time
      const other = k + stream.below(words.length - k)
      const [a = 0, b = 0] = [words[k], words[other]]
      words[k] = b
      words[other] = a
      const at = i * length + b
      positions[i * perRow + k] = at
      labels[i * perRow + k] = ids[at] ?? 0
      const chance = stream.uniform()
      if (chance < 0.8) ids[at] = maskId
      else if (chance < 0.9) ids[at] = firstWord + stream.below(vocabulary - firstWord)
    }
  }
  return {
    inputIds: tensor(ids, [rows.length, length]),
    attentionMask: batch.attentionMask,
    positions: tensor(positions),
    labels: tensor(labels),
  }
}

/**
 * A batch in which each word is hidden behind [MASK] with some probability; special tokens stay.
 *
 * @param share probability, in [0, 1)
 */
export const hideWords = (
  tokens: TokenRows,
  rows: readonly number[],
  { share, maskId, firstWord }: Pick<MaskOptions, 'share' | 'maskId' | 'firstWord'>,
  stream: RandomStream,
): TokenBatch => {
  const batch = tokenBatch(tokens, rows)
  const ids = Int32Array.from(batch.inputIds.data, (id) => (id >= firstWord && stream.uniform() < share ? maskId : id))
  return { inputIds: tensor(ids, batch.inputIds.shape), attentionMask: batch.attentionMask }
}
