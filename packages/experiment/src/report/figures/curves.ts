import * as Plot from '@observablehq/plot'
import { summarise } from '../../statistics/index.js'
import type { Figure, Panel } from '../figure.js'
import { plotSvg } from '../plotSvg.js'
import { type FigureSource, legendOf, type StyledRow, seedsText, shortLabel, styledRows } from './shared.js'

interface Point {
  readonly step: number
  readonly mean: number
  readonly low: number
  readonly high: number
}

/** A symbol on every so many points. */
const marked = (points: number): number => Math.max(1, Math.ceil(points / 5))

/** Most points that a curve is drawn with; longer ones are averaged in windows. */
const most = 100

/** Mean and spread over runs at each step, then averaged in windows where there are too many steps. */
const pointsOf = (row: StyledRow, term: string): readonly Point[] => {
  const bySteps = new Map<number, number[]>()
  for (const run of row.runs.flat()) {
    for (const curve of run.curves) {
      if (curve.term !== term) continue
      curve.steps.forEach((step, i) => {
        const values = bySteps.get(step) ?? []
        values.push(curve.values[i] ?? Number.NaN)
        bySteps.set(step, values)
      })
    }
  }
  const steps = [...bySteps.keys()].sort((a, b) => a - b)
  const size = Math.ceil(steps.length / most)
  return Array.from({ length: Math.ceil(steps.length / size) || 0 }, (_, w) => {
    const inside = steps.slice(w * size, (w + 1) * size)
    const summaries = inside.map((step) => summarise(bySteps.get(step) ?? []))
    const average = (read: (summary: (typeof summaries)[number]) => number) => summarise(summaries.map(read)).mean
    const mean = average((summary) => summary.mean)
    const std = average((summary) => (Number.isNaN(summary.std) ? 0 : summary.std))
    return { step: summarise(inside).mean, mean, low: mean - std, high: mean + std }
  })
}

/** The unit that the runs give for a term. */
const unitOf = (rows: readonly StyledRow[], term: string): string => {
  const curves = rows.flatMap((row) => row.runs.flat().flatMap((run) => run.curves))
  return shortLabel(curves.find((curve) => curve.term === term)?.unit ?? '', 12)
}

const panel = (term: string, rows: readonly StyledRow[]): Panel => ({
  title: term,
  draw: (width) => {
    const unit = unitOf(rows, term)
    const series = rows.map((row) => ({ row, points: pointsOf(row, term) })).filter(({ points }) => points.length > 0)
    return plotSvg(
      {
        width,
        height: 230,
        marginLeft: 50,
        marginRight: 14,
        marginBottom: 40,
        marginTop: 28,
        x: { label: 'Step', labelArrow: 'none', labelAnchor: 'center', ticks: 5 },
        y: {
          label: unit === '' ? 'Value (no unit)' : `Value (${unit})`,
          labelArrow: 'none',
          grid: true,
          nice: true,
          ticks: 5,
        },
        marks: [
          ...series.map(({ row, points }) =>
            Plot.areaY(points, { x: 'step', y1: 'low', y2: 'high', fill: row.style.color, fillOpacity: 0.16 }),
          ),
          ...series.flatMap(({ row, points }, i) => [
            Plot.line(points, {
              x: 'step',
              y: 'mean',
              stroke: row.style.color,
              strokeWidth: row.judged ? 2.4 : 1.7,
              strokeDasharray: row.style.dash,
            }),
            // a few symbols along the line, those of each method elsewhere, so that overlapping lines can be told apart
            Plot.dot(
              points.filter(
                (_, at) =>
                  at % marked(points.length) === Math.floor((marked(points.length) * (i + 0.5)) / series.length),
              ),
              { x: 'step', y: 'mean', fill: row.style.color, symbol: row.style.symbol, r: 3.6 },
            ),
          ]),
        ],
      },
      `${term} against steps for ${series.map(({ row }) => row.label).join(', ')}`,
    )
  },
})

/** Every named term of the loss during fine-tuning. */
export const curves = (source: FigureSource): Figure | null => {
  const rows = styledRows(source)
  const trained = rows.filter((row) => row.runs.flat().some((run) => run.curves.length > 0))
  const terms = [
    ...new Set(trained.flatMap((row) => row.runs.flat().flatMap((run) => run.curves.map(({ term }) => term)))),
  ]
  if (terms.length === 0) return null
  const longest = Math.max(
    ...trained.flatMap((row) => row.runs.flat().flatMap((run) => run.curves.map(({ steps }) => steps.length))),
  )
  return {
    id: 'curves',
    title: 'Every term of the loss during fine-tuning',
    caption:
      `Unweighted value of each term on the training batches. Lines: mean over seeds; bands: ± 1 standard deviation over runs. ` +
      `${seedsText(source)}.${longest > most ? ` Each point is the mean of ${Math.ceil(longest / most)} logged steps.` : ''} A method appears where its objective has or logs the term.`,
    legend: legendOf(trained, true),
    size: 'third',
    panels: terms.map((term) => panel(term, trained)),
  }
}
