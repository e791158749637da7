import * as Plot from '@observablehq/plot'
import { summarise } from '../../statistics/index.js'
import type { Figure } from '../figure.js'
import { plotSvg } from '../plotSvg.js'
import {
  counted,
  type FigureSource,
  legendOf,
  lineWithDots,
  perSeed,
  seedsText,
  singleRuns,
  styledRows,
} from './shared.js'

/** Most singular values that are shown. */
const most = 32

/** Singular values of the test outputs, as shares of their sum. */
export const spectrum = (source: FigureSource): Figure | null => {
  const rows = styledRows(source).filter((row) => row.runs.flat().some((run) => run.outputSpectrum.length > 0))
  if (rows.length === 0) return null
  const length = Math.min(
    most,
    Math.max(...rows.flatMap((row) => row.runs.flat().map((run) => run.outputSpectrum.length))),
  )
  const series = rows.map((row) => ({
    row,
    points: Array.from({ length }, (_, i) => {
      const values = perSeed(row, ({ outputSpectrum }) => {
        const sum = outputSpectrum.reduce((a, b) => a + b, 0)
        const value = outputSpectrum[i]
        return value === undefined || sum === 0 ? null : (100 * value) / sum
      })
      const { mean, min, max } = summarise(values)
      return { i: i + 1, mean, min, max }
    }).filter(({ mean, min }) => mean > 0 && min > 0),
  }))
  return {
    id: 'spectrum',
    title: 'Spectrum of the outputs',
    caption:
      `Singular values of the matrix of test logits, each as a share of their sum, in descending order: a flat line uses all directions, a steep one has collapsed. ` +
      `Lines: mean over seeds; bands: smallest to largest seed. ${seedsText(source)}; ${counted(source.results.test.truth.length, 'test mail')}.${singleRuns(rows)}`,
    legend: legendOf(rows, true),
    size: 'full',
    panels: [
      {
        title: '',
        draw: (width) =>
          plotSvg(
            {
              width,
              height: width < 400 ? 280 : 360,
              marginLeft: 52,
              marginRight: 20,
              marginBottom: 44,
              marginTop: 26,
              x: {
                label: 'Number of the singular value',
                labelArrow: 'none',
                labelAnchor: 'center',
                ticks: Array.from({ length }, (_, i) => i + 1).filter((i) => length <= 16 || i % 4 === 0 || i === 1),
                tickFormat: (i: number) => String(i),
              },
              y: {
                type: 'log',
                inset: 8,
                label: 'Share of the sum (%, log scale)',
                labelArrow: 'none',
                grid: true,
                ticks: 5,
                tickFormat: '~g',
              },
              marks: [
                ...series.map(({ row, points }) =>
                  Plot.areaY(points, { x: 'i', y1: 'min', y2: 'max', fill: row.style.color, fillOpacity: 0.14 }),
                ),
                ...series.flatMap(({ row, points }) =>
                  lineWithDots(
                    row,
                    points,
                    'i',
                    ({ i, mean }) => `${row.method.label}, value ${i}: ${mean.toPrecision(3)} %`,
                  ),
                ),
              ],
            },
            `Singular values of the outputs for ${rows.map(({ label }) => label).join(', ')}`,
          ),
      },
    ],
  }
}
