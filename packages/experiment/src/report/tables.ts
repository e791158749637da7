import { formatP } from '../statistics/index.js'
import type { Condition, Estimate, MethodRow, TestFamily } from './analyse.js'
import { inUnit, type RunColumn, runColumns, shownIn } from './columns.js'
import { html, type Markup, nothing, shortened } from './html.js'
import type { MethodResult, Settings, SettingValue, StudyResults, Work } from './results.js'

const unitOf = ({ unit }: RunColumn): Markup => (unit === '' ? nothing : html`<small>${unit}</small>`)

const label = ({ method }: MethodRow): string => shortened(method.label, 60)

/** A count that is the same in every run has no spread worth showing. */
const hasSpread = ({ std }: Estimate, { digits }: RunColumn): boolean => Number.isFinite(std) && (std > 0 || digits > 0)

/** `71.2 ± 1.3`, or the mean alone where there is no spread to speak of. */
export const meanAndStd = (estimate: Estimate, column: RunColumn): string =>
  estimate.n === 0
    ? '–'
    : hasSpread(estimate, column)
      ? `${shownIn(estimate.mean, column)} ± ${shownIn(estimate.std, column)}`
      : shownIn(estimate.mean, column)

/** `69.8 to 72.6`, empty where no interval was made. */
export const intervalText = ({ interval }: Pick<Estimate, 'interval'>, column: RunColumn): string =>
  interval === null ? '' : `${shownIn(interval.low, column)} to ${shownIn(interval.high, column)}`

/** Columns for which any row has a value. */
const measuredColumns = (rows: readonly MethodRow[]): readonly RunColumn[] =>
  Object.values(runColumns).filter(({ key }) => rows.some((row) => (row.estimates.get(key)?.n ?? 0) > 0))

/** Metrics of how good the answers are; the others say how they came about. */
const quality: ReadonlySet<string> = new Set(['macroF1', 'hardHamAccuracy', 'accuracy', 'spamF1', 'mcc', 'ece'])

/** A table in a box of its own that scrolls where the page is narrow, with its caption above. */
const tableCard = (name: string, caption: string, table: Markup): Markup =>
  html`<div class="card"><p class="caption">${caption}</p><div class="scroll" tabindex="0" role="region" aria-label="${name}">${table}</div></div>`

const cell = (row: MethodRow, column: RunColumn): Markup => {
  const estimate = row.estimates.get(column.key)
  if (!estimate) return html`<td>–</td>`
  const interval = intervalText(estimate, column)
  return html`<td>${meanAndStd(estimate, column)}${interval === '' ? nothing : html`<small>${interval}</small>`}</td>`
}

const rowClass = ({ judged, role }: MethodRow): string => (judged ? 'judged' : role)

const metricTable = (rows: readonly MethodRow[], columns: readonly RunColumn[]): Markup => html`<table>
<thead><tr><th scope="col">Method</th>${columns.map((column) => html`<th scope="col">${column.label}${unitOf(column)}</th>`)}</tr></thead>
<tbody>${rows.map(
  (row) =>
    html`<tr class="${rowClass(row)}"><th scope="row">${label(row)}</th>${columns.map((column) => cell(row, column))}</tr>`,
)}</tbody></table>`

/** The main tables: every metric of every method after one kind of pre-training. */
export const mainTable = (condition: Condition, results: StudyResults): Markup => {
  const columns = measuredColumns(condition.rows)
  const seeds = Math.max(0, ...condition.rows.map((row) => row.seeds.length))
  const mails = results.test.truth.length.toLocaleString('en-US')
  return html`${tableCard(
    'Quality of the answers',
    `Quality of the answers. Mean ± standard deviation over ${seeds} seeds; below it the 95 % interval (resampling seeds, then clusters of mails). ${mails} test mails. In italics: controls.`,
    metricTable(
      condition.rows,
      columns.filter(({ key }) => quality.has(key)),
    ),
  )}${tableCard(
    'Change, rank, cost',
    `How far training moved the model, how many directions it uses, and what it cost. Mean ± standard deviation over ${seeds} seeds.`,
    metricTable(
      condition.rows,
      columns.filter(({ key }) => !quality.has(key)),
    ),
  )}`
}

const signed = (value: number, column: RunColumn): string =>
  `${value < 0 ? '−' : '+'}${Math.abs(inUnit(value, column)).toFixed(column.digits)}`

const testRows = ({ metric, comparisons }: TestFamily, judged: string): readonly Markup[] => [
  html`<tr class="subhead"><th scope="rowgroup" colspan="7">${metric.label}, ${judged} minus …</th></tr>`,
  ...comparisons.map(
    ({ row, interval, test }) => html`<tr><th scope="row">${label(row)}</th>
<td>${signed(test.meanDifference, metric)}</td>
<td>${signed(interval.low, metric)} to ${signed(interval.high, metric)}</td>
<td>${test.wins} of ${test.n}</td>
<td>${formatP(test.p)}</td>
<td>${formatP(test.holmP)}</td>
<td>${formatP(test.smallestHolmP)}</td></tr>`,
  ),
]

/** The paired tests of the judged method against each other one. */
export const testsTable = (condition: Condition): Markup => {
  const judged = condition.rows.find((row) => row.judged)
  const first = condition.families[0]?.comparisons[0]
  if (!judged || !first) return html`<div class="card"><p>There is no method to test against others.</p></div>`
  const { exact, patterns, n } = first.test
  const how = exact
    ? `all ${(2 ** n).toLocaleString('en-US')} sign patterns`
    : `${patterns.toLocaleString('en-US')} random sign patterns`
  return tableCard(
    'Paired tests',
    `Paired permutation test over ${n} seeds (${how}), two-sided; Holm's correction within each metric. Differences in percentage points.`,
    html`<table>
<thead><tr><th scope="col">Against</th><th scope="col">Difference<small>points</small></th><th scope="col">95 % interval<small>points</small></th><th scope="col">Seeds won</th><th scope="col">p</th><th scope="col">p, Holm</th><th scope="col">Smallest attainable<small>p, Holm</small></th></tr></thead>
<tbody>${condition.families.flatMap((family) => testRows(family, label(judged)))}</tbody></table>`,
  )
}

const valueText = (value: SettingValue): string =>
  value === null ? '–' : typeof value === 'number' ? String(value) : shortened(String(value), 200)

/** Names and values. */
export const settingsTable = (settings: Settings): Markup =>
  html`<table class="plain"><tbody>${Object.entries(settings).map(
    ([name, value]) =>
      html`<tr><th scope="row">${shortened(name, 80)}</th><td class="number">${valueText(value)}</td></tr>`,
  )}</tbody></table>`

const settingsText = (settings: Settings): string =>
  Object.entries(settings)
    .map(([name, value]) => `${shortened(name, 60)} ${valueText(value)}`)
    .join(', ')

/** What tuning tried for each method, and what it chose. */
export const tuningTable = (methods: readonly MethodResult[]): Markup => {
  const tuned = methods.filter(({ trials }) => trials.length > 0)
  if (tuned.length === 0) return nothing
  const rows = tuned.flatMap(({ label: name, trials }) => {
    const best = Math.max(...trials.map(({ score }) => score ?? Number.NEGATIVE_INFINITY))
    return trials.map(
      ({ settings, score }, i) =>
        html`<tr><th scope="row">${i === 0 ? shortened(name, 60) : ''}</th><td>${settingsText(settings)}${score === best ? ' (chosen)' : ''}</td><td class="number">${score === null ? '–' : (100 * score).toFixed(1)}</td></tr>`,
    )
  })
  return tableCard(
    'Tuning',
    'Each method was tuned on the validation split, with other seeds than those of the comparison, and the same number of trials. Score: macro F1 on validation.',
    html`<table class="plain compact"><thead><tr><th scope="col">Method</th><th scope="col">Trial</th><th scope="col" class="number">Score<small>%</small></th></tr></thead><tbody>${rows}</tbody></table>`,
  )
}

const teraflop = (flop: number): string => (flop / 1e12).toFixed(2)

/** Work by phase, with its sum. */
export const workTable = (work: readonly Work[]): Markup => {
  const sum = work.reduce((a, b) => ({ phase: '', flop: a.flop + b.flop, seconds: a.seconds + b.seconds }), {
    phase: '',
    flop: 0,
    seconds: 0,
  })
  const row = ({ phase, flop, seconds }: Work) =>
    html`<tr><th scope="row">${shortened(phase, 80)}</th><td class="number">${teraflop(flop)}</td><td class="number">${seconds.toFixed(1)}</td><td class="number">${seconds > 0 ? (flop / seconds / 1e9).toFixed(0) : '–'}</td></tr>`
  return html`<table class="plain">
<thead><tr><th scope="col">Phase</th><th scope="col" class="number">Work<small>TFLOP</small></th><th scope="col" class="number">Time<small>s</small></th><th scope="col" class="number">Rate<small>GFLOP/s</small></th></tr></thead>
<tbody>${work.map(row)}${row({ ...sum, phase: 'Together' })}</tbody></table>`
}

/** What each part of the data was used for. */
export const splitsTable = ({ data }: StudyResults): Markup => html`<table class="plain">
<thead><tr><th scope="col">Split</th><th scope="col" class="number">Mails</th><th scope="col">Use</th></tr></thead>
<tbody>${data.splits.map(
  ({ name, mails, use }) =>
    html`<tr><th scope="row">${shortened(name, 60)}</th><td class="number">${mails.toLocaleString('en-US')}</td><td>${shortened(use, 200)}</td></tr>`,
)}</tbody></table>`
