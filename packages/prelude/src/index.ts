/**
 * fp-ts and io-ts as Cotangent uses them, decoding with messages for people, and tagged errors.
 *
 * @packageDocumentation
 */
export {
  between,
  closed,
  finite,
  integer,
  integerBetween,
  nonEmptyString,
  nonNegativeInteger,
  nonNegativeNumber,
  oneOf,
  open,
  positiveInteger,
  positiveNumber,
  probability,
  type RecordOf,
  type RecordOutputOf,
  readonlyList,
  refined,
  withDefault,
} from './codecs.js'
export { type DecodeOptions, decode, faultsOf, shown } from './decode.js'
export * from './errors.js'
export { escapeForTerminal, escapeLines } from './escapeForTerminal.js'
export * from './fp.js'
export { editDistance, nearest, suggestion } from './nearest.js'
export { deepestJson, type Json, type JsonObject, parseJson } from './parseJson.js'
