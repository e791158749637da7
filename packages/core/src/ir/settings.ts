/*
 * How an equation's settings are written: `[axes=(0,1) keep=true name="a b"]`. Numbers, truth values, words, lists in
 * round brackets, records in braces, programs; every other text is quoted as JSON quotes it. What is written is read
 * back as it was (parse.ts), so two settings print alike only if they are equal.
 */
import type { IR } from './ir.js'

/** As JavaScript writes it, but for -0, which is another number than 0. */
export const printNumber = (x: number): string => (Object.is(x, -0) ? '-0' : String(x))

/** Texts that stand without quotes. */
export const word = /^[A-Za-z_$][\w$.-]*$/

/** What is written without quotes and is no text. */
export const constants: ReadonlyMap<string, unknown> = new Map<string, unknown>([
  ['true', true],
  ['false', false],
  ['null', null],
  ['undefined', undefined],
  ['NaN', Number.NaN],
  ['Infinity', Number.POSITIVE_INFINITY],
])

/** A text, in quotes where it could be taken for something else. */
export const printText = (x: string): string => (word.test(x) && !constants.has(x) ? x : JSON.stringify(x))

/** A value whose text is there already. */
export class Verbatim {
  constructor(readonly text: string) {}
}

const isProgram = (x: object): x is IR => 'equations' in x && 'inputs' in x && 'outputs' in x

const printValue = (x: unknown, printInner: (ir: IR) => string): string => {
  if (typeof x === 'number') return printNumber(x)
  if (typeof x === 'string') return printText(x)
  if (Array.isArray(x)) return `(${x.map((item) => printValue(item, printInner)).join(',')})`
  if (typeof x !== 'object' || x === null) return String(x)
  if (x instanceof Verbatim) return x.text
  if (isProgram(x)) return printInner(x)
  const entries: readonly [string, unknown][] = Object.entries(x)
  return `{${entries.map(([key, value]) => `${printText(key)}=${printValue(value, printInner)}`).join(' ')}}`
}

/** `[key=value key=value]`, with programs as `printInner` writes them. */
export const printSettings = (
  entries: readonly (readonly [key: string, value: unknown])[],
  printInner: (ir: IR) => string,
): string => `[${entries.map(([key, value]) => `${key}=${printValue(value, printInner)}`).join(' ')}]`
