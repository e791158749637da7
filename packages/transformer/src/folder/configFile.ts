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

/** Fields that are floating in transformers, which warns where it finds some of them without a point. */
const floating = [
  'attention_dropout',
  'attention_probs_dropout_prob',
  'classifier_dropout',
  'factor',
  'hidden_dropout_prob',
  'high_freq_factor',
  'initializer_range',
  'layer_norm_eps',
  'low_freq_factor',
  'partial_rotary_factor',
  'rms_norm_eps',
  'rope_theta',
]
/** Such a field of a printed configuration, which has a line of its own. */
const floatingLine = new RegExp(`^( *"(?:${floating.join('|')})": )(-?\\d[\\d.e+-]*)(?=,?$)`, 'gm')

/** A number as Python prints a float: the same digits, another choice of where an exponent begins. */
const pythonFloat = (value: number): string => {
  const [digits = '', exponent = '0'] = value.toExponential().split('e')
  const power = Number(exponent)
  if (value !== 0 && (power < -4 || power >= 16)) {
    return `${digits}e${power < 0 ? '-' : '+'}${String(Math.abs(power)).padStart(2, '0')}`
  }
  const plain = String(value) // below 1e21 and above 1e-7 without an exponent
  return plain.includes('.') ? plain : `${plain}.0`
}

/**
 * A configuration as transformers writes it: keys sorted, two spaces, ASCII, floats as Python prints them.
 *
 * @example printConfigFile({ b: 1, a: 'é' }) // => '{\n  "a": "\\u00e9",\n  "b": 1\n}\n'
 * @example printConfigFile({ rope_theta: 10000 }) // => '{\n  "rope_theta": 10000.0\n}\n'
 */
export const printConfigFile = (config: object): string =>
  `${JSON.stringify(sorted(config), null, 2)
    .replaceAll(floatingLine, (_, field: string, value: string) => `${field}${pythonFloat(Number(value))}`)
    .replaceAll(/[\u0080-\uffff]/g, escaped)}\n`
