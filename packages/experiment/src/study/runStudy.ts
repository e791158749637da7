import { warnings } from '@cotangent/ba-lora'
import { E, type EdgeError, type FieldFault, type TE } from '@cotangent/prelude'
import { mailLabels } from '../data/index.js'
import type { StudyResults } from '../report/index.js'
import { makeClassifier } from './classify.js'
import { compareMethods } from './compareMethods.js'
import { Study, StudyFailure, type StudyOptions } from './context.js'
import { bagControl, teacherControl } from './controls.js'
import { fineTuningSteps, makeFineTuner } from './fineTune.js'
import { makeNoisyTests } from './measure.js'
import { baLoraSettings } from './methods.js'
import { resultsOf } from './results.js'
import type { StudySettings } from './settings.js'
import { makeData, makeStarts } from './starts.js'
import { studyConfig } from './studyConfig.js'
import { tuneMethods } from './tuneMethods.js'

/** What must hold between settings, beyond what each says by itself. */
export const settingsFaults = ({ model, fineTuning, pretraining }: StudySettings): readonly FieldFault[] => [
  ...(model.width % model.heads === 0
    ? []
    : [{ path: 'model.heads', expected: `a divisor of model.width (${model.width})`, received: String(model.heads) }]),
  ...(fineTuning.batch <= fineTuning.mails
    ? []
    : [
        {
          path: 'fineTuning.batch',
          expected: `at most fineTuning.mails (${fineTuning.mails})`,
          received: String(fineTuning.batch),
        },
      ]),
  ...(pretraining.noise < 1 ? [] : [{ path: 'pretraining.noise', expected: 'a rate below 1', received: '1' }]),
]

const sayWarnings = (study: Study, classes: number): void => {
  const { settings, methods } = study
  if (settings.pretraining.clean || settings.pretraining.models > 1) {
    study.warn('Rates and λ are tuned on the first faulty model and used for every model.')
  }
  if (!methods.some(({ name }) => name === 'ba-lora')) return
  const facts = {
    classes,
    batchRows: settings.fineTuning.batch,
    teacherHead: 'trained' as const,
    steps: fineTuningSteps(settings),
  }
  for (const { text } of warnings(baLoraSettings(settings), facts)) study.warn(text)
}

const carryOut = async (study: Study): Promise<StudyResults> => {
  const { settings, options, methods } = study
  sayWarnings(study, mailLabels.length)
  const data = await makeData(study)
  const config = studyConfig(settings, data.classes, data.tokenizer.vocabularySize)
  const classifierOf = makeClassifier(config, options.engine, (flop) => study.phase?.work(flop))
  const starts = await makeStarts(study, data, classifierOf)
  const tuners = new Map(methods.map((method) => [method, makeFineTuner(method, config, settings, options.engine)]))
  const tuned = await tuneMethods(study, data, starts, tuners, classifierOf)
  const noisy = makeNoisyTests(data, settings)
  const results = await compareMethods(study, data, starts, tuners, tuned, classifierOf, noisy)
  const controls = await study.during('controls', 2, 'controls', async (phase) => {
    const teacher = await teacherControl(data, starts, classifierOf, noisy)
    phase.advance(1)
    const bag = await bagControl(study, data, noisy)
    phase.advance(1)
    return [teacher, bag]
  })
  const flop = study.work.reduce((sum, each) => sum + each.flop, 0)
  study.note(`work in all: ${(flop / 1e12).toFixed(2)} TFLOP, counted from shapes`)
  return resultsOf(study, data, starts, results, controls, noisy)
}

/**
 * The whole study: mail, pre-training with known faults, tuning, the comparison, controls.
 *
 * @param options settings without faults (see `settingsFaults`)
 * @returns Left for a corpus or cache that cannot be used, or a loss that stopped being finite
 * @throws the signal's reason when it is aborted
 */
export const runStudy =
  (options: StudyOptions): TE.TaskEither<EdgeError, StudyResults> =>
  async () => {
    try {
      return E.right(await carryOut(new Study(options)))
    } catch (error) {
      if (error instanceof StudyFailure) return E.left(error.error)
      throw error
    }
  }
