/* An equation's settings from their text; see settings.ts for how they are written. */
import type { IR } from './ir.js'
import type { Reader } from './reader.js'
import { constants } from './settings.js'

const number = /-?(?:\d+(?:\.\d+)?(?:e[+-]?\d+)?|Infinity\b)/y
const bare = /[A-Za-z_$][\w$.-]*/y
const quoted = /"(?:[^"\\\n]|\\.)*"/y
const program = /\{\s*lambda\b(?!\s*=)/y

const parseText = (reader: Reader, what: string): string => {
  const at = reader.at
  const text = reader.take(quoted)
  if (text === null) return reader.need(bare, what)
  try {
    const value: unknown = JSON.parse(text)
    return String(value)
  } catch {
    return reader.fail('a text in quotes is written as in JSON.', at)
  }
}

const parseValue = (reader: Reader, inner: () => IR): unknown => {
  const found = reader.take(number)
  if (found !== null) return Number(found)
  if (reader.peek(program) !== null) return inner()
  if (reader.take(/\(/y) !== null) {
    const items: unknown[] = []
    while (reader.peek(/\)/y) === null) {
      items.push(parseValue(reader, inner))
      if (reader.take(/,/y) === null) break
    }
    reader.need(/\)/y, 'a comma, or a closing )')
    return items
  }
  if (reader.take(/\{/y) !== null) {
    const entries = parseEntries(reader, inner, /\}/y)
    reader.need(/\}/y, 'another setting, or a closing }')
    return Object.fromEntries(entries)
  }
  if (reader.peek(/"/y) !== null) return parseText(reader, 'a text')
  const text = reader.need(bare, 'a value')
  return constants.has(text) ? constants.get(text) : text
}

const parseEntries = (reader: Reader, inner: () => IR, end: RegExp): ReadonlyMap<string, unknown> => {
  const entries = new Map<string, unknown>()
  while (reader.peek(end) === null) {
    const at = reader.at
    const key = parseText(reader, 'the name of a setting')
    if (entries.has(key)) reader.fail(`a setting is given once, and ${key} is already.`, at)
    reader.need(/=/y, 'the sign =')
    entries.set(key, parseValue(reader, inner))
  }
  return entries
}

/** `[key=value ...]`; `inner` reads a program. */
export const parseSettings = (reader: Reader, inner: () => IR): ReadonlyMap<string, unknown> => {
  reader.need(/\[/y, 'an opening [')
  const entries = parseEntries(reader, inner, /\]/y)
  reader.need(/\]/y, 'a closing ]')
  return entries
}
