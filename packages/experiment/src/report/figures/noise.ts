import * as Plot from '@observablehq/plot'
import type { Figure } from '../figure.js'
import { plotSvg } from '../plotSvg.js'
import {
  counted,
  type FigureSource,
  legendOf,
  lineWithDots,
  percentWithEnds,
  perSeed,
  seedsText,
  singleRuns,
  styledRows,
} from './shared.js'

/** Accuracy when characters of the test mails are changed at random. */
export const noise = (source: FigureSource): Figure | null => {
  const rows = styledRows(source)
  const { results } = source
  const strengthsOf = (row: (typeof rows)[number]) =>
    row.runs.flat().flatMap(({ metrics }) => metrics.accuracyUnderNoise.map(({ strength }) => strength))
  const strengths = [...new Set(rows.flatMap(strengthsOf))].sort((a, b) => a - b)
  const shown = rows.filter((row) => strengthsOf(row).length > 0)
  if (strengths.length === 0) return null
  const series = shown.map((row) => ({
    row,
    points: strengths.flatMap((strength) => {
      const values = perSeed(
        row,
        ({ metrics }) => metrics.accuracyUnderNoise.find((point) => point.strength === strength)?.accuracy ?? null,
      )
      return values.length > 0 ? [{ strength: 100 * strength, ...percentWithEnds(values) }] : []
    }),
  }))
  return {
    id: 'noise',
    title: 'Accuracy against character noise',
    caption:
      `Each character of the test mails was changed with the probability on the axis. Lines: mean over seeds; bands: 95 % Student interval of that mean. ` +
      `${seedsText(source)}; ${counted(results.noisyMails, 'test mail')}.${singleRuns(shown)}`,
    legend: legendOf(shown, true),
    size: 'full',
    panels: [
      {
        title: '',
        draw: (width) =>
          plotSvg(
            {
              width,
              height: width < 400 ? 300 : 380,
              marginLeft: 48,
              marginRight: 20,
              marginBottom: 44,
              marginTop: 26,
              x: {
                label: 'Characters changed (%)',
                labelArrow: 'none',
                ticks: strengths.map((s) => 100 * s),
                labelAnchor: 'center',
              },
              y: { label: 'Accuracy (%)', labelArrow: 'none', grid: true, nice: true },
              marks: [
                ...series.map(({ row, points }) =>
                  Plot.areaY(points, {
                    x: 'strength',
                    y1: 'low',
                    y2: 'high',
                    fill: row.style.color,
                    fillOpacity: 0.14,
                  }),
                ),
                ...series.flatMap(({ row, points }) =>
                  lineWithDots(
                    row,
                    points,
                    'strength',
                    ({ strength, mean }) =>
                      `${row.method.label}, ${strength.toFixed(0)} % changed: ${mean.toFixed(1)} %`,
                  ),
                ),
              ],
            },
            `Accuracy at ${strengths.map((s) => `${(100 * s).toFixed(0)} %`).join(', ')} noise for ${shown.map(({ label }) => label).join(', ')}`,
          ),
      },
    ],
  }
}
