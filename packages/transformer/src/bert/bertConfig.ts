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
import {
  type ConfigRule,
  decodeConfig,
  isFalse,
  never,
  numberOf,
  sharedRules,
  size,
  unsupported,
} from '../config/decodeConfig.js'
import { type LabelFields, labelFields, labelRules } from '../config/labels.js'

/** The settings of a BERT model, under the names of its config.json. Fields that are not listed are kept as they are. */
export interface BertConfig extends LabelFields {
  readonly model_type: 'bert'
  readonly vocab_size: number
  readonly hidden_size: number
  readonly num_hidden_layers: number
  readonly num_attention_heads: number
  readonly intermediate_size: number
  readonly hidden_act: ActivationName
  readonly hidden_dropout_prob: number
  readonly attention_probs_dropout_prob: number
  /** Dropout in front of the classifier; null means `hidden_dropout_prob`. */
  readonly classifier_dropout: number | null
  readonly max_position_embeddings: number
  readonly type_vocab_size: number
  /** Standard deviation of new weights. */
  readonly initializer_range: number
  readonly layer_norm_eps: number
  /** The token whose row begins at 0; null for none. */
  readonly pad_token_id: number | null
  /** Whether the head for masked words uses the table of word embeddings. */
  readonly tie_word_embeddings: boolean
}

const [firstActivation, ...otherActivations] = Object.keys(activations) as [ActivationName, ...ActivationName[]] // border: keys are strings to TypeScript
const activation = oneOf(firstActivation, ...otherActivations)

// Defaults are those of transformers' BertConfig.
const codec: t.Decoder<unknown, BertConfig> = open(
  {
    model_type: oneOf('bert'),
    vocab_size: withDefault(size, 30522),
    hidden_size: withDefault(size, 768),
    num_hidden_layers: withDefault(size, 12),
    num_attention_heads: withDefault(size, 12),
    intermediate_size: withDefault(size, 3072),
    hidden_act: withDefault(activation, 'gelu'),
    hidden_dropout_prob: withDefault(probability, 0.1),
    attention_probs_dropout_prob: withDefault(probability, 0.1),
    classifier_dropout: withDefault(t.union([probability, t.null]), null),
    max_position_embeddings: withDefault(size, 512),
    type_vocab_size: withDefault(size, 2),
    initializer_range: withDefault(nonNegativeNumber, 0.02),
    layer_norm_eps: withDefault(positiveNumber, 1e-12),
    pad_token_id: withDefault(t.union([nonNegativeInteger, t.null]), 0),
    tie_word_embeddings: withDefault(t.boolean, true),
  },
  labelFields,
)

const rules: readonly ConfigRule[] = [
  {
    field: 'num_attention_heads',
    expected: 'a divisor of hidden_size',
    holds: (fields) => {
      const [width, heads] = [numberOf(fields, 'hidden_size', 768), numberOf(fields, 'num_attention_heads', 12)]
      return !size.is(width) || !size.is(heads) || width % heads === 0
    },
  },
  {
    field: 'pad_token_id',
    expected: 'a token of the vocabulary',
    holds: (fields) => {
      const [vocabulary, token] = [numberOf(fields, 'vocab_size', 30522), numberOf(fields, 'pad_token_id', 0)]
      return !size.is(vocabulary) || !nonNegativeInteger.is(token) || token < vocabulary
    },
  },
  unsupported(
    'position_embedding_type',
    (value) => value === 'absolute',
    '"absolute": relative positions are not supported',
  ),
  unsupported('is_decoder', isFalse, 'false: BERT as a decoder is not supported'),
  unsupported('add_cross_attention', isFalse, 'false: cross-attention is not supported'),
  unsupported('rope_scaling', never, 'nothing: BERT has no rotary positions'),
  unsupported('rope_parameters', never, 'nothing: BERT has no rotary positions'),
  ...labelRules,
  ...sharedRules,
]

/**
 * Decodes the config.json of a BERT model. Absent fields get transformers' defaults; all faults are in one message.
 *
 * @param json the parsed file
 * @param file its name, for messages
 * @example decodeBertConfig({ model_type: 'bert', hidden_size: 32, num_attention_heads: 4 })
 */
export const decodeBertConfig = (json: unknown, file?: string): E.Either<BadInput | BadConfig, BertConfig> =>
  decodeConfig(codec, rules, json, file)

/**
 * A configuration made in code: the fields given, transformers' defaults for the others.
 *
 * @throws EdgeFailure where the fields do not go together
 * @example bertConfig({ vocab_size: 4000, hidden_size: 128, num_hidden_layers: 2, num_attention_heads: 4, num_labels: 9 })
 */
export const bertConfig = (fields: Partial<BertConfig>): BertConfig =>
  getOrThrow(decodeBertConfig({ model_type: 'bert', ...fields }))
