import { fitBagOfWords } from '../baseline/index.js'
import { accuracy } from '../metrics/index.js'
import type { MethodResult, SeedRun } from '../report/index.js'
import { answersOf, type ClassifierOf, type Outputs } from './classify.js'
import type { Study } from './context.js'
import type { StudyData, TokenRows } from './dataset.js'
import { fineTuningRows } from './fineTune.js'
import { inTurn } from './inTurn.js'
import { measure, type NoisyTest } from './measure.js'
import { seedRun } from './runs.js'
import type { Start } from './starts.js'

/** What the pre-trained models answer without fine-tuning. */
export const teacherControl = async (
  data: StudyData,
  starts: readonly Start[],
  classifierOf: ClassifierOf,
  noisy: readonly NoisyTest[],
): Promise<MethodResult> => {
  const runs = await inTurn(
    starts.map((start) => async () => {
      const measured = await measure(classifierOf(start.teacher.params), start.testOutputs, data, noisy)
      return seedRun(start, 0, measured, null)
    }),
  )
  return {
    name: 'teacher',
    label: 'Teacher, untouched',
    description: 'The pre-trained model as it is.',
    chosen: {},
    trials: [],
    runs,
    hidden: null,
  }
}

/** What the encoder reads of each mail, as text again: a control shall not see more. */
const textsOf = ({ tokenizer }: StudyData, { rows, length, inputIds }: TokenRows): readonly string[] =>
  Array.from({ length: rows }, (_, i) => tokenizer.decode(inputIds.subarray(i * length, (i + 1) * length)))

/** Bag of words on the same fine-tuning sets, cut to the same tokens: what needs no pre-training. */
export const bagControl = async (study: Study, data: StudyData, noisy: readonly NoisyTest[]): Promise<MethodResult> => {
  const { settings } = study
  const { pool, test } = data.parts
  const classes = data.classes.length
  const [poolTexts, testTexts] = [textsOf(data, pool.tokens), textsOf(data, test.tokens)]
  const runs: SeedRun[] = []
  for (let seed = 0; seed < settings.seeds; seed++) {
    const rows = fineTuningRows(data, settings, seed)
    const began = performance.now()
    const bag = fitBagOfWords(
      rows.map((i) => poolTexts[i] ?? ''),
      rows.map((i) => pool.labels[i] ?? 0),
      { classes },
    )
    const seconds = (performance.now() - began) / 1000
    const logitsOf = (texts: readonly string[]): Float32Array =>
      Float32Array.from(bag.probabilities(texts).flatMap((row) => Array.from(row, (p) => Math.log(Math.max(p, 1e-30)))))
    const clean: Outputs = { logits: logitsOf(testTexts), classes, features: new Float32Array(0), width: 0 }
    const measured = await measure(() => Promise.resolve(clean), clean, data, [])
    const accuracyUnderNoise = noisy.map(({ strength, labels, tokens }) => ({
      strength,
      accuracy: accuracy(labels, answersOf({ ...clean, logits: logitsOf(textsOf(data, tokens)) })),
    }))
    runs.push({
      ...seedRun(null, seed, measured, null),
      outputSpectrum: [],
      metrics: {
        ...measured.metrics,
        accuracyUnderNoise,
        driftKl: null,
        driftFlips: null,
        effectiveRankOutputs: null,
        effectiveRankHidden: null,
        trainableParameters: bag.parameters,
        seconds,
      },
    })
  }
  return {
    name: 'bag-of-words',
    label: 'Bag of words',
    description: 'Tf-idf and logistic regression on the same mails and tokens, no pre-training.',
    chosen: {},
    trials: [],
    runs,
    hidden: null,
  }
}
