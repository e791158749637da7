import { type ActivationName, activations } from '@cotangent/nn'
import {
  type BadConfig,
  type BadInput,
  type E,
  getOrThrow,
  nonNegativeInteger,
  nonNegativeNumber,
  oneOf,
  open,
  positiveNumber,
  probability,
  t,
  withDefault,
} from '@cotangent/prelude'
import { type ConfigRule, decodeConfig, numberOf, sharedRules, size, unsupported } from '../config/decodeConfig.js'
import { type RopeFields, ropeFields, ropeRules } from './ropeFields.js'

/** The settings of a LLaMA model, under the names of its config.json. Fields that are not listed are kept as they are. */
export interface LlamaConfig extends RopeFields {
  readonly model_type: 'llama'
  readonly vocab_size: number
  readonly hidden_size: number
  readonly num_hidden_layers: number
  readonly num_attention_heads: number
  /** Heads of keys and values; null or absent means as many as of queries. */
  readonly num_key_value_heads?: number | null | undefined
  /** Features of a head; null or absent means hidden_size / num_attention_heads. */
  readonly head_dim?: number | null | undefined
  readonly intermediate_size: number
  readonly hidden_act: ActivationName
  readonly attention_dropout: number
  readonly attention_bias: boolean
  readonly mlp_bias: boolean
  /** What the model was trained for, in tokens. Longer rows are computed all the same: positions have no table. */
  readonly max_position_embeddings: number
  /** Standard deviation of new weights. */
  readonly initializer_range: number
  readonly rms_norm_eps: number
  /** The token whose row begins at 0; null for none. */
  readonly pad_token_id: number | null
  /** Whether the head is the table of token embeddings. */
  readonly tie_word_embeddings: boolean
}

const [firstActivation, ...otherActivations] = Object.keys(activations) as [ActivationName, ...ActivationName[]] // border: keys are strings to TypeScript

// Defaults are those of transformers' LlamaConfig.
const codec: t.Decoder<unknown, LlamaConfig> = open(
  {
    model_type: oneOf('llama'),
    vocab_size: withDefault(size, 32000),
    hidden_size: withDefault(size, 4096),
    num_hidden_layers: withDefault(size, 32),
    num_attention_heads: withDefault(size, 32),
    intermediate_size: withDefault(size, 11008),
    hidden_act: withDefault(oneOf(firstActivation, ...otherActivations), 'silu'),
    attention_dropout: withDefault(probability, 0),
    attention_bias: withDefault(t.boolean, false),
    mlp_bias: withDefault(t.boolean, false),
    max_position_embeddings: withDefault(size, 2048),
    initializer_range: withDefault(nonNegativeNumber, 0.02),
    rms_norm_eps: withDefault(positiveNumber, 1e-6),
    pad_token_id: withDefault(t.union([nonNegativeInteger, t.null]), null),
    tie_word_embeddings: withDefault(t.boolean, false),
  },
  {
    num_key_value_heads: t.union([size, t.null]),
    head_dim: t.union([size, t.null]),
    ...ropeFields,
  },
)

/** Width and heads as they are in the file, or their defaults. */
const widths = (fields: ReadonlyMap<string, unknown>) => {
  const [width, heads] = [numberOf(fields, 'hidden_size', 4096), numberOf(fields, 'num_attention_heads', 32)]
  return size.is(width) && size.is(heads) ? { width, heads } : undefined
}

const rules: readonly ConfigRule[] = [
  {
    field: 'num_attention_heads',
    expected: 'a divisor of hidden_size where head_dim is not given',
    holds: (fields) => {
      const known = widths(fields)
      return known === undefined || (fields.get('head_dim') ?? null) !== null || known.width % known.heads === 0
    },
  },
  {
    field: 'head_dim',
    expected: 'an even number (hidden_size / num_attention_heads unless given): features turn in pairs',
    holds: (fields) => {
      const known = widths(fields)
      if (known === undefined) return true
      const headDim = numberOf(fields, 'head_dim', known.width / known.heads)
      return !size.is(headDim) || headDim % 2 === 0
    },
  },
  {
    field: 'num_key_value_heads',
    expected: 'a divisor of num_attention_heads',
    holds: (fields) => {
      const known = widths(fields)
      const shared = numberOf(fields, 'num_key_value_heads', 1)
      return known === undefined || !size.is(shared) || known.heads % shared === 0
    },
  },
  {
    field: 'pad_token_id',
    expected: 'a token of the vocabulary',
    holds: (fields) => {
      const [vocabulary, token] = [numberOf(fields, 'vocab_size', 32000), numberOf(fields, 'pad_token_id', 0)]
      return !size.is(vocabulary) || !nonNegativeInteger.is(token) || token < vocabulary
    },
  },
  unsupported('is_causal', (value) => value === true, 'true: a LLaMA that sees what comes after is not supported'),
  ...ropeRules,
  ...sharedRules,
]

/**
 * Decodes the config.json of a LLaMA model. Absent fields get transformers' defaults; all faults are in one message.
 *
 * @param json the parsed file
 * @param file its name, for messages
 * @example decodeLlamaConfig({ model_type: 'llama', hidden_size: 32, num_attention_heads: 4 })
 */
export const decodeLlamaConfig = (json: unknown, file?: string): E.Either<BadInput | BadConfig, LlamaConfig> =>
  decodeConfig(codec, rules, json, file)

/**
 * A configuration made in code: the fields given, transformers' defaults for the others.
 *
 * @throws EdgeFailure where the fields do not go together
 * @example llamaConfig({ vocab_size: 4000, hidden_size: 128, intermediate_size: 344, num_hidden_layers: 2, num_attention_heads: 4 })
 */
export const llamaConfig = (fields: Partial<LlamaConfig>): LlamaConfig =>
  getOrThrow(decodeLlamaConfig({ model_type: 'llama', ...fields }))

/** Heads of queries, heads of keys and values, features of a head. */
export interface LlamaHeads {
  readonly heads: number
  readonly keyHeads: number
  readonly headDim: number
}

/**
 * The heads of a model, with what is not given filled in.
 *
 * @example llamaHeads(llamaConfig({ hidden_size: 32, num_attention_heads: 4, num_key_value_heads: 2 })) // => { heads: 4, keyHeads: 2, headDim: 8 }
 */
export const llamaHeads = (config: LlamaConfig): LlamaHeads => {
  const { num_attention_heads: heads, num_key_value_heads: keyHeads, head_dim, hidden_size } = config
  return { heads, keyHeads: keyHeads ?? heads, headDim: head_dim ?? hidden_size / heads }
}
