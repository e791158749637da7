import * as Plot from '@observablehq/plot'
import { groupAccuracy } from '../../metrics/index.js'
import { summarise, weightedAccuracy } from '../../statistics/index.js'
import type { Figure } from '../figure.js'
import { plotSvg } from '../plotSvg.js'
import { mailsOf, resampledInterval } from '../resample.js'
import { counted, type FigureSource, perSeed, seedsText, singleRuns, styledRows } from './shared.js'

/** Accuracy of every method on each group of mails. */
export const groups = (source: FigureSource): Figure => {
  const rows = styledRows(source)
  const { results, resamples } = source
  const { truth, group } = results.test
  const present = results.groups.flatMap((name, g) => {
    const mails = mailsOf(results, g)
    return mails.length > 0 ? [{ name, g, mails }] : []
  })
  return {
    id: 'groups',
    title: 'Accuracy by group of mails',
    caption:
      `Bars: mean over seeds of the share answered with the right class; lines: 95 % interval by resampling seeds, then clusters of the group's mails. ` +
      `${seedsText(source)}; ${present.map(({ name, mails }) => `${counted(mails.length, 'mail')} of ${name}`).join(', ')}.${singleRuns(rows)}`,
    legend: [],
    size: 'third',
    panels: present.map(({ name, g, mails }) => ({
      title: `${name} (${counted(mails.length, 'mail')})`,
      draw: (width) => {
        const bars = rows.map((row) => {
          const values = perSeed(
            row,
            ({ predicted }) => groupAccuracy(truth, predicted, group, results.groups.length)[g]?.accuracy ?? null,
          )
          const interval = resampledInterval(results, { statistic: weightedAccuracy, only: mails, resamples }, row.runs)
          const mean = 100 * summarise(values).mean
          const [low, high] = [100 * (interval?.low ?? Number.NaN), 100 * (interval?.high ?? Number.NaN)]
          return { row, label: row.label, mean, low, high }
        })
        return plotSvg(
          {
            width,
            height: 54 + 27 * rows.length,
            marginLeft: 128,
            marginRight: 14,
            marginBottom: 42,
            marginTop: 6,
            x: {
              label: 'Accuracy (%)',
              labelAnchor: 'center',
              domain: [0, 100],
              grid: true,
              ticks: 5,
              labelArrow: 'none',
            },
            y: { label: null, domain: rows.map(({ label }) => label), tickSize: 0, padding: 0.25 },
            marks: [
              ...bars.map(({ row, label, mean }) =>
                Plot.barX([mean], {
                  x: (value: number) => value,
                  y: () => label,
                  fill: row.style.color,
                  fillOpacity: 0.85,
                  title: () => `${row.method.label}: ${mean.toFixed(1)} %`,
                }),
              ),
              Plot.ruleY(bars, { x1: 'low', x2: 'high', y: 'label', stroke: 'var(--ink)', strokeWidth: 1.5 }),
              Plot.tickX(bars, { x: 'low', y: 'label', stroke: 'var(--ink)', inset: 5 }),
              Plot.tickX(bars, { x: 'high', y: 'label', stroke: 'var(--ink)', inset: 5 }),
              Plot.ruleX([0], { stroke: 'var(--ink)' }),
            ],
          },
          `Accuracy on ${name}: ${bars.map(({ label, mean }) => `${label} ${mean.toFixed(1)} %`).join(', ')}`,
        )
      },
    })),
  }
}
