import type { StepRecord } from '../fit/index.js'
import type { Curve, SeedRun } from '../report/index.js'
import { rightOrThrow, type Study } from './context.js'
import type { StudyData } from './dataset.js'
import type { Phase } from './events.js'
import type { FineTuned, FineTuner } from './fineTune.js'
import type { Measured } from './measure.js'
import type { Start } from './starts.js'
import type { Chosen } from './tune.js'

/** Fine-tunes once, telling the phase. */
export const runOnce = async (
  study: Study,
  phase: Phase,
  tuner: FineTuner,
  start: Start,
  data: StudyData,
  chosen: Chosen,
  seed: number,
  run: string,
): Promise<FineTuned> => {
  const { listen, signal } = study.options
  return rightOrThrow(
    await tuner(start.teacher, data, chosen, seed, {
      signal,
      onStep: (record, flop) => {
        phase.work(flop)
        phase.advance(study.settings.fineTuning.batch, record.values.total ?? null, run)
        if (run !== '') listen({ _tag: 'Step', run, step: record.step, values: record.values })
      },
    }),
  )
}

const curvesOf = (records: readonly StepRecord[]): readonly Curve[] => {
  const terms = Object.keys(records[0]?.values ?? {})
  return terms.map((term) => ({
    term,
    unit: term === 'task' || term === 'total' ? 'nats' : '',
    steps: records.map(({ step }) => step),
    values: records.map(({ values }) => values[term] ?? 0),
  }))
}

/** A run as the results hold it; `trained` is null for what was not trained. */
export const seedRun = (start: Start | null, seed: number, measured: Measured, trained: FineTuned | null): SeedRun => ({
  pretraining: start?.index ?? null,
  seed,
  metrics: {
    ...measured.metrics,
    trainableParameters: trained?.trainable ?? 0,
    seconds: trained?.seconds ?? 0,
  },
  predicted: measured.predicted,
  curves: trained === null ? [] : curvesOf(trained.records),
  outputSpectrum: measured.outputSpectrum,
})
