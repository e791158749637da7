/* What the author of a function called its arguments, so that messages can use these names. */
import type { AnyFunction } from '../trace/trace.js'

const opening = new Set(['(', '[', '{'])
const closing = new Set([')', ']', '}'])

/** Splits at commas that stand in no bracket. */
const parts = (list: string): readonly string[] => {
  let depth = 0
  const found = ['']
  for (const char of list) {
    if (opening.has(char)) depth++
    if (closing.has(char)) depth--
    if (depth < 0) break
    if (char === ',' && depth === 0) found.push('')
    else found.push(`${found.pop()}${char}`)
  }
  return found.map((part) => part.trim())
}

/**
 * A name for each of `count` arguments of a function: the parameter's own, or `args[0]` for what has none (a pattern, a
 * rest, a function that is not written in JavaScript).
 *
 * @example parameterNames((params: Tensor, { x }: { x: Tensor }) => mul(params, x), 2) // => ['params', 'args[1]']
 */
export const parameterNames = (f: AnyFunction, count: number): readonly string[] => {
  const text = Function.prototype.toString.call(f).replaceAll(/\/\*[\s\S]*?\*\/|\/\/[^\n]*/g, '')
  const alone = /^\s*([A-Za-z_$][\w$]*)\s*=>/.exec(text)?.[1]
  const list = alone ?? /^[^(]*\(([\s\S]*)/.exec(text)?.[1] ?? ''
  const names = parts(list).map((part) => /^([A-Za-z_$][\w$]*)\s*(?:=[^>][\s\S]*)?$/.exec(part)?.[1])
  return Array.from({ length: count }, (_, i) => names[i] ?? `args[${i}]`)
}

/** `params.layers[3].query`, of a path `[0].layers[3].query` into the list of arguments. */
export const namedPath = (names: readonly string[], path: string): string =>
  path.replace(/^\[(\d+)\]/, (whole, i: string) => names[Number(i)] ?? `args${whole}`)
