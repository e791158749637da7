// C0, DEL and C1 controls, line and paragraph separators, bidirectional overrides, lone surrogates.
const unsafe =
  // biome-ignore lint/suspicious/noControlCharactersInRegex: controls are what is looked for
  /[\u0000-\u001f\u007f-\u009f\u2028\u2029\u202a-\u202e\u2066-\u2069]|[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/g
const unsafeInLines =
  // biome-ignore lint/suspicious/noControlCharactersInRegex: controls are what is looked for
  /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u2028\u2029\u202a-\u202e\u2066-\u2069]|[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/g

const shortNames = new Map([
  ['\n', '\\n'],
  ['\r', '\\r'],
  ['\t', '\\t'],
])

const hexadecimal = (character: string): string => {
  const code = character.charCodeAt(0)
  return code < 0x100 ? `\\x${code.toString(16).padStart(2, '0')}` : `\\u${code.toString(16).padStart(4, '0')}`
}

const visible = (character: string): string => shortNames.get(character) ?? hexadecimal(character)

/**
 * One line of text that is safe to print, whatever the data holds: control characters become `\x1b`, `\n` and the like,
 * and a long text is cut.
 *
 * @param text anything read from a file, a path or an argument
 * @param max the most UTF-16 units to keep of `text`; the rest is counted
 * @returns text without C0, DEL and C1 controls, line separators and bidirectional overrides
 * @example escapeForTerminal('a\u001b[31mb') // => 'a\\x1b[31mb'
 * @example escapeForTerminal('abcdef', 3) // => 'abc… (3 more characters)'
 */
export const escapeForTerminal = (text: string, max = 200): string =>
  text.length <= max
    ? text.replace(unsafe, visible)
    : `${text.slice(0, max).replace(unsafe, visible)}… (${text.length - max} more characters)`

/**
 * A text of several lines that is safe to print: as `escapeForTerminal`, but newlines and tabs stay and nothing is cut.
 *
 * @example escapeLines('one\ntwo\u0007') // => 'one\ntwo\\x07'
 */
export const escapeLines = (text: string): string => text.replace(unsafeInLines, hexadecimal)
