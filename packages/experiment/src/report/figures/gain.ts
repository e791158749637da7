import * as Plot from '@observablehq/plot'
import type { Interaction } from '../../statistics/index.js'
import { meanInterval, summarise } from '../../statistics/index.js'
import type { Figure } from '../figure.js'
import { shortened } from '../html.js'
import { plotSvg } from '../plotSvg.js'
import { counted, type FigureSource } from './shared.js'

/** The gain of the judged method over its rival after each kind of pre-training, seed by seed. */
export const gain = ({ results }: FigureSource, found: Interaction | null): Figure | null => {
  const named = (name: string | null) => results.methods.find((method) => method.name === name)
  const judged = named(results.judged)
  const rival = named(results.rival)
  if (!found || !judged || !rival) return null
  const kinds = (['faulty', 'clean'] as const).map((kind) => {
    const differences = judged.runs.flatMap((run) => {
      if (run.pretraining === null || results.pretrainings[run.pretraining]?.kind !== kind) return []
      const other = rival.runs.find(({ seed, pretraining }) => seed === run.seed && pretraining === run.pretraining)
      return other ? [{ seed: run.seed, points: 100 * (run.metrics.macroF1 - other.metrics.macroF1) }] : []
    })
    const seeds = [...new Set(differences.map(({ seed }) => seed))]
    const values = seeds.map(
      (wanted) => summarise(differences.flatMap(({ seed, points }) => (seed === wanted ? [points] : []))).mean,
    )
    const color = kind === 'faulty' ? 'var(--judged)' : 'var(--series-0)'
    return {
      label: `${kind} pre-training`,
      values,
      mean: summarise(values).mean,
      interval: meanInterval(values),
      color,
    }
  })
  const models = found.perPretraining.length
  const pair = `${shortened(judged.label, 40)} minus ${shortened(rival.label, 40)}`
  return {
    id: 'gain',
    title: `Does the gain depend on the fault? ${pair}`,
    caption:
      `Difference in macro F1, ${pair}. Large symbols: mean over seeds; lines: 95 % Student interval of that mean; small dots: seeds, each the mean over ${counted(models, 'pre-trained model')} of its kind. ` +
      `n = ${counted(found.overSeeds.n, 'seed')}.`,
    legend: [],
    size: 'full',
    panels: [
      {
        title: '',
        draw: (width) =>
          plotSvg(
            {
              width,
              height: 140,
              marginLeft: 132,
              marginRight: 18,
              marginBottom: 44,
              marginTop: 8,
              x: {
                label: 'Difference in macro F1 (points)',
                labelArrow: 'none',
                labelAnchor: 'center',
                nice: true,
                grid: true,
                ticks: width < 400 ? 5 : 9,
              },
              y: { label: null, domain: kinds.map(({ label }) => label), tickSize: 0 },
              marks: [
                Plot.ruleX([0], { stroke: 'var(--ink)' }),
                ...kinds.flatMap(({ label, values, mean, interval, color }, i) => [
                  Plot.dot(values, {
                    x: (value: number) => value,
                    y: () => label,
                    r: 3,
                    fill: color,
                    fillOpacity: 0.35,
                    dy: 8,
                  }),
                  ...(interval
                    ? [
                        Plot.ruleY([interval], {
                          x1: 'low',
                          x2: 'high',
                          y: () => label,
                          stroke: color,
                          strokeWidth: 2.5,
                          dy: -4,
                        }),
                      ]
                    : []),
                  Plot.dot([mean], {
                    x: (value: number) => value,
                    y: () => label,
                    r: 6,
                    fill: color,
                    stroke: 'var(--card)',
                    symbol: i === 0 ? 'diamond' : 'circle',
                    dy: -4,
                    title: () => `${label}: ${mean.toFixed(1)} points`,
                  }),
                ]),
              ],
            },
            `Gain in macro F1 of ${pair}: ${kinds.map(({ label, mean }) => `${mean.toFixed(1)} points after ${label}`).join(', ')}`,
          ),
      },
    ],
  }
}
