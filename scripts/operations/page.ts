/* The table of operations. */
import { type Engine, primitives as registry } from '@cotangent/core'
import { code, page, type Row, table } from '../markdown.js'
import { families } from './families.js'
import { type Observed, observe } from './observe.js'
import { type Operation, operationsOf, type PublicValues } from './readOperations.js'

/** The first sentence of a doc comment's first paragraph. */
export const summaryOf = (comment: string): string => {
  const paragraph = (comment.split('\n\n')[0] ?? '').replaceAll(/\s+/g, ' ').trim()
  return /^.*?(?:[a-z)\]`0-9²]\.)(?= [A-Z`]|$)/.exec(paragraph)?.[0] ?? paragraph
}

/** Lines of code within a cell. */
const lines = (text: string): string =>
  text
    .split('\n')
    .filter((line) => line.trim() !== '')
    .map((line) => code(line.trimEnd()))
    .join('<br>')

/** They fit shapes together and are in nearly every program. */
const plumbing = new Set(['broadcastTo', 'reshape'])

const madeOf = ({ name, from }: Operation, { primitives }: Observed): string => {
  const ofNone = primitives.length === 0 && from === 'core' && Object.hasOwn(registry, name)
  if (ofNone || primitives.includes(name)) return 'primitive'
  const telling = primitives.filter((each) => !plumbing.has(each))
  return (telling.length > 0 ? telling : primitives).map(code).join(', ')
}

const placeOf = (places: readonly ('engine' | 'host')[]): string =>
  places.length === 2 ? 'in part' : places[0] === 'engine' ? '✓' : places[0] === 'host' ? 'host' : ''

/** `](` would be taken for a link, though it is code. */
const noLink = (text: string): string => text.replaceAll('](', '] (')

const rowOf = (operation: Operation, observed: Observed, engines: readonly Engine[]): Row =>
  [
    code(operation.name),
    `${summaryOf(operation.comment)}<br>${code(operation.signature)}`,
    madeOf(operation, observed),
    ...engines.map(({ name }) => placeOf(observed.places.get(name) ?? [])),
    lines(operation.example ?? ''),
  ].map(noLink)

/** The page, and how many operations it has. */
export const operationsPage = async (
  values: PublicValues,
  engines: readonly Engine[],
): Promise<{ readonly text: string; readonly count: number }> => {
  const operations = operationsOf(values)
  const rows = new Map<string, Row[]>()
  for (const operation of operations) {
    const row = rowOf(operation, await observe(operation, engines), engines)
    rows.set(operation.family, [...(rows.get(operation.family) ?? []), row])
  }
  const head = ['operation', 'what, and its signature', 'made of', ...engines.map(({ name }) => name), 'example']
  const sections = families.flatMap(({ title }) => [`## ${title}`, table(head, rows.get(title) ?? [])])
  return {
    count: operations.length,
    text: page(
      'Operations',
      `${operations.length} of them, of the packages core, nn and optim. What each says is its doc comment's; the examples are run by the tests.`,
      '"made of": "primitive", or the [primitives](primitives.md) that the call of the example traces to (`broadcastTo` and `reshape` are named only where there is nothing else). For each engine: "✓" it runs the call, "host" the reference evaluator does, before the engine\'s program or between two of them, "in part" both. Nothing stands there where a call has no program of its own: it is done while tracing, or it takes or gives functions.',
      ...sections,
    ),
  }
}
