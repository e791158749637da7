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

export interface StudyData {
  readonly classes: readonly string[]
  readonly parts: Readonly<Record<PartName, Part>>
  readonly tokenizer: Tokenizer
  /** Cluster of near-duplicates of each test mail. */
  readonly testClusters: readonly number[]
  readonly version: string
}

/** Encodes texts with a tokeniser, cut to the study's length. */
export const encodeTexts = (tokenizer: Tokenizer, texts: readonly string[], length: number): TokenRows => {
  const { inputIds, attentionMask, truncated } = tokenizer.encodeBatch(texts, length)
  return { rows: texts.length, length, inputIds, attentionMask, truncated }
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
