import { labSettings, type TermName, termNames } from '../settings.js'
import { element, setText, within } from './elements.js'
import { type History, seriesOf } from './history.js'
import { linePath } from './linePath.js'
import { shortNumber } from './numbers.js'

const [width, height] = [300, 100]

interface Panel {
  readonly name: TermName
  readonly now: Element
  readonly line: Element
  readonly zero: Element
  readonly low: Element
  readonly high: Element
}

const panelOf = (name: TermName): Panel => {
  const chart = element(`chart-${name}`, SVGSVGElement)
  return {
    name,
    now: element(`now-${name}`, HTMLElement),
    line: within(chart, '.line', SVGPathElement),
    zero: within(chart, '.zero', SVGPathElement),
    low: element(`low-${name}`, HTMLElement),
    high: element(`high-${name}`, HTMLElement),
  }
}

/** Draws the history of every term, and the newest values. */
export const lossCharts = (): ((history: History, now: Readonly<Record<TermName, number>> | null) => void) => {
  const panels = termNames.map(panelOf)
  const merged = element('merged', HTMLElement)
  return (history, now) => {
    setText(merged, history.stride === 1 ? '' : `; a point is the mean of ${history.stride} steps`)
    for (const panel of panels) {
      const { path, zero, low, high } = linePath(seriesOf(history, panel.name), width, height)
      panel.line.setAttribute('d', path)
      panel.zero.setAttribute('d', zero === null ? '' : `M0 ${zero}H${width}`)
      setText(panel.now, now === null ? '–' : shortNumber(now[panel.name]))
      setText(panel.low, path === '' ? '' : `from ${shortNumber(low)}`)
      setText(panel.high, path === '' ? '' : `to ${shortNumber(high)}`)
    }
  }
}

interface Row {
  readonly bar: HTMLElement
  readonly mark: HTMLElement
  readonly now: HTMLElement
  readonly teacher: HTMLElement
}

const makeRow = (body: HTMLElement, i: number): Row => {
  const row = document.createElement('tr')
  row.innerHTML = `<th scope="row">${i + 1}</th><td class="bars" aria-hidden="true"><i class="bar-now"></i><i class="mark"></i></td><td></td><td></td>`
  body.append(row)
  return {
    bar: within(row, '.bar-now', HTMLElement),
    mark: within(row, '.mark', HTMLElement),
    now: within(row, 'td:nth-child(3)', HTMLElement),
    teacher: within(row, 'td:nth-child(4)', HTMLElement),
  }
}

const sumOf = (values: readonly number[]): number => values.reduce((sum, x) => sum + x, 0)

/** The part of the sum that the k largest hold, of values in descending order. */
const shareOf = (values: readonly number[], k: number): number => sumOf(values.slice(0, k)) / sumOf(values)

const percent = (share: number): string => (Number.isFinite(share) ? `${Math.round(100 * share)} %` : '–')

/** Draws the singular values of the newest batch: now, and as the teacher has them. */
export const spectrumChart = (): ((now: readonly number[], teacher: readonly number[]) => void) => {
  const body = within(element('spectrum', HTMLTableElement), 'tbody', HTMLTableSectionElement)
  const share = element('share', HTMLElement)
  const { k } = labSettings.fineTuning
  const rows: Row[] = []
  return (now, teacher) => {
    while (rows.length < now.length) rows.push(makeRow(body, rows.length))
    const longest = Math.max(...now, ...teacher, Number.MIN_VALUE)
    for (const [i, row] of rows.entries()) {
      const [value, before] = [now[i] ?? 0, teacher[i] ?? 0]
      row.bar.style.width = `${(100 * value) / longest}%`
      row.mark.hidden = now.length === 0
      row.mark.style.left = `${(100 * before) / longest}%`
      setText(row.now, now.length === 0 ? '–' : shortNumber(value))
      setText(row.teacher, now.length === 0 ? '–' : shortNumber(before))
    }
    setText(
      share,
      now.length === 0
        ? ''
        : `The ${k} largest hold ${percent(shareOf(now, k))} of their sum; the teacher’s hold ${percent(shareOf(teacher, k))}.`,
    )
  }
}
