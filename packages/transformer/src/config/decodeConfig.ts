/* What the configurations of all architectures share: one message with every fault, before any weight is read. */
import {
  type BadConfig,
  type BadInput,
  badConfig,
  badInput,
  decode,
  E,
  type FieldFault,
  integerBetween,
  shown,
  t,
} from '@cotangent/prelude'

/** A width, a length or a count of rows: bounded, so that a damaged number does not become memory. */
export const size = integerBetween(1, 2 ** 24)

/** What must hold between fields, or of a field that this implementation does not follow. */
export interface ConfigRule {
  readonly field: string
  /** What must be there, as a noun phrase. */
  readonly expected: string
  /** Asked with the fields as they are in the file. True where a field it needs is itself at fault. */
  readonly holds: (fields: ReadonlyMap<string, unknown>) => boolean
}

/**
 * A field that would change the computation and is not supported: it must be absent, null or without effect.
 *
 * @param harmless whether a value changes nothing
 * @example unsupported('is_decoder', isFalse, 'false: decoders are not supported')
 */
export const unsupported = (field: string, harmless: (value: unknown) => boolean, expected: string): ConfigRule => ({
  field,
  expected,
  holds: (fields) => {
    const value = fields.get(field) ?? null
    return value === null || harmless(value)
  },
})

export const isFalse = (value: unknown): boolean => value === false
export const never = (): boolean => false
const isEmpty = (value: unknown): boolean =>
  typeof value === 'object' && value !== null && Object.keys(value).length === 0

/** Rules for what no architecture here supports. */
export const sharedRules: readonly ConfigRule[] = [
  unsupported('quantization_config', never, 'nothing: quantised weights are not supported'),
  unsupported('auto_map', isEmpty, "nothing: a model's own code is never loaded"),
  unsupported('pruned_heads', isEmpty, 'nothing: pruned heads are not supported'),
  unsupported('is_encoder_decoder', isFalse, 'false: encoders with a decoder are not supported'),
]

/** A field's number, or its default where it is absent; undefined where it is no number. */
export const numberOf = (fields: ReadonlyMap<string, unknown>, field: string, absent: number): number | undefined => {
  const value = fields.get(field) ?? absent
  return typeof value === 'number' ? value : undefined
}

/**
 * Decodes a configuration: the fields by the codec, then what must hold between them. All faults are in one message.
 *
 * @returns BadInput where a field is wrong, BadConfig where only rules are broken
 */
export const decodeConfig = <A>(
  codec: t.Decoder<unknown, A>,
  rules: readonly ConfigRule[],
  json: unknown,
  file?: string,
): E.Either<BadInput | BadConfig, A> => {
  const decoded = decode(codec, json, file === undefined ? {} : { file })
  const fields = new Map<string, unknown>(t.UnknownRecord.is(json) ? Object.entries(json) : [])
  const broken = rules
    .filter((rule) => fields.size > 0 && !rule.holds(fields))
    .map(({ field, expected }): FieldFault => ({ path: field, expected, received: shown(fields.get(field)) }))
  if (E.isLeft(decoded))
    return broken.length === 0 ? decoded : E.left(badInput([...decoded.left.faults, ...broken], file))
  return broken.length === 0
    ? decoded
    : E.left(
        badConfig(broken, 'correct them, or use another model: to ignore them would change what it computes', file),
      )
}
