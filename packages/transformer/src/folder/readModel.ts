import { join } from 'node:path'
import type { Tensor } from '@cotangent/core'
import { type ModelTensors, readJson, readModelTensors, weightsName } from '@cotangent/io'
import { badConfig, E, type EdgeError, pipe, TE, t } from '@cotangent/prelude'
import { type BertConfig, decodeBertConfig } from '../bert/bertConfig.js'
import { type BertHead, type BertParams, bertParamsOf } from '../bert/bertParams.js'
import { currentNames } from '../bert/legacyNames.js'
import { randomParameters } from '../parameters/makeParameter.js'
import { assembleParams, assemblyWarnings } from './assembleParams.js'
import { configName } from './configFile.js'

/** A model as it lies in a folder. */
export interface Model<H extends BertHead> {
  readonly config: BertConfig
  readonly params: BertParams[H]
}

/** A model that was read, with what there is to say about it. */
export interface LoadedModel<H extends BertHead> extends Model<H> {
  /** Names of parameters that were not in the folder and are new. */
  readonly newParameters: readonly string[]
  /** What is odd but not wrong, a sentence each: what is new, what was not used, weights that are not finite. */
  readonly warnings: readonly string[]
}

/** What takes the place of what the folder holds. */
export interface ReadModelOptions {
  /** u32[2]: makes a head that the folder lacks, as when a model gets a new task. Without it, that is refused. */
  readonly newHead?: Tensor
  /** Settings that take the place of the folder's, such as `num_labels` for a new head. */
  readonly settings?: Partial<BertConfig>
}

/** The parameters that may be new: not the encoder. */
const inHead = (name: string): boolean => /^(classifier|cls|bert\.pooler)\./.test(name)

/** The folder's settings with others in place of some; new labels replace the old ones as a whole. */
const overridden = (json: unknown, settings: Partial<BertConfig>): unknown => {
  if (!t.UnknownRecord.is(json)) return json
  const { id2label, label2id, num_labels, ...rest } = json
  const labels = 'num_labels' in settings || 'id2label' in settings ? {} : { id2label, label2id, num_labels }
  const whole = Object.entries({ ...rest, ...labels, ...settings })
  return Object.fromEntries(whole.filter(([, value]) => value !== undefined))
}

const checkHead = (config: BertConfig, head: BertHead, file: string): E.Either<EdgeError, BertConfig> =>
  head === 'maskedWords' && !config.tie_word_embeddings
    ? E.left(
        badConfig(
          [{ path: 'tie_word_embeddings', expected: 'true for the head of masked words', received: 'false' }],
          'use a model whose decoder is its table of word embeddings',
          file,
        ),
      )
    : E.right(config)

/**
 * Reads a Hugging Face folder: config.json, then the weights (`model.safetensors` or shards). The configuration is
 * checked before weights are read; every parameter must be there with exactly its shape.
 *
 * @param folder where the files are
 * @param head which head the model shall have
 * @returns BadInput, BadConfig, MissingFile, BadContainer, MissingTensor (all that are missing) or WrongShape
 * @example readModel('models/bert', 'classify')
 */
export const readModel = <H extends BertHead>(
  folder: string,
  head: H,
  { newHead, settings = {} }: ReadModelOptions = {},
): TE.TaskEither<EdgeError, LoadedModel<H>> => {
  const file = join(folder, configName)
  const weights = join(folder, weightsName)
  return pipe(
    TE.Do,
    TE.bind('json', (): TE.TaskEither<EdgeError, unknown> => readJson(file, t.unknown)),
    TE.bind(
      'config',
      ({ json }): TE.TaskEither<EdgeError, BertConfig> =>
        TE.fromEither(
          pipe(
            decodeBertConfig(overridden(json, settings), file),
            E.flatMap((config: BertConfig): E.Either<EdgeError, BertConfig> => checkHead(config, head, file)),
          ),
        ),
    ),
    TE.bind('stored', (): TE.TaskEither<EdgeError, ModelTensors> => readModelTensors(folder)),
    TE.flatMapEither(({ config, stored }): E.Either<EdgeError, LoadedModel<H>> => {
      const make = newHead === undefined ? null : randomParameters(newHead, config.initializer_range)
      return pipe(
        assembleParams(
          (parameter) => bertParamsOf[head](parameter, config),
          currentNames(stored.tensors),
          weights,
          make === null ? null : { allowed: inHead, make },
        ),
        E.map((assembled) => ({
          config,
          params: assembled.params,
          newParameters: assembled.newParameters,
          warnings: [...stored.warnings, ...assemblyWarnings(assembled)],
        })),
      )
    }),
  )
}
