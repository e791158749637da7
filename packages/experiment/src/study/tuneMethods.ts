import { macroF1 } from '../metrics/index.js'
import type { Trial } from '../report/index.js'
import { answersOf, type ClassifierOf } from './classify.js'
import type { Study } from './context.js'
import type { StudyData } from './dataset.js'
import { type FineTuner, fineTuningSteps } from './fineTune.js'
import { inTurn } from './inTurn.js'
import type { StudyMethod } from './methods.js'
import { runOnce } from './runs.js'
import type { Start } from './starts.js'
import { bestTrial, type Chosen, trialsOf } from './tune.js'

/** What tuning chose for each method, and all that it tried. */
export type Tuned = ReadonlyMap<StudyMethod, { readonly chosen: Chosen; readonly trials: readonly Trial[] }>

/** Seeds of tuning are not those of the comparison. */
const tuningSeed = (i: number): number => 1_000_000 + i

/** Tries every method's settings on the validation split, on the first pre-trained model. */
export const tuneMethods = async (
  study: Study,
  data: StudyData,
  starts: readonly Start[],
  tuners: ReadonlyMap<StudyMethod, FineTuner>,
  classifierOf: ClassifierOf,
): Promise<Tuned> => {
  const { settings, methods } = study
  const [start] = starts
  if (start === undefined) throw new Error('there is no pre-trained model')
  const { validation } = data.parts
  const seeds = Array.from({ length: settings.tuning.seeds }, (_, i) => tuningSeed(i))
  const tried = methods.flatMap((method) => trialsOf(method, settings).map((chosen) => ({ method, chosen })))
  const runs = tried.flatMap((trial) => seeds.map((seed) => ({ ...trial, seed })))
  const mailsOfRun = fineTuningSteps(settings) * settings.fineTuning.batch
  const scores = await study.during('tuning on validation', runs.length * mailsOfRun, 'mails', (phase) =>
    inTurn(
      runs.map(({ method, chosen, seed }) => async () => {
        const tuner = tuners.get(method)
        if (tuner === undefined) throw new Error(`no step for ${method.name}`)
        const { params } = await runOnce(study, phase, tuner, start, data, chosen, seed, '')
        const outputs = await classifierOf(params)(validation.tokens)
        return macroF1(Array.from(validation.labels), answersOf(outputs))
      }),
    ),
  )
  return new Map(
    methods.map((method) => {
      const own = tried.flatMap((trial, i) =>
        trial.method === method
          ? [
              {
                chosen: trial.chosen,
                score:
                  seeds.reduce((sum, _, j) => sum + (scores[i * seeds.length + j] ?? 0), 0) / Math.max(1, seeds.length),
              },
            ]
          : [],
      )
      const chosen = bestTrial(
        own.map((trial) => trial.chosen),
        own.map((trial) => trial.score),
      )
      const trials = own.map(
        ({ chosen: settingsOfTrial, score }): Trial => ({
          settings: { ...settingsOfTrial },
          score: Number(score.toPrecision(6)),
        }),
      )
      return [method, { chosen, trials }]
    }),
  )
}
