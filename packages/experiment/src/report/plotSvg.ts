import * as Plot from '@observablehq/plot'
import { parseHTML } from 'linkedom'
import { Markup, printable } from './html.js'

// Coordinates to a hundredth of a pixel: more is invisible and doubles the file.
const roundedCoordinates = (svg: string): string =>
  svg.replace(/ (?:d|transform|x|y|x1|x2|y1|y2|cx|cy|r|width|height)="[^"]*"/g, (attribute) =>
    attribute.replace(/-?\d+\.\d{3,}(?:e-?\d+)?/g, (number) => String(Math.round(Number(number) * 100) / 100)),
  )

/**
 * Draws a plot without a browser, as SVG that takes its colours from the page.
 *
 * Every text reaches the SVG as a text node of a document, so data cannot become markup.
 *
 * @param options Plot's own; `document` and fonts are set here
 * @param description what a reader who cannot see it should know
 */
export const plotSvg = (options: Plot.PlotOptions, description: string): Markup => {
  const { document } = parseHTML('<!doctype html><html><body></body></html>')
  const figure = Plot.plot({
    ...options,
    document,
    className: 'plot',
    style: { background: 'none', fontSize: '12px', fontFamily: 'inherit', overflow: 'visible' },
  })
  figure.setAttribute('role', 'img')
  figure.setAttribute('aria-label', printable(description))
  // the page has one style sheet for all figures
  figure.querySelector('style')?.remove()
  return new Markup(roundedCoordinates(printable(figure.outerHTML)))
}
