import { type BertConfig, bertConfig } from '@cotangent/transformer'
import type { StudySettings } from './settings.js'

/**
 * The encoder's configuration. No dropout: the runs are short, and the model small. Weights start with deviation
 * 1/√width: BERT's 0.02 suits widths near 2,500 in this respect, and a narrow model would hardly pass signals on.
 */
export const studyConfig = ({ model }: StudySettings, classes: readonly string[], vocabulary: number): BertConfig =>
  bertConfig({
    vocab_size: vocabulary,
    hidden_size: model.width,
    num_hidden_layers: model.layers,
    num_attention_heads: model.heads,
    intermediate_size: 4 * model.width,
    max_position_embeddings: model.length,
    initializer_range: Number((1 / Math.sqrt(model.width)).toPrecision(3)),
    type_vocab_size: 2,
    hidden_dropout_prob: 0,
    attention_probs_dropout_prob: 0,
    id2label: Object.fromEntries(classes.map((label, i) => [String(i), label])),
  })
