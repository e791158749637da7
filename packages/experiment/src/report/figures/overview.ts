import * as Plot from '@observablehq/plot'
import { inUnit, type RunColumn, runColumns } from '../columns.js'
import type { Figure, Panel } from '../figure.js'
import { plotSvg } from '../plotSvg.js'
import { meanAndStd } from '../tables.js'
import { counted, type FigureSource, type StyledRow, seedsText, singleRuns, styledRows } from './shared.js'

const capitalised = (text: string): string => text.slice(0, 1).toUpperCase() + text.slice(1)

/** Methods beside each other: every seed as a dot, the mean as a symbol, its interval as a line. */
const panel = (rows: readonly StyledRow[], column: RunColumn): Panel => ({
  title: capitalised(column.spoken),
  draw: (width) => {
    const measured = rows.filter((row) => (row.estimates.get(column.key)?.n ?? 0) > 0)
    const estimates = measured.flatMap((row) => {
      const estimate = row.estimates.get(column.key)
      return estimate ? [{ row, estimate }] : []
    })
    const show = (value: number) => inUnit(value, column)
    return plotSvg(
      {
        width,
        height: 56 + 34 * measured.length,
        marginLeft: 132,
        marginRight: 18,
        marginBottom: 44,
        marginTop: 8,
        x: {
          label: `${capitalised(column.spoken)} (%)`,
          labelAnchor: 'center',
          nice: true,
          grid: true,
          ticks: width < 400 ? 5 : 8,
          labelArrow: 'none',
        },
        y: { label: null, domain: measured.map(({ label }) => label), tickSize: 0 },
        marks: estimates.flatMap(({ row, estimate }) => [
          Plot.dot(estimate.values, {
            x: show,
            y: () => row.label,
            r: 3,
            fill: row.style.color,
            fillOpacity: 0.35,
            dy: 7,
            title: (value: number, i: number) =>
              `${row.method.label}, seed ${row.seeds[i] ?? ''}: ${show(value).toFixed(1)} %`,
          }),
          ...(estimate.interval
            ? [
                Plot.ruleY([estimate.interval], {
                  x1: show(estimate.interval.low),
                  x2: show(estimate.interval.high),
                  y: () => row.label,
                  stroke: row.style.color,
                  strokeWidth: 2.5,
                  dy: -4,
                }),
              ]
            : []),
          Plot.dot([estimate.mean], {
            x: show,
            y: () => row.label,
            r: 6,
            fill: row.style.color,
            symbol: row.style.symbol,
            stroke: 'var(--card)',
            dy: -4,
            title: () => `${row.method.label}: ${meanAndStd(estimate, column)} %`,
          }),
        ]),
      },
      `${column.label} of ${measured.map((row) => row.label).join(', ')}, in per cent`,
    )
  },
})

/** The two metrics that were named beforehand. */
export const overview = (source: FigureSource): Figure => {
  const rows = styledRows(source)
  const { results } = source
  const mails = results.test.truth.length
  const hidden = results.test.group.filter((group) => group === results.hiddenGroup).length
  const columns = results.hiddenGroup === null ? [runColumns.macroF1] : [runColumns.macroF1, runColumns.hardHamAccuracy]
  return {
    id: 'overview',
    title: 'What was asked: macro F1, and accuracy on what pre-training never saw',
    caption:
      `Large symbols: mean over seeds; lines: 95 % interval by resampling seeds, then clusters of mails; small dots: the seeds. ` +
      `${seedsText(source)}; ${counted(mails, 'test mail')}${hidden > 0 ? `, ${hidden} of them ${results.groups[results.hiddenGroup ?? -1] ?? 'in the hidden group'}` : ''}.${singleRuns(rows)}`,
    legend: [],
    size: 'half',
    panels: columns.map((column) => panel(rows, column)),
  }
}
