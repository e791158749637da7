/*
 * The tables of docs/tables, made from the registry and the doc comments: `npm run tables` writes them,
 * test/tables.test.ts fails where the committed ones are stale.
 */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { pathToFileURL } from 'node:url'
import { type Engine, isFloating } from '@cotangent/core'
import { gpuEngine } from '@cotangent/engine-gpu'
import { onnxEngine } from '@cotangent/engine-onnx'
import {
  exactGradients,
  type LawCell,
  lawTable,
  placesOf,
  primitiveLaws,
  type Subject,
  subjects,
  tieGradients,
} from '@cotangent/testing'
import { type Side, withNames } from './foreign/names.js'
import { code, page, type Row, table } from './markdown.js'
import { operationsPage } from './operations/page.js'
import { type PublicValues, readPublicValues } from './operations/readOperations.js'

// ---------------------------------------------------------------- laws

/** How many laws are checked, and how many say nothing of a primitive. */
export interface Totals {
  readonly primitives: number
  readonly laws: number
  readonly engines: number
  readonly checked: number
  readonly inapplicable: number
}

/** The totals of the table of laws. */
export const totalsOf = (cells: readonly LawCell[]): Totals => {
  const distinct = (of: (cell: LawCell) => string): number => new Set(cells.map(of)).size
  const checked = cells.filter(({ answer }) => answer === true).length
  return {
    primitives: distinct(({ primitive }) => primitive),
    laws: distinct(({ law }) => law),
    engines: distinct(({ engine }) => engine),
    checked,
    inapplicable: cells.length - checked,
  }
}

const lawsPage = (cells: readonly LawCell[], engines: readonly string[]): string => {
  const totals = totalsOf(cells)
  const reasons = [...new Set(cells.flatMap(({ answer }) => (answer === true ? [] : [answer])))]
  const answers = new Map(cells.map(({ primitive, law, engine, answer }) => [`${primitive} ${law} ${engine}`, answer]))
  const cell = (subject: Subject, law: string, engine: string): string => {
    const answer = answers.get(`${subject.name} ${law} ${engine}`)
    return answer === true ? '✓' : answer === undefined ? '' : `${reasons.indexOf(answer) + 1}`
  }
  const rows = (columns: readonly (readonly [law: string, engine: string])[]): readonly Row[] =>
    subjects.map((subject) => [code(subject.name), ...columns.map(([law, engine]) => cell(subject, law, engine))])
  const numberOf = (law: string): string => `L${primitiveLaws.findIndex(({ name }) => name === law) + 1}`
  const ofRecords = primitiveLaws.filter(({ on }) => on === 'reference')
  const ofEngines = primitiveLaws.filter(({ on }) => on === 'every engine')
  const everywhere = ['reference', ...engines].flatMap((engine) => ofEngines.map(({ name }) => [name, engine] as const))
  return page(
    'Laws of primitives',
    `${totals.primitives} primitives, ${totals.laws} laws, ${totals.engines} engines: ${totals.checked} checks; ${totals.inapplicable} that say nothing of a primitive, for the numbered reasons at the end.`,
    'u = 2^-24; "examples" is how many random cases are tried by default (`npm run test:nightly` tries 10,000).',
    table(
      ['', 'law', 'what must hold', 'tolerance', 'examples'],
      primitiveLaws.map(({ name, statement, tolerance, examples }) => [
        numberOf(name),
        name,
        statement,
        tolerance,
        String(examples),
      ]),
    ),
    '## On the reference evaluator',
    table(
      ['primitive', ...ofRecords.map(({ name }) => numberOf(name))],
      rows(ofRecords.map(({ name }) => [name, 'reference'])),
    ),
    '## On each engine',
    'Against the reference evaluator, which for its own column is compared with its compiled self.',
    table(['primitive', ...everywhere.map(([law, engine]) => `${engine} ${numberOf(law)}`)], rows(everywhere)),
    '## Reasons',
    reasons.map((reason, i) => `${i + 1}. ${reason}`).join('\n'),
  )
}

// ---------------------------------------------------------------- primitives

const derivativeOf = ({ primitive, generator, facts }: Subject): string => {
  const { operands, results } = facts()
  const moves = operands.some((dtypes) => [...dtypes].some(isFloating)) && [...results].some(isFloating)
  if (!moves) return 'none'
  if (generator.derivative === 'zero') return '0'
  if (generator.derivative !== 'true') return `${generator.derivative} only`
  return primitive.jointJvp === null ? 'per operand' : 'all operands together'
}

const linearIn = ({ primitive, facts }: Subject): string => {
  if (primitive.jointTranspose !== null) return 'as its program is'
  return facts().linearIn.map(String).join(', ')
}

const propertiesOf = ({ primitive: { properties, attrs: _, ...record } }: Subject): string =>
  [
    ...(['elementwise', 'identity', 'barrier', 'backwardOnly', 'ownDerivative'] as const).filter(
      (name) => properties[name] === true,
    ),
    ...(properties.body === undefined ? [] : ['inlined']),
    ...(properties.programs === undefined ? [] : ['holds programs']),
    ...(record.split === null ? [] : ['split']),
  ].join(', ')

const primitivesPage = (engines: readonly Engine[]): string =>
  page(
    'Primitives',
    `${subjects.length} of them; everything else is composed. Operands are counted from 0. "own": the engine has a lowering; "decomposed": it runs what the primitive is made of; "host": the reference evaluator runs it, before or between the engine's programs; "gone": it is inlined, dropped, or taken away by a transform.`,
    table(
      [
        'primitive',
        'operands',
        'settings',
        'linear in',
        'derivative',
        ...engines.map(({ name }) => name),
        'properties',
      ],
      subjects.map((subject) => [
        code(subject.name),
        typeof subject.primitive.arity === 'number' ? String(subject.primitive.arity) : 'any',
        subject.facts().attributes.join(', '),
        linearIn(subject),
        derivativeOf(subject),
        ...engines.map((engine) => placesOf(subject, engine).join(' or ')),
        propertiesOf(subject),
      ]),
    ),
  )

// ---------------------------------------------------------------- tolerances

const tolerancesPage = (): string =>
  page(
    'Tolerances',
    'How far an f32 engine may be from the reference evaluator, for ordinary and hostile values. u = 2^-24; "mag" is the same expression on absolute values, in f64. -0 equals 0, and subnormal numbers count as 0. The tolerances of the laws are in the [table of laws](laws.md).',
    table(
      ['primitive', 'allowed, and why'],
      subjects.map((subject) => [code(subject.name), subject.facts().tolerances.join('; ')]),
    ),
    '## Where there is a kink',
    'The slope the library takes, to the last bit; that of PyTorch 2.13, but where a name says otherwise.',
    table(
      ['what', 'at', 'gradient'],
      tieGradients.map(({ name, at, gradient }) => [name, JSON.stringify(at.toArray()), `[${gradient.join(', ')}]`]),
    ),
    '## Exact gradients',
    exactGradients.map(({ name }) => `- ${name}`).join('\n'),
  )

/** What `npm run tables` makes. */
export interface Tables {
  /** The pages of docs/tables, by their names. */
  readonly pages: Readonly<Record<string, string>>
  /** The totals of the table of laws. */
  readonly totals: Totals
  /** How many operations there are. */
  readonly operations: number
}

/** The tables. */
export const tablesOf = async (engines: readonly Engine[], values: PublicValues): Promise<Tables> => {
  const names = engines.map(({ name }) => name)
  const cells = lawTable(names)
  const operations = await operationsPage(values, engines)
  return {
    pages: {
      'laws.md': lawsPage(cells, names),
      'operations.md': operations.text,
      'primitives.md': primitivesPage(engines),
      'tolerances.md': tolerancesPage(),
    },
    totals: totalsOf(cells),
    operations: operations.count,
  }
}

/** The engines the tables are about. */
export const startEngines = (): Promise<readonly Engine[]> =>
  Promise.all([onnxEngine({ threads: 1 }), gpuEngine({ mode: 'cpu' }), gpuEngine({ mode: 'webasm' })])

/** The pages with names side by side, by their names in docs. */
export const guides: Readonly<Record<string, Side>> = { 'from-jax.md': 'jax', 'from-pytorch.md': 'torch' }

const main = async (): Promise<void> => {
  const engines = await startEngines()
  const folder = new URL('../docs/tables/', import.meta.url)
  mkdirSync(folder, { recursive: true })
  const { pages } = await tablesOf(engines, readPublicValues())
  for (const [name, text] of Object.entries(pages)) {
    writeFileSync(new URL(name, folder), text)
    console.log(`docs/tables/${name}`)
  }
  for (const [name, side] of Object.entries(guides)) {
    const path = new URL(`../${name}`, folder)
    writeFileSync(path, withNames(readFileSync(path, 'utf8'), side))
    console.log(`docs/${name}`)
  }
  await Promise.all(engines.map((engine) => engine.close()))
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) await main()
