/* Which models there are: by head, then by the model_type of their config.json. */
import { badConfig, E, type EdgeError, shown } from '@cotangent/prelude'
import { type BertConfig, decodeBertConfig } from '../bert/bertConfig.js'
import { type BertHead, type BertParams, bertParamsOf } from '../bert/bertParams.js'
import { currentNames } from '../bert/legacyNames.js'
import { currentLlamaNames } from '../llama/currentLlamaNames.js'
import { decodeLlamaConfig, type LlamaConfig } from '../llama/llamaConfig.js'
import { type LlamaParams, llamaParams } from '../llama/llamaParams.js'
import { type LoadedModelOf, type ModelOf, type ModelReader, modelReader } from './modelReader.js'

/** What a model may be for: classes or numbers, masked words (BERT), the next token (LLaMA). */
export type ModelHead = BertHead | 'nextToken'

/** The configuration by head. */
export type ModelConfigs = {
  readonly classify: BertConfig
  readonly maskedWords: BertConfig
  readonly nextToken: LlamaConfig
}

/** The parameter tree by head. */
export type ModelParams = BertParams & { readonly nextToken: LlamaParams }

/** A model as it lies in a folder. */
export type Model<H extends ModelHead> = ModelOf<ModelConfigs[H], ModelParams[H]>

/** A model that was read, with what there is to say about it. */
export type LoadedModel<H extends ModelHead> = LoadedModelOf<ModelConfigs[H], ModelParams[H]>

const tiedWords = (config: BertConfig, file: string): E.Either<EdgeError, BertConfig> =>
  config.tie_word_embeddings
    ? E.right(config)
    : E.left(
        badConfig(
          [{ path: 'tie_word_embeddings', expected: 'true for the head of masked words', received: 'false' }],
          'use a model whose decoder is its table of word embeddings',
          file,
        ),
      )

/** The parameters that may be new: not the encoder. */
const inBertHead = (name: string): boolean => /^(classifier|cls|bert\.pooler)\./.test(name)

type Readers = {
  readonly [H in ModelHead]: Readonly<Record<string, ModelReader<ModelConfigs[H], ModelParams[H]>>>
}

const readers: Readers = {
  classify: {
    bert: modelReader({ decode: decodeBertConfig, params: bertParamsOf.classify, currentNames, inHead: inBertHead }),
  },
  maskedWords: {
    bert: modelReader({
      decode: (json, file) => E.flatMap((config: BertConfig) => tiedWords(config, file))(decodeBertConfig(json, file)),
      params: bertParamsOf.maskedWords,
      currentNames,
      inHead: inBertHead,
    }),
  },
  nextToken: {
    llama: modelReader({
      decode: decodeLlamaConfig,
      params: llamaParams,
      currentNames: (tensors, { tie_word_embeddings }: LlamaConfig) => currentLlamaNames(tensors, tie_word_embeddings),
      inHead: (name) => name.startsWith('lm_head.'),
    }),
  },
}

/**
 * The reader for a head, by the model_type of a configuration.
 *
 * @returns BadConfig where no model of that type has the head
 */
export const readerOf = <H extends ModelHead>(
  head: H,
  modelType: unknown,
  file: string,
): E.Either<EdgeError, ModelReader<ModelConfigs[H], ModelParams[H]>> => {
  const known = readers[head]
  const found = typeof modelType === 'string' && Object.hasOwn(known, modelType) ? known[modelType] : undefined
  if (found !== undefined) return E.right(found)
  const types = Object.keys(known).map((type) => JSON.stringify(type))
  return E.left(
    badConfig(
      [{ path: 'model_type', expected: `${types.join(' or ')} for the head ${head}`, received: shown(modelType) }],
      'name a head that the model has, or use another model',
      file,
    ),
  )
}

/** Any configuration. */
export type ModelConfig = ModelConfigs[ModelHead]

/** The parameter trees that go with a configuration. */
export type ParamsFor<C extends ModelConfig> = {
  readonly bert: BertParams[BertHead]
  readonly llama: LlamaParams
}[C['model_type']]
