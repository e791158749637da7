import { evaluateIR, makeIR, singularValues, tensor } from '@cotangent/core'
import { EigenvalueDecomposition, Matrix } from 'ml-matrix'
import { characterNoise, mailGroups } from '../data/index.js'
import { streamOf } from '../fit/index.js'
import {
  accuracy,
  binaryF1,
  drift,
  effectiveRank,
  expectedCalibrationError,
  groupAccuracy,
  macroF1,
  matthews,
  softmax,
} from '../metrics/index.js'
import type { MaybeNumber, NoisePoint, RunMetrics } from '../report/index.js'
import { answersOf, type Classify, logitRows, type Outputs } from './classify.js'
import { encodeTexts, type StudyData, type TokenRows } from './dataset.js'
import type { StudySettings } from './settings.js'

/**
 * Test mails whose characters were changed, for each strength, 0 (unchanged) first: the same mails for every strength,
 * method and seed.
 */
export interface NoisyTest {
  readonly strength: number
  /** Class of each mail. */
  readonly labels: readonly number[]
  readonly tokens: TokenRows
}

export const makeNoisyTests = (data: StudyData, { seed, evaluation, model }: StudySettings): readonly NoisyTest[] => {
  const { mails, labels } = data.parts.test
  const many = evaluation.noisyMails === 0 ? mails.length : Math.min(evaluation.noisyMails, mails.length)
  // every n-th mail: the corpus is ordered by kind
  const places = Array.from({ length: many }, (_, i) => Math.floor((i * mails.length) / many))
  const strengths = evaluation.noiseStrengths.filter((strength) => strength > 0)
  return (strengths.length === 0 ? [] : [0, ...strengths]).map((strength) => {
    const { uniform } = streamOf(seed, 'character noise', strength)
    const texts = places.map((i) => characterNoise(mails[i]?.text ?? '', strength, uniform))
    return {
      strength,
      labels: places.map((i) => labels[i] ?? 0),
      tokens: encodeTexts(data.tokenizer, texts, model.length),
    }
  })
}

/** NaN (an accuracy on no rows) as JSON can hold it. */
const orNull = (x: number): MaybeNumber => (Number.isFinite(x) ? x : null)

/** Singular values of a matrix [n, width] with few columns, descending. */
const spectrum = ({ logits, classes }: Outputs): readonly number[] => {
  const x = tensor(logits, [logits.length / classes, classes])
  const [values] = evaluateIR(makeIR(singularValues)(x), [x], { floats: 'f64' })
  return Array.from(values?.data ?? [])
}

/** Singular values of the centred features: roots of the eigenvalues of their scatter matrix. None where there are none. */
const centredSpectrum = ({ features, width }: Outputs): readonly number[] => {
  if (width === 0) return []
  const rows = features.length / width
  const x = new Matrix(rows, width)
  for (let i = 0; i < rows; i++) for (let j = 0; j < width; j++) x.set(i, j, features[i * width + j] ?? 0)
  const centred = x.center('column', {})
  const scatter = centred.transpose().mmul(centred)
  const { realEigenvalues } = new EigenvalueDecomposition(scatter, { assumeSymmetric: true })
  return realEigenvalues.map((w) => Math.sqrt(Math.max(0, w)))
}

export interface Measured {
  readonly metrics: Omit<RunMetrics, 'trainableParameters' | 'seconds'>
  readonly predicted: readonly number[]
  readonly outputSpectrum: readonly number[]
  readonly outputs: Outputs
}

/**
 * Everything the study says of one model, on the test split.
 *
 * @param classify the model @param teacher the pre-trained model's answers to the test mails
 */
export const measure = async (
  classify: Classify,
  teacher: Outputs,
  data: StudyData,
  noisy: readonly NoisyTest[],
): Promise<Measured> => {
  const { test } = data.parts
  const outputs = await classify(test.tokens)
  const predicted = answersOf(outputs)
  const truth = Array.from(test.labels)
  const spam = data.classes.indexOf('spam')
  const isSpam = (label: number): number => Number(label === spam)
  const accuracyUnderNoise: NoisePoint[] = []
  for (const { strength, labels, tokens } of noisy) {
    accuracyUnderNoise.push({ strength, accuracy: accuracy(labels, answersOf(await classify(tokens))) })
  }
  const groups = groupAccuracy(
    truth,
    predicted,
    test.mails.map(({ group }) => mailGroups.indexOf(group)),
    mailGroups.length,
  )
  const outputSpectrum = spectrum(outputs)
  const { kl, flips } = drift(logitRows(teacher), logitRows(outputs))
  return {
    metrics: {
      macroF1: macroF1(truth, predicted),
      hardHamAccuracy: orNull(groups[mailGroups.indexOf('hard-ham')]?.accuracy ?? Number.NaN),
      accuracy: accuracy(truth, predicted),
      mcc: matthews(truth, predicted),
      ece: orNull(expectedCalibrationError(logitRows(outputs).map(softmax), truth)),
      spamF1: orNull(binaryF1(truth.map(isSpam), predicted.map(isSpam))),
      accuracyUnderNoise,
      driftKl: orNull(kl),
      driftFlips: orNull(flips),
      effectiveRankOutputs: orNull(effectiveRank(outputSpectrum)),
      effectiveRankHidden: orNull(effectiveRank(centredSpectrum(outputs))),
    },
    predicted,
    outputSpectrum,
    outputs,
  }
}
