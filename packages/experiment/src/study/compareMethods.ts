import { mailGroups } from '../data/index.js'
import type { MethodResult } from '../report/index.js'
import type { ClassifierOf } from './classify.js'
import type { Study } from './context.js'
import type { StudyData } from './dataset.js'
import { type FineTuner, fineTuningSteps } from './fineTune.js'
import { inTurn } from './inTurn.js'
import { measure, type NoisyTest } from './measure.js'
import type { StudyMethod } from './methods.js'
import { runOnce, seedRun } from './runs.js'
import type { Start } from './starts.js'
import type { Tuned } from './tuneMethods.js'

/** Every n-th test mail, at most `limit`: a fair sample for the map of features. */
const mapPlaces = (rows: number, limit: number): readonly number[] => {
  const many = Math.min(rows, limit)
  return Array.from({ length: many }, (_, i) => Math.floor((i * rows) / many))
}

/** Fine-tunes every pre-trained model with every seed and method, and measures each on the test split. */
export const compareMethods = async (
  study: Study,
  data: StudyData,
  starts: readonly Start[],
  tuners: ReadonlyMap<StudyMethod, FineTuner>,
  tuned: Tuned,
  classifierOf: ClassifierOf,
  noisy: readonly NoisyTest[],
): Promise<readonly MethodResult[]> => {
  const { settings, methods } = study
  const { test } = data.parts
  const seeds = Array.from({ length: settings.seeds }, (_, i) => i)
  // the methods of one seed lie together, so that a slow moment of the machine falls on all of them
  const runs = starts.flatMap((start) => seeds.flatMap((seed) => methods.map((method) => ({ start, seed, method }))))
  const mailsOfRun = fineTuningSteps(settings) * settings.fineTuning.batch
  const done = await study.during('fine-tuning', runs.length * mailsOfRun, 'mails', (phase) =>
    inTurn(
      runs.map(({ start, seed, method }) => async () => {
        const tuner = tuners.get(method)
        const choice = tuned.get(method)
        if (tuner === undefined || choice === undefined) throw new Error(`no step for ${method.name}`)
        const name = `${method.name} ${start.kind} ${start.index} seed ${seed}`
        const trained = await runOnce(study, phase, tuner, start, data, choice.chosen, seed, name)
        const measured = await measure(classifierOf(trained.params), start.testOutputs, data, noisy)
        return { method, run: seedRun(start, seed, measured, trained), outputs: measured.outputs }
      }),
    ),
  )
  const places = mapPlaces(test.mails.length, settings.evaluation.mapMails)
  return methods.map((method): MethodResult => {
    const own = done.filter((each) => each.method === method)
    const [first] = own
    const choice = tuned.get(method)
    return {
      name: method.name,
      label: method.label,
      description: method.description,
      chosen: { ...choice?.chosen },
      trials: choice?.trials ?? [],
      runs: own.map(({ run }) => run),
      hidden:
        first === undefined || places.length === 0
          ? null
          : {
              pretraining: first.run.pretraining,
              seed: first.run.seed,
              group: places.map((place) => mailGroups.indexOf(test.mails[place]?.group ?? 'ham')),
              features: places.map((place) =>
                Array.from(
                  first.outputs.features.subarray(place * first.outputs.width, (place + 1) * first.outputs.width),
                  (x) => Number(x.toPrecision(4)),
                ),
              ),
            },
    }
  })
}
