import { join } from 'node:path'
import type { Tensor } from '@cotangent/core'
import { type ModelTensors, readJson, readModelTensors, weightsName } from '@cotangent/io'
import { E, type EdgeError, open, pipe, TE } from '@cotangent/prelude'
import { configName } from './configFile.js'
import type { FillModel } from './modelReader.js'
import { type LoadedModel, type ModelConfigs, type ModelHead, type ModelParams, readerOf } from './models.js'

/** What takes the place of what the folder holds. */
export interface ReadModelOptions<H extends ModelHead = ModelHead> {
  /** u32[2]: makes a head that the folder lacks, as when a model gets a new task. Without it, that is refused. */
  readonly newHead?: Tensor
  /** Settings that take the place of the folder's, such as `num_labels` for a new head. */
  readonly settings?: Partial<ModelConfigs[H]>
}

type Fields = Readonly<Record<string, unknown>>

/** The folder's settings with others in place of some; new labels replace the old ones as a whole. */
const overridden = (json: Fields, settings: object): Fields => {
  const { id2label, label2id, num_labels, ...rest } = json
  const labels = 'num_labels' in settings || 'id2label' in settings ? {} : { id2label, label2id, num_labels }
  const whole = Object.entries({ ...rest, ...labels, ...settings })
  return Object.fromEntries(whole.filter(([, value]) => value !== undefined))
}

/**
 * Reads a Hugging Face folder: config.json, then the weights (`model.safetensors` or shards). The model_type of the
 * configuration says which model it is. It is checked before weights are read; every parameter must be there with
 * exactly its shape.
 *
 * @param folder where the files are
 * @param head what the model is for: `classify` or `maskedWords` (bert), `nextToken` (llama)
 * @returns BadInput, BadConfig, MissingFile, BadContainer, MissingTensor (all that are missing) or WrongShape
 * @example readModel('models/bert', 'classify')
 */
export const readModel = <H extends ModelHead>(
  folder: string,
  head: H,
  { newHead, settings = {} }: ReadModelOptions<H> = {},
): TE.TaskEither<EdgeError, LoadedModel<H>> => {
  const file = join(folder, configName)
  return pipe(
    TE.Do,
    TE.bind('json', (): TE.TaskEither<EdgeError, Fields> => readJson(file, open({}))),
    TE.bind('fill', ({ json }): TE.TaskEither<EdgeError, FillModel<ModelConfigs[H], ModelParams[H]>> => {
      const config = overridden(json, settings)
      return TE.fromEither(
        pipe(
          readerOf(head, config.model_type, file),
          E.flatMap((read) => read(config, file)),
        ),
      )
    }),
    TE.bind('stored', (): TE.TaskEither<EdgeError, ModelTensors> => readModelTensors(folder)),
    TE.flatMapEither(({ fill, stored }) => fill(stored, join(folder, weightsName), newHead)),
  )
}
