import { type Engine, reshape, slice, type Tensor } from '@cotangent/core'
import { type BertClassifierParams, type BertConfig, bertClassify } from '@cotangent/transformer'
import { readTree } from '../fit/readTree.js'
import { argmax } from '../metrics/index.js'
import { compileCounted } from './counted.js'
import { type TokenBatch, type TokenRows, tokenBatch } from './dataset.js'

/** What a classifier says of many mails. */
export interface Outputs {
  /** [rows, classes], row by row. */
  readonly logits: Float32Array
  readonly classes: number
  /** The first token's last hidden state, [rows, width], row by row. */
  readonly features: Float32Array
  readonly width: number
}

/** The logits of each mail. */
export const logitRows = ({ logits, classes }: Outputs): readonly Float32Array[] =>
  Array.from({ length: logits.length / classes }, (_, i) => logits.subarray(i * classes, (i + 1) * classes))

/** The class that each mail's logits answer. */
export const answersOf = (outputs: Outputs): readonly number[] => logitRows(outputs).map(argmax)

/** A model with its parameters fixed. */
export type Classify = (tokens: TokenRows) => Promise<Outputs>

/** Gives the classifier for parameters of one configuration. */
export type ClassifierOf = (params: BertClassifierParams) => Classify

/** Rows that are read at once. */
const batchRows = 64

/**
 * The evaluation program of a configuration: compiled once, for any parameters of it.
 *
 * @param onBatch told the operations of each batch
 */
export const makeClassifier = (config: BertConfig, engine: Engine, onBatch: (flop: number) => void): ClassifierOf => {
  const forward = compileCounted((params: BertClassifierParams, batch: TokenBatch) => {
    const { logits, lastHiddenState } = bertClassify(config, params, batch, { key: null })
    const [rows = 0, , width = 0] = lastHiddenState.shape
    const first: Tensor = reshape(slice(lastHiddenState, [0, 0, 0], [rows, 1, width]), [rows, width])
    return { logits, features: first }
  }, engine)
  return (params) => async (tokens) => {
    const parts: { readonly logits: Float32Array; readonly features: Float32Array }[] = []
    let [classes, width] = [0, 0]
    for (let start = 0; start < tokens.rows; start += batchRows) {
      const rows = Array.from({ length: batchRows }, (_, i) => (start + i < tokens.rows ? start + i : -1))
      const { logits, features } = await readTree(await forward.call(params, tokenBatch(tokens, rows)))
      const kept = Math.min(batchRows, tokens.rows - start)
      classes = logits.shape[1] ?? 0
      width = features.shape[1] ?? 0
      parts.push({
        logits: Float32Array.from(logits.data.subarray(0, kept * classes)),
        features: Float32Array.from(features.data.subarray(0, kept * width)),
      })
      onBatch(forward.flop())
    }
    return {
      logits: joined(parts.map((part) => part.logits)),
      classes,
      features: joined(parts.map((part) => part.features)),
      width,
    }
  }
}

const joined = (parts: readonly Float32Array[]): Float32Array => {
  const whole = new Float32Array(parts.reduce((total, part) => total + part.length, 0))
  let at = 0
  for (const part of parts) {
    whole.set(part, at)
    at += part.length
  }
  return whole
}
