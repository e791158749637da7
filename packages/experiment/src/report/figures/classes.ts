import * as Plot from '@observablehq/plot'
import { perClassScores } from '../../metrics/index.js'
import type { Figure } from '../figure.js'
import { plotSvg } from '../plotSvg.js'
import {
  counted,
  type FigureSource,
  legendOf,
  percentWithEnds,
  perSeed,
  seedsText,
  shortLabel,
  singleRuns,
  styledRows,
} from './shared.js'

/** F1 of every class, methods beside each other. */
export const classes = (source: FigureSource): Figure => {
  const rows = styledRows(source)
  const { results } = source
  const { truth } = results.test
  const count = results.classes.length
  const scores = new Map(
    rows.map((row) => [
      row,
      results.classes.map((_, k) =>
        percentWithEnds(perSeed(row, ({ predicted }) => perClassScores(truth, predicted, count)[k]?.f1 ?? 0)),
      ),
    ]),
  )
  const classLabels = results.classes.map((name, k) => {
    const mails = truth.filter((label) => label === k).length
    return { k, label: `${shortLabel(name, 14)} (${mails})` }
  })
  return {
    id: 'classes',
    title: 'F1 by class',
    caption:
      `Symbols: mean over seeds; lines: 95 % Student interval of that mean. In brackets: test mails of the class. ` +
      `${seedsText(source)}; ${counted(truth.length, 'test mail')}.${singleRuns(rows)}`,
    legend: legendOf(rows, false),
    size: 'full',
    panels: [
      {
        title: '',
        draw: (width) =>
          plotSvg(
            {
              width,
              height: 60 + count * (10 + 9 * rows.length),
              marginLeft: 128,
              marginRight: 16,
              marginBottom: 44,
              marginTop: 6,
              x: {
                label: 'F1 (%)',
                labelAnchor: 'center',
                domain: [0, 100],
                grid: true,
                ticks: width < 400 ? 5 : 10,
                labelArrow: 'none',
              },
              y: { label: null, domain: classLabels.map(({ label }) => label), tickSize: 0, padding: 0.1 },
              marks: [
                Plot.barX(
                  classLabels.filter((_, i) => i % 2 === 0),
                  { x1: 0, x2: 100, y: 'label', fill: 'var(--ink)', fillOpacity: 0.04 },
                ),
                ...rows.flatMap((row, i) => {
                  const data = classLabels.map(({ k, label }) => ({
                    label,
                    ...(scores.get(row)?.[k] ?? { mean: Number.NaN, low: Number.NaN, high: Number.NaN }),
                  }))
                  const dy = 9 * (i - (rows.length - 1) / 2)
                  return [
                    Plot.ruleY(data, {
                      x1: 'low',
                      x2: 'high',
                      y: 'label',
                      stroke: row.style.color,
                      strokeWidth: 1.5,
                      dy,
                    }),
                    Plot.dot(data, {
                      x: 'mean',
                      y: 'label',
                      fill: row.style.color,
                      symbol: row.style.symbol,
                      r: 4,
                      dy,
                      title: ({ label, mean }: { label: string; mean: number }) =>
                        `${row.method.label}, ${label}: ${mean.toFixed(1)} %`,
                    }),
                  ]
                }),
              ],
            },
            `F1 of ${count} classes for ${rows.map(({ label }) => label).join(', ')}`,
          ),
      },
    ],
  }
}
