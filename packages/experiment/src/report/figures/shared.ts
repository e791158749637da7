import * as Plot from '@observablehq/plot'
import { meanInterval, summarise } from '../../statistics/index.js'
import type { Condition, MethodRow } from '../analyse.js'
import type { LegendItem } from '../figure.js'
import { shortened } from '../html.js'
import type { SeedRun, StudyResults } from '../results.js'
import { type SeriesStyle, seriesStyles } from '../style.js'

/** What every figure is drawn from. */
export interface FigureSource {
  readonly results: StudyResults
  readonly condition: Condition
  /** Resamples of a figure's own bootstraps. */
  readonly resamples: number
}

/** A row with how it looks. */
export interface StyledRow extends MethodRow {
  readonly style: SeriesStyle
  /** Label cut to what a figure's margin holds. */
  readonly label: string
}

const plain: SeriesStyle = { color: 'currentColor', symbol: 'circle', dash: 'none' }

/** Rows of a condition with their styles. Labels stay different from each other where cutting makes them equal. */
export const styledRows = ({ condition }: FigureSource): readonly StyledRow[] => {
  const styles = seriesStyles(condition.rows)
  const cut = condition.rows.map(({ method }) => shortLabel(method.label))
  return condition.rows.map((row, i) => {
    const label = cut[i] ?? ''
    return {
      ...row,
      style: styles.get(row.method.name) ?? plain,
      label: cut.indexOf(label) === i ? label : `${label} (${i + 1})`,
    }
  })
}

/** A label cut to what fits beside a figure. */
export const shortLabel = (label: string, max = 20): string =>
  label.length <= max ? label : `${[...label].slice(0, max - 1).join('')}…`

export const legendOf = (rows: readonly StyledRow[], line: boolean): readonly LegendItem[] =>
  rows.map(({ method, style }) => ({ label: shortened(method.label, 60), style, line }))

/** A method's means as a line in its style, a symbol with a title at each of them. */
export const lineWithDots = <P extends { readonly mean: number }>(
  { style, judged }: StyledRow,
  points: readonly P[],
  x: keyof P & string,
  title: (point: P) => string,
): readonly Plot.Markish[] => [
  Plot.line(points, {
    x,
    y: 'mean',
    stroke: style.color,
    strokeWidth: judged ? 2.6 : 1.8,
    strokeDasharray: style.dash,
  }),
  Plot.dot(points, { x, y: 'mean', fill: style.color, symbol: style.symbol, r: 4.5, title }),
]

/** "8 seeds", or "8 seeds × 3 pre-trained models". */
export const seedsText = ({ condition }: FigureSource): string => {
  const seeds = Math.max(...condition.rows.map((row) => row.seeds.length))
  const models = condition.pretrainings > 1 ? `, each the mean over ${condition.pretrainings} pre-trained models` : ''
  return `n = ${counted(seeds, 'seed')}${models}`
}

export const counted = (n: number, noun: string): string => `${n.toLocaleString('en-US')} ${noun}${n === 1 ? '' : 's'}`

/** Controls without seeds to vary are named, since they have no spread over seeds. */
export const singleRuns = (rows: readonly MethodRow[]): string => {
  const single = rows.filter(({ seeds }) => seeds.length === 1).map(({ method }) => shortened(method.label, 40))
  return single.length > 0 && single.length < rows.length ? ` ${single.join(', ')}: one seed.` : ''
}

/** Mean over pre-trainings, for each seed, of what `read` finds; seeds without a value are left out. */
export const perSeed = (row: MethodRow, read: (run: SeedRun) => number | null): readonly number[] =>
  row.runs.flatMap((runs) => {
    const values = runs.flatMap((run) => read(run) ?? [])
    return values.length > 0 ? [summarise(values).mean] : []
  })

/** Mean share in % with Student's interval over seeds, cut at 0 and 100; both ends are the mean where there is one seed. */
export const percentWithEnds = (
  shares: readonly number[],
): { readonly mean: number; readonly low: number; readonly high: number } => {
  const { mean } = summarise(shares)
  const interval = meanInterval(shares)
  return {
    mean: 100 * mean,
    low: 100 * Math.max(0, interval?.low ?? mean),
    high: 100 * Math.min(1, interval?.high ?? mean),
  }
}
