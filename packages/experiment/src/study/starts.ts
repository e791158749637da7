import { loadMails } from '../data/index.js'
import type { ClassifierOf, Outputs } from './classify.js'
import { rightOrThrow, type Study } from './context.js'
import { makeStudyData, type StudyData } from './dataset.js'
import type { Teacher } from './fineTune.js'
import { inTurn } from './inTurn.js'
import { type PretrainingKind, pretrain, pretrainingMails } from './pretrain.js'
import { studyConfig } from './studyConfig.js'

/** One pre-trained model with all that fine-tuning and measuring need of it. */
export interface Start {
  readonly index: number
  readonly kind: PretrainingKind
  readonly teacher: Teacher
  readonly testOutputs: Outputs
}

/** Reads, splits and encodes the mails. */
export const makeData = async (study: Study): Promise<StudyData> => {
  const { cache } = study.options
  const set = await study.during('reading mail', 6046, 'mails', async (phase) => {
    let before = 0
    return rightOrThrow(
      await loadMails({
        cacheFolder: cache,
        onProgress: (done) => {
          phase.advance(done - before)
          before = done
        },
      })(),
    )
  })
  const data = makeStudyData(set, study.settings)
  const { parts, tokenizer } = data
  const counts = Object.entries(parts).map(([name, { mails }]) => `${mails.length} ${name}`)
  study.note(
    `${set.mails.length} mails, ${set.clusters.twins.sizes.length} after near-duplicates; split by cluster: ${counts.join(', ')}; ` +
      `${tokenizer.vocabularySize} tokens; ${parts.test.tokens.truncated} of ${parts.test.mails.length} test mails cut to ${study.settings.model.length}`,
  )
  return data
}

/** Pre-trains every model that the settings ask for, or takes it from the cache, and asks it about the mails. */
export const makeStarts = async (
  study: Study,
  data: StudyData,
  classifierOf: ClassifierOf,
): Promise<readonly Start[]> => {
  const { settings, options } = study
  const { engine, threads, cache, listen, signal } = options
  const config = studyConfig(settings, data.classes, data.tokenizer.vocabularySize)
  const kinds: readonly PretrainingKind[] = settings.pretraining.clean ? ['faulty', 'clean'] : ['faulty']
  const asked = kinds.flatMap((kind) =>
    Array.from({ length: settings.pretraining.models }, (_, model) => ({ kind, model })),
  )
  const common = { settings, data, config, engine, threads, cache }
  const total = asked.reduce((sum, each) => sum + pretrainingMails({ ...common, ...each }), 0)
  const models = await study.during('pre-training', total, 'mails', (phase) =>
    inTurn(
      asked.map(({ kind, model }) => async () => {
        const run = `pretraining ${kind} ${model}`
        const found = rightOrThrow(
          await pretrain({
            ...common,
            kind,
            model,
            signal,
            onStep: (part, record, flop, mails) => {
              phase.work(flop)
              phase.advance(mails, record.values.total ?? null, part)
              listen({ _tag: 'Step', run: `${run} ${part}`, step: record.step, values: record.values })
            },
          })(),
        )
        if (found.cached) {
          phase.advance(pretrainingMails({ ...common, kind, model }))
          study.note(`${run}: from the cache, ${found.folder}`)
        }
        return { kind, params: found.params }
      }),
    ),
  )
  const { pool, test } = data.parts
  return study.during('asking the teacher', models.length * (pool.mails.length + test.mails.length), 'mails', (phase) =>
    inTurn(
      models.map(({ kind, params }, index) => async (): Promise<Start> => {
        const classify = classifierOf(params)
        const { logits } = await classify(pool.tokens)
        phase.advance(pool.mails.length)
        const testOutputs = await classify(test.tokens)
        phase.advance(test.mails.length)
        return { index, kind, teacher: { params, poolLogits: logits }, testOutputs }
      }),
    ),
  )
}
