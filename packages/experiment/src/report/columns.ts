import type { MaybeNumber, RunMetrics } from './results.js'

/** How a metric of a run is read, named and written. */
export interface RunColumn {
  readonly key: keyof Omit<RunMetrics, 'accuracyUnderNoise'>
  /** Head of a column. */
  readonly label: string
  /** Within a sentence, and on an axis. */
  readonly spoken: string
  /** Unit as shown; shares are shown in %. */
  readonly unit: '%' | 'nats' | 's' | ''
  /** Digits after the point, as shown. */
  readonly digits: number
  readonly better: 'higher' | 'lower' | null
  readonly read: (metrics: RunMetrics) => MaybeNumber
}

const column = (
  key: RunColumn['key'],
  label: string,
  spoken: string,
  unit: RunColumn['unit'],
  digits: number,
  better: RunColumn['better'],
): RunColumn => ({ key, label, spoken, unit, digits, better, read: (metrics) => metrics[key] })

/** Every metric that is a number for each run, in the order of the table. */
export const runColumns = {
  macroF1: column('macroF1', 'Macro F1', 'macro F1', '%', 1, 'higher'),
  hardHamAccuracy: column('hardHamAccuracy', 'Hard ham', 'accuracy on hard ham', '%', 1, 'higher'),
  accuracy: column('accuracy', 'Accuracy', 'accuracy', '%', 1, 'higher'),
  spamF1: column('spamF1', 'Spam F1', 'F1 of spam', '%', 1, 'higher'),
  mcc: column('mcc', 'Matthews', "Matthews' correlation", '', 3, 'higher'),
  ece: column('ece', 'Calibration error', 'expected calibration error', '%', 1, 'lower'),
  driftKl: column('driftKl', 'Drift', 'KL from the teacher', 'nats', 3, null),
  driftFlips: column('driftFlips', 'Changed answers', "answers other than the teacher's", '%', 1, null),
  effectiveRankOutputs: column('effectiveRankOutputs', 'Rank, outputs', 'effective rank of the outputs', '', 2, null),
  effectiveRankHidden: column(
    'effectiveRankHidden',
    'Rank, features',
    'effective rank of the last hidden features',
    '',
    1,
    null,
  ),
  trainableParameters: column('trainableParameters', 'Trained numbers', 'trained numbers', '', 0, null),
  seconds: column('seconds', 'Time', 'time', 's', 1, 'lower'),
} satisfies Record<RunColumn['key'], RunColumn>

/** A value in the unit of its column: shares become per cent. */
export const inUnit = (value: number, { unit }: RunColumn): number => (unit === '%' ? 100 * value : value)

/**
 * A number of a column as shown, `–` where there is none.
 *
 * @example shownIn(0.71234, runColumns.macroF1) // => '71.2'
 */
export const shownIn = (value: number, column: RunColumn): string =>
  Number.isFinite(value)
    ? column.digits === 0
      ? Math.round(inUnit(value, column)).toLocaleString('en-US')
      : inUnit(value, column).toFixed(column.digits)
    : '–'
