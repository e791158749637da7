/*
 * Rotary positions as configurations state them: `rope_parameters` since transformers 5, before it `rope_theta` beside
 * `rope_scaling`, whose type was once called `type`.
 */
import type { RopeScaling, RopeSettings } from '@cotangent/nn'
import { finite, oneOf, open, positiveInteger, positiveNumber, t } from '@cotangent/prelude'
import { type ConfigRule, unsupported } from '../config/decodeConfig.js'

const ropeType = oneOf('default', 'linear', 'llama3')

/** What may stand in `rope_parameters` or `rope_scaling`. */
const record = open(
  {},
  {
    rope_type: ropeType,
    type: ropeType,
    rope_theta: positiveNumber,
    factor: positiveNumber,
    low_freq_factor: positiveNumber,
    high_freq_factor: positiveNumber,
    original_max_position_embeddings: positiveInteger,
    partial_rotary_factor: finite,
  },
)
type RopeRecord = t.TypeOf<typeof record>

/** Fields of a configuration with rotary positions. */
export const ropeFields = {
  rope_theta: t.union([positiveNumber, t.null]),
  rope_scaling: t.union([record, t.null]),
  rope_parameters: t.union([record, t.null]),
}

/** The rotary positions of a decoded configuration. */
export interface RopeFields {
  /** θ, the base of the frequencies; 10000 unless given. */
  readonly rope_theta?: number | null | undefined
  readonly rope_scaling?: RopeRecord | null | undefined
  readonly rope_parameters?: RopeRecord | null | undefined
}

/** transformers' θ where nothing is said. */
const defaultTheta = 10000

const typeOf = (fields: RopeRecord): t.TypeOf<typeof ropeType> => fields.rope_type ?? fields.type ?? 'default'

/** null where a number is missing that the type needs. */
const scalingOf = (fields: RopeRecord): RopeScaling | undefined | null => {
  const { factor, low_freq_factor: low, high_freq_factor: high, original_max_position_embeddings: trained } = fields
  switch (typeOf(fields)) {
    case 'default':
      return undefined
    case 'linear':
      return factor === undefined ? null : { kind: 'linear', factor }
    case 'llama3':
      return factor === undefined || low === undefined || high === undefined || trained === undefined
        ? null
        : { kind: 'llama3', factor, lowFrequency: low, highFrequency: high, trainedLength: trained }
  }
}

/**
 * What the angles of a model depend on.
 *
 * @param headDim features of a head
 * @example ropeSettingsOf({ rope_theta: 500 }, 8) // => { headDim: 8, theta: 500, scaling: undefined }
 */
export const ropeSettingsOf = (
  { rope_parameters, rope_scaling, rope_theta }: RopeFields,
  headDim: number,
): RopeSettings => {
  const fields = rope_parameters ?? rope_scaling ?? {}
  return {
    headDim,
    theta: fields.rope_theta ?? rope_theta ?? defaultTheta,
    scaling: scalingOf(fields) ?? undefined, // the rules leave no null
  }
}

const both = ['rope_parameters', 'rope_scaling'] as const

/** Asks a record where it is one; what is none is the decoder's fault to find. */
const ofRecord = (field: string, expected: string, holds: (fields: RopeRecord) => boolean): ConfigRule => ({
  field,
  expected,
  holds: (fields) => {
    const value = fields.get(field)
    return !record.is(value) || holds(value)
  },
})

/** What must hold of the fields of rotary positions. */
export const ropeRules: readonly ConfigRule[] = [
  ...both.flatMap((field): readonly ConfigRule[] => [
    ofRecord(
      field,
      'a rope_type beside a factor',
      ({ factor, rope_type, type }) => factor === undefined || (rope_type ?? type) !== undefined,
    ),
    ofRecord(
      field,
      'a factor for the rope_type "linear"',
      (value) => typeOf(value) !== 'linear' || scalingOf(value) !== null,
    ),
    ofRecord(
      field,
      'factor, low_freq_factor, high_freq_factor and original_max_position_embeddings for the rope_type "llama3"',
      (value) => typeOf(value) !== 'llama3' || scalingOf(value) !== null,
    ),
    ofRecord(
      field,
      'a low_freq_factor below high_freq_factor',
      ({ low_freq_factor: low, high_freq_factor: high }) => low === undefined || high === undefined || low < high,
    ),
    ofRecord(
      field,
      'a partial_rotary_factor of 1: heads that turn in part are not supported',
      ({ partial_rotary_factor: part }) => part === undefined || part === 1,
    ),
  ]),
  unsupported('partial_rotary_factor', (value) => value === 1, '1: heads that turn in part are not supported'),
  {
    field: 'rope_scaling',
    expected: 'nothing beside rope_parameters',
    holds: (fields) =>
      (fields.get('rope_parameters') ?? null) === null || (fields.get('rope_scaling') ?? null) === null,
  },
  {
    field: 'rope_theta',
    expected: 'that of rope_parameters',
    holds: (fields) => {
      const [theta, parameters] = [fields.get('rope_theta') ?? null, fields.get('rope_parameters')]
      const inner = record.is(parameters) ? parameters.rope_theta : undefined
      return theta === null || inner === undefined || theta === inner
    },
  },
]
