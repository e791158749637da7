import type { MethodRow } from './analyse.js'

/** Symbols that Plot knows and that differ in outline. */
export type SymbolName = 'circle' | 'square' | 'triangle' | 'diamond' | 'star' | 'wye' | 'cross'

/** How one series looks in every figure: colour, symbol and dash, so that no meaning rests on colour alone. */
export interface SeriesStyle {
  /** A CSS variable of the page, which has a value for light and one for dark. */
  readonly color: string
  readonly symbol: SymbolName
  readonly dash: string
}

const symbols: readonly SymbolName[] = ['circle', 'square', 'triangle', 'wye']
const controlSymbols: readonly SymbolName[] = ['cross', 'star']
const dashes = ['none', '7 3', '2 3', '9 3 2 3', '4 2', '12 3']
const controlDashes = ['1 4', '6 5']

const at = <A>(list: readonly A[], i: number, other: A): A => list[i % list.length] ?? other

/**
 * Styles of the rows: the judged method stands out, other methods follow in order, controls are grey.
 *
 * @param rows rows of one condition
 * @example seriesStyles(rows).get('ba-lora')?.color // the judged method's: 'var(--judged)'
 */
export const seriesStyles = (rows: readonly MethodRow[]): ReadonlyMap<string, SeriesStyle> => {
  let methods = 0
  let controls = 0
  return new Map(
    rows.map(({ method, role, judged }): [string, SeriesStyle] => {
      if (judged) return [method.name, { color: 'var(--judged)', symbol: 'diamond', dash: 'none' }]
      if (role === 'control') {
        const i = controls++
        const style = {
          color: `var(--control-${i % 2})`,
          symbol: at(controlSymbols, i, 'cross'),
          dash: at(controlDashes, i, '1 4'),
        }
        return [method.name, style]
      }
      const i = methods++
      return [
        method.name,
        { color: `var(--series-${i % 6})`, symbol: at(symbols, i, 'circle'), dash: at(dashes, i + 1, 'none') },
      ]
    }),
  )
}

/** Styles of groups of mails; the hidden group stands out. */
export const groupStyle = (group: number, hiddenGroup: number | null): SeriesStyle => {
  if (group === hiddenGroup) return { color: 'var(--judged)', symbol: 'triangle', dash: 'none' }
  return {
    color: `var(--series-${group % 6})`,
    symbol: at(['circle', 'square', 'star'], group, 'circle'),
    dash: 'none',
  }
}
