/** The name that transformers gives to a model's configuration. */
export const configName = 'config.json'

const sorted = (value: unknown): unknown => {
  if (Array.isArray(value)) return value.map(sorted)
  if (typeof value !== 'object' || value === null) return value
  const entries: [string, unknown][] = Object.entries(value)
  return Object.fromEntries(
    entries.sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0)).map(([key, item]) => [key, sorted(item)]),
  )
}

const escaped = (character: string): string => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`

/**
 * A configuration as transformers writes it: keys sorted, two spaces, ASCII.
 *
 * @example printConfigFile({ b: 1, a: 'é' }) // => '{\n  "a": "\\u00e9",\n  "b": 1\n}\n'
 */
export const printConfigFile = (config: object): string =>
  `${JSON.stringify(sorted(config), null, 2).replaceAll(/[\u0080-\uffff]/g, escaped)}\n`
