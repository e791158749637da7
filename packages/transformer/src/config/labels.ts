/* The classes of a classification head, as configurations name them: `id2label`, or `num_labels` alone. */
import { oneOf, positiveInteger, t } from '@cotangent/prelude'
import { type ConfigRule, size } from './decodeConfig.js'

export const problemTypes = ['regression', 'single_label_classification', 'multi_label_classification'] as const
/** One of `problemTypes`: which loss a head is trained with. */
export type ProblemType = (typeof problemTypes)[number]

/** Fields that every configuration with a classification head may have. */
export const labelFields = {
  id2label: t.union([t.record(t.string, t.string), t.null]),
  num_labels: t.union([size, t.null]),
  problem_type: t.union([oneOf(...problemTypes), t.null]),
}

/** The label fields of a decoded configuration. */
export interface LabelFields {
  readonly id2label?: Readonly<Record<string, string>> | null | undefined
  readonly num_labels?: number | null | undefined
  readonly problem_type?: ProblemType | null | undefined
}

/** transformers' number of labels where nothing is said. */
const defaultLabels = 2

/**
 * The names of the classes, in the order of the logits.
 *
 * @example labelNames({ id2label: { 0: 'ham', 1: 'spam' } }) // => ['ham', 'spam']
 */
export const labelNames = ({ id2label, num_labels }: LabelFields): readonly string[] => {
  const named = id2label ?? {}
  const count = id2label === null || id2label === undefined ? (num_labels ?? defaultLabels) : Object.keys(named).length
  return Array.from({ length: count }, (_, i) => named[String(i)] ?? `LABEL_${i}`)
}

/**
 * What the head is trained for: said by the configuration, or regression for one label and classes for more.
 *
 * @example problemTypeOf({ num_labels: 1 }) // => 'regression'
 */
export const problemTypeOf = (fields: LabelFields): ProblemType =>
  fields.problem_type ?? (labelNames(fields).length === 1 ? 'regression' : 'single_label_classification')

const labelKeys = (value: unknown): readonly string[] | null =>
  typeof value === 'object' && value !== null ? Object.keys(value) : null

export const labelRules: readonly ConfigRule[] = [
  {
    field: 'id2label',
    expected: 'a name for each number from 0 on, without gaps',
    holds: (fields) => {
      const keys = labelKeys(fields.get('id2label'))
      return (
        keys === null ||
        (keys.length > 0 && keys.every((key) => /^(0|[1-9]\d*)$/.test(key) && Number(key) < keys.length))
      )
    },
  },
  {
    field: 'num_labels',
    expected: 'as many labels as id2label names',
    holds: (fields) => {
      const [keys, count] = [labelKeys(fields.get('id2label')), fields.get('num_labels')]
      return keys === null || !positiveInteger.is(count) || keys.length === count
    },
  },
]
