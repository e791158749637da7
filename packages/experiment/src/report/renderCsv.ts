import type { MethodResult, RunMetrics, SeedRun, StudyResults } from './results.js'

/** First characters by which a spreadsheet takes a cell for a formula. */
const formula = /^[=+\-@\t\r]/

/**
 * One cell of CSV: quoted where it must be, and a text that a spreadsheet would run gets `'` before it.
 *
 * @example csvCell('=HYPERLINK("x")') // => `"'=HYPERLINK(""x"")"`
 */
export const csvCell = (value: string | number | null): string => {
  if (value === null) return ''
  if (typeof value === 'number') return String(value)
  const text = formula.test(value) ? `'${value}` : value
  return text !== value || /[",\n\r]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text
}

const scalars = [
  'macroF1',
  'hardHamAccuracy',
  'accuracy',
  'spamF1',
  'mcc',
  'ece',
  'driftKl',
  'driftFlips',
  'effectiveRankOutputs',
  'effectiveRankHidden',
  'trainableParameters',
  'seconds',
] as const satisfies readonly (keyof RunMetrics)[]

/**
 * Every run's metrics as CSV, a row for each, for a notebook or a spreadsheet (RFC 4180, LF line ends).
 *
 * @param results a study's results
 * @example renderCsv(results).split('\n')[0] // method,role,pretraining,pretraining_seed,seed,macroF1 and so on
 */
export const renderCsv = (results: StudyResults): string => {
  const runs = [...results.methods, ...results.controls].flatMap(({ runs: all }) => all)
  const strengths = [
    ...new Set(runs.flatMap(({ metrics }) => metrics.accuracyUnderNoise.map(({ strength }) => strength))),
  ].sort((a, b) => a - b)
  const line = (method: MethodResult, role: string, { pretraining, seed, metrics }: SeedRun): string => {
    const model = pretraining === null ? undefined : results.pretrainings[pretraining]
    const noisy = strengths.map(
      (strength) => metrics.accuracyUnderNoise.find((point) => point.strength === strength)?.accuracy ?? null,
    )
    return [
      method.name,
      role,
      model?.kind ?? null,
      model?.seed ?? null,
      seed,
      ...scalars.map((key) => metrics[key]),
      ...noisy,
    ]
      .map(csvCell)
      .join(',')
  }
  const head = [
    'method',
    'role',
    'pretraining',
    'pretraining_seed',
    'seed',
    ...scalars,
    ...strengths.map((strength) => `accuracy_at_noise_${strength}`),
  ]
  return `${[
    head.map(csvCell).join(','),
    ...results.methods.flatMap((method) => method.runs.map((run) => line(method, 'method', run))),
    ...results.controls.flatMap((method) => method.runs.map((run) => line(method, 'control', run))),
  ].join('\n')}\n`
}
