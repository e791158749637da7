import { availableParallelism } from 'node:os'
import type { Engine } from '@cotangent/core'
import { startOnnxEngine } from '@cotangent/engine-onnx'
import {
  fineTuningRows,
  labelBatch,
  loadMails,
  makeClassifier,
  makeStudyData,
  pretrain,
  rowsOf,
  type StudyData,
  type StudySettings,
  studyConfig,
  tokenBatch,
} from '@cotangent/experiment'
import { ensureOutputFolder } from '@cotangent/io'
import { type EdgeError, pipe, TE } from '@cotangent/prelude'
import type { BertClassifierParams, BertConfig } from '@cotangent/transformer'
import type { LabData } from '../labFile.js'
import { encodeLab } from './encodeLab.js'

/** Where prepared mails and the model are kept, and who is told what is being done. */
export interface PrepareOptions {
  readonly settings: StudySettings
  /** A folder; it is made where it is missing. */
  readonly cache: string
  readonly tell: (text: string) => void
}

/** The study's pre-training with its faults, or the model that an earlier one left in the cache. */
const pretrained = (
  { settings, cache, tell }: PrepareOptions,
  data: StudyData,
  config: BertConfig,
  engine: Engine,
  threads: number,
): TE.TaskEither<EdgeError, BertClassifierParams> => {
  let before = ''
  return pipe(
    pretrain({
      kind: 'faulty',
      model: 0,
      settings,
      data,
      config,
      engine,
      threads,
      cache,
      onStep: (phase) => {
        if (phase !== before) tell(`pre-training: ${phase}`)
        before = phase
      },
      signal: new AbortController().signal,
    }),
    TE.map(({ params }) => params),
  )
}

/** The fine-tuning set of seed 0, with what the model answers before it is fine-tuned. */
const labData = async (
  settings: StudySettings,
  data: StudyData,
  config: BertConfig,
  engine: Engine,
  model: BertClassifierParams,
): Promise<LabData> => {
  const { pool } = data.parts
  const rows = fineTuningRows(data, settings, 0)
  const { logits, classes } = await makeClassifier(config, engine, () => undefined)(model)(pool.tokens)
  const { labels } = labelBatch(pool.labels, rows)
  return { model, mails: { ...tokenBatch(pool.tokens, rows), labels, teacher: rowsOf(logits, classes, rows) } }
}

const onEngine = (options: PrepareOptions, cache: string): TE.TaskEither<EdgeError, Uint8Array> => {
  const { settings, tell } = options
  const threads = availableParallelism()
  const data = pipe(
    loadMails({ cacheFolder: cache }),
    TE.map((mails) => makeStudyData(mails, settings)),
  )
  return TE.bracketW(
    startOnnxEngine({ threads }),
    (engine) =>
      pipe(
        TE.Do,
        TE.tapIO(() => () => tell('reading mail')),
        TE.bindW('data', () => data),
        TE.let('config', (made) => studyConfig(settings, made.data.classes, made.data.tokenizer.vocabularySize)),
        TE.bindW('model', (made) => pretrained({ ...options, cache }, made.data, made.config, engine, threads)),
        TE.flatMapTask((made) => () => labData(settings, made.data, made.config, engine, made.model)),
        TE.flatMap(encodeLab),
      ),
    (engine) => TE.fromTask(() => engine.close()),
  )
}

/**
 * What a page needs, as the bytes of one file: the study's mails, a model pre-trained on them with its faults, and the
 * fine-tuning set.
 *
 * @returns Left where the corpus, the cache or the engine cannot be used
 */
export const prepareLab = (options: PrepareOptions): TE.TaskEither<EdgeError, Uint8Array> =>
  pipe(
    ensureOutputFolder(options.cache, { reuse: true, bytes: 50_000_000, option: '--cache' }),
    TE.flatMap((cache) => onEngine(options, cache)),
  )
