import { join } from 'node:path'
import { ArgumentError, type Tensor } from '@cotangent/core'
import { ensureOutputFolder, type FileLayer, weightsName, writeFileAtomic, writeTensors } from '@cotangent/io'
import { hasAdapters } from '@cotangent/nn'
import { attempt, type E, type EdgeError, pipe, TE, type WrongProgram } from '@cotangent/prelude'
import type { LabelFields } from '../config/labels.js'
import { tensorsFromParams } from '../parameters/names.js'
import { configName, printConfigFile } from './configFile.js'
import type { ModelConfig, ParamsFor } from './models.js'

/** transformers' name of the class. */
const className = ({ model_type }: ModelConfig, params: object): string => {
  switch (model_type) {
    case 'bert':
      return 'cls' in params ? 'BertForMaskedLM' : 'BertForSequenceClassification'
    case 'llama':
      return 'LlamaForCausalLM'
  }
}

const plainTensors = (params: unknown): E.Either<WrongProgram, ReadonlyMap<string, Tensor>> =>
  attempt(() => {
    if (hasAdapters(params)) {
      throw new ArgumentError({
        op: 'writeModel',
        expected: 'a model folder holds plain weights.',
        received: 'parameters with adapters',
        todo: 'merge them with mergeAdapters, or save the adapter by itself beside the base model',
      })
    }
    return tensorsFromParams(params)
  })

/** num_labels is not written by transformers: label names are. */
const labelsOf = ({ num_labels, id2label }: LabelFields): object =>
  num_labels === undefined || num_labels === null || id2label
    ? {}
    : {
        id2label: Object.fromEntries(Array.from({ length: num_labels }, (_, i) => [String(i), `LABEL_${i}`])),
        label2id: Object.fromEntries(Array.from({ length: num_labels }, (_, i) => [`LABEL_${i}`, i])),
      }

const written = (config: ModelConfig, params: object): object => {
  const architectures = [className(config, params)]
  if (config.model_type === 'llama') return { ...config, architectures }
  const { num_labels, ...rest } = config
  return { ...rest, ...labelsOf(config), architectures }
}

/**
 * Writes a Hugging Face folder that transformers loads: model.safetensors, then config.json, each whole or not at all.
 * The folder is made where it is not there; a model that is there is replaced. Equal models give equal bytes.
 *
 * @param params plain weights; merge adapters first
 * @returns OutputRefused, WriteFailed, or WrongProgram for parameters with adapters
 * @example writeModel('models/mine', config, params)
 */
export const writeModel = <C extends ModelConfig>(
  folder: string,
  config: C,
  params: ParamsFor<C>,
  layer?: FileLayer,
): TE.TaskEither<EdgeError, void> =>
  pipe(
    TE.fromEither<EdgeError, ReadonlyMap<string, Tensor>>(plainTensors(params)),
    TE.bindTo('tensors'),
    TE.bind('path', (): TE.TaskEither<EdgeError, string> => ensureOutputFolder(folder, { reuse: true })),
    TE.flatMap(
      ({ tensors, path }): TE.TaskEither<EdgeError, void> =>
        pipe(
          writeTensors(join(path, weightsName), tensors, layer === undefined ? {} : { layer }),
          TE.mapLeft((error): EdgeError => error),
          TE.flatMap(() => writeFileAtomic(join(path, configName), printConfigFile(written(config, params)), layer)),
        ),
    ),
  )
