import { type Tensor, tensor } from '@cotangent/core'
import { makeTokenizer, specialTokens, type Tokenizer, trainBpe } from '@cotangent/transformer'
import { type Mail, type MailSet, mailLabels, splitMails, studyShares } from '../data/index.js'
import { streamOf } from '../fit/index.js'
import type { StudySettings } from './settings.js'

/** Tokens of many mails, one row each. */
export interface TokenRows {
  readonly rows: number
  readonly length: number
  /** [rows, length] */
  readonly inputIds: Int32Array
  /** [rows, length]; 1 where a token stands. */
  readonly attentionMask: Int32Array
  readonly truncated: number
}

/** The parts that the mails are split into. */
export type PartName = keyof typeof studyShares

/** A part of the mails, ready to be read by a model. */
export interface Part {
  /** Places in the corpus, ascending. */
  readonly places: readonly number[]
  readonly mails: readonly Mail[]
  /** Class of each mail. */
  readonly labels: Int32Array
  readonly tokens: TokenRows
}

/** Consecutive pieces of the pre-training mails, each a row of its own. */
export interface Windows {
  readonly tokens: TokenRows
  /** Rows of each mail of the part, in their order; at least one. */
  readonly ofMail: readonly (readonly number[])[]
}

/** The mails of a study, split and as tokens, with the tokeniser. */
export interface StudyData {
  readonly classes: readonly string[]
  readonly parts: Readonly<Record<PartName, Part>>
  readonly tokenizer: Tokenizer
  readonly windows: Windows
  /** Cluster of near-duplicates of each test mail. */
  readonly testClusters: readonly number[]
  readonly version: string
}

/** Encodes texts with a tokeniser, cut to the study's length. */
export const encodeTexts = (tokenizer: Tokenizer, texts: readonly string[], length: number): TokenRows => {
  const { inputIds, attentionMask, truncated } = tokenizer.encodeBatch(texts, length)
  return { rows: texts.length, length, inputIds, attentionMask, truncated }
}

/**
 * Cuts texts into rows of `length` tokens, one behind the other, each with [CLS] and [SEP]; at most `limit` of a text.
 */
export const encodeWindows = (
  tokenizer: Tokenizer,
  texts: readonly string[],
  length: number,
  limit: number,
): Windows => {
  const inner = length - 2
  const whole = tokenizer.encodeBatch(texts, limit * inner + 2)
  const wide = limit * inner + 2
  const ofMail: number[][] = []
  const pieces: Int32Array[] = []
  for (let i = 0; i < texts.length; i++) {
    const row = whole.inputIds.subarray(i * wide, (i + 1) * wide)
    const words = row.subarray(1, row.indexOf(tokenizer.sepId, 1))
    const starts = Array.from({ length: Math.max(1, Math.ceil(words.length / inner)) }, (_, j) => j * inner)
    // a rest of a few words says little: it is left out, unless it is all there is
    const kept = starts.filter((start) => start === 0 || words.length - start >= inner / 4)
    ofMail.push(kept.map((start) => pieces.push(words.subarray(start, start + inner)) - 1))
  }
  const inputIds = new Int32Array(pieces.length * length).fill(tokenizer.padId)
  const attentionMask = new Int32Array(pieces.length * length)
  for (const [i, words] of pieces.entries()) {
    inputIds[i * length] = tokenizer.clsId
    inputIds.set(words, i * length + 1)
    inputIds[i * length + words.length + 1] = tokenizer.sepId
    attentionMask.fill(1, i * length, i * length + words.length + 2)
  }
  return { tokens: { rows: pieces.length, length, inputIds, attentionMask, truncated: 0 }, ofMail }
}

export const classOf = (label: Mail['label']): number => mailLabels.indexOf(label)

/**
 * Splits the mails by cluster and turns them into tokens. The tokeniser is trained on the training parts alone.
 */
export const makeStudyData = ({ mails, clusters, version }: MailSet, settings: StudySettings): StudyData => {
  const places = splitMails(mails, clusters.kept, studyShares, streamOf(settings.seed, 'split').uniform)
  const textsAt = (part: PartName): string[] => places[part].flatMap((i) => mails[i]?.text ?? [])
  const { length, vocabulary } = settings.model
  const tokenizer = makeTokenizer(
    trainBpe([...textsAt('pretraining'), ...textsAt('pool')], { vocabularySize: vocabulary, specialTokens }),
  )
  const part = (name: PartName): Part => {
    const own = places[name].flatMap((i) => mails[i] ?? [])
    return {
      places: places[name],
      mails: own,
      labels: Int32Array.from(own, ({ label }) => classOf(label)),
      tokens: encodeTexts(
        tokenizer,
        own.map(({ text }) => text),
        length,
      ),
    }
  }
  return {
    classes: mailLabels,
    parts: { pretraining: part('pretraining'), pool: part('pool'), validation: part('validation'), test: part('test') },
    tokenizer,
    windows: encodeWindows(tokenizer, textsAt('pretraining'), length, settings.pretraining.windows),
    testClusters: places.test.map((i) => clusters.twins.of[i] ?? i),
    version,
  }
}

/** Inputs of a model for some rows. */
export interface TokenBatch {
  /** i32[batch, length] */
  readonly inputIds: Tensor
  /** i32[batch, length] */
  readonly attentionMask: Tensor
}

/**
 * The rows asked for, as a batch. A row of -1 is filler: one token that is attended to, so that nothing is NaN; whoever
 * asks for it gives it a mask of 0.
 */
export const tokenBatch = (tokens: TokenRows, rows: readonly number[]): TokenBatch => {
  const { length } = tokens
  const ids = new Int32Array(rows.length * length)
  const mask = new Int32Array(rows.length * length)
  for (const [i, row] of rows.entries()) {
    if (row < 0) mask[i * length] = 1
    else {
      ids.set(tokens.inputIds.subarray(row * length, (row + 1) * length), i * length)
      mask.set(tokens.attentionMask.subarray(row * length, (row + 1) * length), i * length)
    }
  }
  const shape = [rows.length, length]
  return { inputIds: tensor(ids, shape), attentionMask: tensor(mask, shape) }
}

/** Some rows of a table [n, width] as a tensor; rows of -1 are 0. */
export const rowsOf = (table: Float32Array, width: number, rows: readonly number[]): Tensor => {
  const data = new Float32Array(rows.length * width)
  for (const [i, row] of rows.entries()) {
    if (row >= 0) data.set(table.subarray(row * width, (row + 1) * width), i * width)
  }
  return tensor(data, [rows.length, width])
}

/** Labels of some rows (0 for filler) and the mask that says which rows count. */
export const labelBatch = (labels: Int32Array, rows: readonly number[]): { labels: Tensor; mask: Tensor } => ({
  labels: tensor(Int32Array.from(rows, (row) => (row < 0 ? 0 : (labels[row] ?? 0)))),
  mask: tensor(Float32Array.from(rows, (row) => Number(row >= 0))),
})
