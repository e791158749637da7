/* Tables and pages as text. */

/** The cells of a row. */
export type Row = readonly string[]

const escaped = (text: string): string => text.replaceAll('|', '\\|')

/** A table. */
export const table = (head: Row, rows: readonly Row[]): string =>
  [head, head.map(() => '---'), ...rows].map((cells) => `| ${cells.map(escaped).join(' | ')} |`).join('\n')

/** A page that says that it is generated. */
export const page = (title: string, ...parts: readonly string[]): string =>
  `${[`# ${title}`, 'Made by `npm run tables` from the registry of primitives, the doc comments and the laws in `packages/testing`.', ...parts].join('\n\n')}\n`

/** Text as code. */
export const code = (text: string): string => `\`${text.replaceAll('`', "'")}\``
