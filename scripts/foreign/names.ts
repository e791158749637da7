/* Names here and there, side by side: names.json, and what of it was checked (checked.json, by check-foreign-names.py). */
import { readFileSync } from 'node:fs'
import { code, type Row, table } from '../markdown.js'
import { families } from '../operations/families.js'
import { type OperationPackage, operationPackages } from '../operations/readOperations.js'

/** The other side: JAX with Optax, or PyTorch. */
export type Side = 'jax' | 'torch'

/** A name here, and those of the other frameworks; `null` where there is no counterpart. */
export interface Counterpart {
  readonly name: string
  readonly jax: string | null
  readonly torch: string | null
  readonly jaxNote?: string
  readonly torchNote?: string
}

/** What check-foreign-names.py has found to exist, and where. */
export interface Checked {
  readonly versions: { readonly jax: string; readonly optax: string; readonly torch: string }
  readonly jax: readonly string[]
  readonly torch: readonly string[]
}

const parsed = <T>(file: string): T => JSON.parse(readFileSync(new URL(file, import.meta.url), 'utf8')) as T // border: files of ours

/** Every operation with its counterparts, by package. */
export const counterparts: Readonly<Record<OperationPackage, readonly Counterpart[]>> = parsed('./names.json')

/** The names that were looked up, with the versions they were looked up in. */
export const checked: Checked = parsed('./checked.json')

const noteOf = (row: Counterpart, side: Side): string => (side === 'jax' ? row.jaxNote : row.torchNote) ?? ''

/** The rows of a family whose operations have a counterpart. */
const rowsOf = (names: Partial<Record<OperationPackage, readonly string[]>>, side: Side): readonly Row[] =>
  operationPackages.flatMap((from) =>
    (names[from] ?? []).flatMap((name) => {
      const row = counterparts[from].find((each) => each.name === name)
      const there = row?.[side] ?? null
      return row === undefined || there === null ? [] : [[code(name), code(there), noteOf(row, side)]]
    }),
  )

const without = (side: Side): string =>
  operationPackages
    .flatMap((from) => counterparts[from].filter((row) => row[side] === null).map(({ name }) => code(name)))
    .join(', ')

const versionsOf = ({ versions }: Checked, side: Side): string =>
  side === 'jax' ? `JAX ${versions.jax} and Optax ${versions.optax}` : `PyTorch ${versions.torch}`

const title = { jax: 'JAX', torch: 'PyTorch' } as const

/** The generated part of a page: a table for each family, and what has no counterpart. */
export const namesSection = (side: Side): string =>
  [
    `Checked against ${versionsOf(checked, side)}. Made by \`npm run tables\`; [operations](tables/operations.md) has each with an example.`,
    ...families.flatMap((family) => {
      const rows = rowsOf(family, side)
      return rows.length === 0 ? [] : [`### ${family.title}`, table(['here', title[side], 'note'], rows)]
    }),
    '### No counterpart',
    `Made for this library, or no single function of ${title[side]}: ${without(side)}.`,
  ].join('\n\n')

const marked = /<!-- names -->[\s\S]*<!-- \/names -->/

/** A page with its generated part as it should be. */
export const withNames = (text: string, side: Side): string => {
  if (!marked.test(text)) throw new Error('a page with names has a place for them: <!-- names -->')
  return text.replace(marked, () => `<!-- names -->\n\n${namesSection(side)}\n\n<!-- /names -->`)
}
