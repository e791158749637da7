import { escapeForTerminal } from '@cotangent/prelude'
import { formatP } from '../statistics/index.js'
import { type Analysis, analyse, type Condition, type MethodRow } from './analyse.js'
import { type RunColumn, runColumns } from './columns.js'
import type { StudyResults } from './results.js'
import { intervalText, meanAndStd } from './tables.js'

/** A table for a terminal: a title, the head and the rows, every text safe to print. */
export interface TerminalTable {
  readonly title: string
  readonly head: readonly string[]
  readonly rows: readonly (readonly string[])[]
}

const withUnit = ({ label, unit }: RunColumn): string => (unit === '' ? label : `${label} (${unit})`)

const holmOf = (condition: Condition, row: MethodRow): string => {
  const found = condition.families[0]?.comparisons.find(({ row: other }) => other === row)
  return found ? formatP(found.test.holmP) : ''
}

const tableOf = (condition: Condition, judged: string | null): TerminalTable => {
  const { macroF1, hardHamAccuracy, accuracy, ece, seconds } = runColumns
  const columns = [macroF1, hardHamAccuracy, accuracy, ece, seconds].filter(({ key }) =>
    condition.rows.some((row) => (row.estimates.get(key)?.n ?? 0) > 0),
  )
  const tested = condition.families.length > 0
  const cells = (row: MethodRow, column: RunColumn): readonly string[] => {
    const estimate = row.estimates.get(column.key)
    if (!estimate) return column === macroF1 ? ['–', ''] : ['–']
    const text = meanAndStd(estimate, column)
    return column === macroF1 ? [text, intervalText(estimate, column)] : [text]
  }
  return {
    title: `After ${condition.kind} pre-training${condition.pretrainings > 1 ? ` (mean over ${condition.pretrainings} models)` : ''}: mean ± standard deviation over seeds`,
    head: [
      'Method',
      ...columns.flatMap((column) => (column === macroF1 ? [withUnit(column), '95 % interval'] : [withUnit(column)])),
      ...(tested && judged !== null ? [`p against ${escapeForTerminal(judged, 24)} (Holm)`] : []),
    ],
    rows: condition.rows.map((row) => [
      escapeForTerminal(row.method.label, 40),
      ...columns.flatMap((column) => cells(row, column)),
      ...(tested && judged !== null ? [holmOf(condition, row)] : []),
    ]),
  }
}

/**
 * The main table for a terminal, one for each kind of pre-training.
 *
 * @param results a study's results @param analysis its statistics, where they were already made
 * @returns heads and rows of text without control characters, to be laid out by the caller
 * @example renderTable(results)[0]?.rows[0] // the first method: its label, then texts as '67.5 ± 1.5'
 */
export const renderTable = (results: StudyResults, analysis: Analysis = analyse(results)): readonly TerminalTable[] =>
  analysis.conditions.map((condition) =>
    tableOf(condition, condition.rows.find((row) => row.judged)?.method.label ?? null),
  )
