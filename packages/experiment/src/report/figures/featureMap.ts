import * as Plot from '@observablehq/plot'
import { embed } from '../embed.js'
import type { Figure } from '../figure.js'
import { plotSvg } from '../plotSvg.js'
import { groupStyle } from '../style.js'
import { counted, type FigureSource, styledRows } from './shared.js'

/** Last hidden features in the plane, a panel for each method, by group of mails. */
export const featureMap = (source: FigureSource): Figure | null => {
  const { results } = source
  const samples = styledRows(source).flatMap(({ method }) =>
    method.hidden && method.hidden.features.length > 1 ? [{ method, hidden: method.hidden }] : [],
  )
  if (samples.length === 0) return null
  const maps = samples.map((sample) => ({ ...sample, embedding: embed(sample.hidden.features, results.seed) }))
  const groups = [...new Set(maps.flatMap(({ hidden }) => hidden.group))].sort((a, b) => a - b)
  const kinds = [...new Set(maps.map(({ embedding }) => embedding.kind))]
  const sizes = [...new Set(maps.map(({ hidden }) => hidden.features.length))]
  return {
    id: 'feature-map',
    title: 'Map of the last hidden features',
    caption:
      `${kinds.join(' or ')} of the last hidden features of a sample of test mails (${kinds.includes('UMAP') ? '15 neighbours, least distance 0.1; ' : ''}one seed for each method), made for each method by itself. ` +
      `Axes have no unit, and only nearness within a panel means something. n = ${sizes.map((n) => counted(n, 'mail')).join(' or ')} in each panel; no interval, as one run is shown.`,
    legend: groups.map((g) => ({
      label: results.groups[g] ?? String(g),
      style: groupStyle(g, results.hiddenGroup),
      line: false,
    })),
    size: 'third',
    panels: maps.map(({ method, hidden, embedding }) => ({
      title: `${method.label} (seed ${hidden.seed})`,
      draw: (width) =>
        plotSvg(
          {
            width,
            height: 0.86 * width,
            margin: 22,
            marginTop: 8,
            marginRight: 8,
            x: { label: `${embedding.kind} 1`, labelArrow: 'none', ticks: [], labelAnchor: 'center', inset: 8 },
            y: { label: `${embedding.kind} 2`, labelArrow: 'none', ticks: [], labelAnchor: 'center', inset: 8 },
            marks: [
              Plot.frame({ stroke: 'var(--line)' }),
              ...groups.map((g) => {
                const style = groupStyle(g, results.hiddenGroup)
                return Plot.dot(
                  embedding.points.filter((_, i) => hidden.group[i] === g),
                  {
                    x: '0',
                    y: '1',
                    fill: style.color,
                    fillOpacity: 0.72,
                    symbol: style.symbol,
                    r: g === results.hiddenGroup ? 4.2 : 3,
                    ...(g === results.hiddenGroup ? { stroke: 'var(--card)', strokeWidth: 0.8 } : {}),
                  },
                )
              }),
            ],
          },
          `Hidden features of ${method.label} in the plane, ${groups.map((g) => results.groups[g]).join(', ')}`,
        ),
    })),
  }
}
