import * as Plot from '@observablehq/plot'
import { html, type Markup, nothing, shortened } from './html.js'
import { plotSvg } from './plotSvg.js'
import type { SeriesStyle } from './style.js'

/** One drawing of a figure. */
export interface Panel {
  /** Above the drawing; empty for none. */
  readonly title: string
  /** Draws it for a width in CSS pixels. */
  readonly draw: (width: number) => Markup
}

/** Widths, in CSS pixels, that a panel is drawn for: on a wide page, and on a narrow one. */
const widths = { full: [1040, 330], half: [490, 330], third: [330, 330] } as const

/** A figure of the report. */
export interface Figure {
  readonly id: string
  readonly title: string
  /** What is shown, how many there are of it, and what intervals mean. */
  readonly caption: string
  readonly legend: readonly LegendItem[]
  /** How much of a wide page each panel takes. */
  readonly size: keyof typeof widths
  readonly panels: readonly Panel[]
}

/** An entry of a legend. */
export interface LegendItem {
  readonly label: string
  readonly style: SeriesStyle
  /** Whether the series is drawn as a line. */
  readonly line: boolean
}

const swatch = ({ style, line }: LegendItem): Markup =>
  plotSvg(
    {
      width: 30,
      height: 14,
      margin: 0,
      axis: null,
      x: { domain: [0, 30] },
      y: { domain: [0, 14] },
      marks: [
        ...(line
          ? [
              Plot.line(
                [
                  [1, 7],
                  [29, 7],
                ],
                { stroke: style.color, strokeWidth: 2, strokeDasharray: style.dash },
              ),
            ]
          : []),
        Plot.dot([[15, 7]], { fill: style.color, symbol: style.symbol, r: 4.5 }),
      ],
    },
    '',
  )

const drawn = (panel: Panel, size: Figure['size']): Markup => {
  const [wide, narrow] = widths[size]
  if (wide === narrow) return html`<div class="drawing">${panel.draw(wide)}</div>`
  return html`<div class="drawing wide">${panel.draw(wide)}</div><div class="drawing narrow">${panel.draw(narrow)}</div>`
}

/** A figure with its title, legend, panels and caption. */
export const figureMarkup = ({ id, title, caption, legend, size, panels }: Figure, number: number): Markup => html`
<figure id="${id}" class="card figure">
<h3><span class="number">Figure ${number}</span> ${shortened(title)}</h3>
${
  legend.length > 0
    ? html`<ul class="legend">${legend.map((item) => html`<li>${swatch(item)}<span>${shortened(item.label, 60)}</span></li>`)}</ul>`
    : nothing
}
<div class="panels ${size}">${panels.map(
  (panel) =>
    html`<div class="panel">${panel.title === '' ? nothing : html`<h4>${shortened(panel.title, 60)}</h4>`}${drawn(panel, size)}</div>`,
)}</div>
<figcaption>${caption}</figcaption>
</figure>`
