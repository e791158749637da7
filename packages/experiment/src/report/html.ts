/** A piece of HTML that needs no more escaping. */
export class Markup {
  constructor(readonly html: string) {}
}

// Controls would be errors in HTML; bidirectional overrides could make text read otherwise than it is.
const unprintable =
  // biome-ignore lint/suspicious/noControlCharactersInRegex: controls are what is looked for
  /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]|[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/g

const entities: ReadonlyMap<string, string> = new Map([
  ['&', '&amp;'],
  ['<', '&lt;'],
  ['>', '&gt;'],
  ['"', '&quot;'],
  ["'", '&#39;'],
])

/**
 * Text without what cannot be shown, each such character as U+FFFD.
 *
 * @example printable('a\u001bb') // => 'a\ufffdb'
 */
export const printable = (text: string): string => text.replace(unprintable, '\ufffd')

/**
 * Text from data as HTML text or attribute value.
 *
 * @example escapeHtml('<b>') // => '&lt;b&gt;'
 */
export const escapeHtml = (text: string): string =>
  printable(text).replace(/[&<>"']/g, (character) => entities.get(character) ?? character)

/**
 * Text cut to a length that a page can hold; the rest is counted.
 *
 * @example shortened('abcdef', 3) // => 'abc… (3 more characters)'
 */
export const shortened = (text: string, max = 120): string => {
  const characters = [...text.slice(0, 2 * max)]
  return text.length <= max ? text : `${characters.slice(0, max).join('')}… (${text.length - max} more characters)`
}

type Hole = string | number | Markup | readonly Markup[]

const filled = (hole: Hole): string => {
  if (hole instanceof Markup) return hole.html
  if (typeof hole === 'string' || typeof hole === 'number') return escapeHtml(String(hole))
  return hole.map((part) => part.html).join('')
}

/**
 * HTML with holes: what fills a hole is text and gets escaped, unless it is already {@link Markup}.
 *
 * @example html`<p>${'<script>'}</p>`.html // => '<p>&lt;script&gt;</p>'
 */
export const html = (parts: TemplateStringsArray, ...holes: readonly Hole[]): Markup =>
  new Markup(parts.map((part, i) => (i < holes.length ? part + filled(holes[i] ?? '') : part)).join(''))

/** Nothing. */
export const nothing = new Markup('')

/**
 * A value as JSON that may stand inside a script element: no `<` that could close it, no line separators,
 * no control characters or bidirectional overrides.
 *
 * @example embeddedJson('</script>').html // => '"\\u003c/script>"'
 */
export const embeddedJson = (value: unknown): Markup =>
  new Markup(
    JSON.stringify(value).replace(
      /[<\u007f-\u009f\u2028-\u202e\u2066-\u2069]/g,
      (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
    ),
  )
