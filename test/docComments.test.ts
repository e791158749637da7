/* What doc comments say is run: the values that their examples state. And everything public has a doc comment. */
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import {
  type Example,
  examplesInComments,
  runIn,
  selfChecking,
  syntaxFaults,
  unknownCalls,
} from './support/examples.js'
import { filesUnder, read } from './support/pages.js'
import { makeProgram, packageNames, root, undocumented } from './support/publicApi.js'

/** There were this many values in examples of doc comments when this was written, all of them checked. */
const valuesStated = 457

const program = makeProgram([])

const packageOf = (file: string): string => file.split('/')[1] ?? ''

const isRecord = (x: unknown): x is Readonly<Record<string, unknown>> => typeof x === 'object' && x !== null

/** What a package may import of this repository, by its package.json, then the package itself. */
const importable = (name: string): readonly string[] => {
  const json: unknown = JSON.parse(read(`packages/${name}/package.json`))
  const dependencies = isRecord(json) && isRecord(json.dependencies) ? Object.keys(json.dependencies) : []
  return [...dependencies.filter((each) => each.startsWith('@cotangent/')), `@cotangent/${name}`]
}

const namesOf = async (path: string): Promise<readonly (readonly [string, unknown])[]> => {
  const module: unknown = await import(path)
  return isRecord(module) ? Object.entries(module) : []
}

/** Names an example may use: of the package and what it imports, and of its own file. */
const scopeOf = async (file: string): Promise<ReadonlyMap<string, unknown>> => {
  const packages = await Promise.all(
    importable(packageOf(file)).map((name) =>
      namesOf(join(root, 'packages', name.slice('@cotangent/'.length), 'src/index.ts')),
    ),
  )
  return new Map([['test', test], ...packages.flat(), ...(await namesOf(join(root, file)))])
}

const sources = filesUnder('packages', /^[\w-]+\/src\/.*\.ts$/).filter((file) => !/\.(test|laws|d)\.ts$/.test(file))
const examples = sources.flatMap((file) => examplesInComments(read(file), file))

describe('doc comments', () => {
  for (const file of new Set(examples.map((example) => example.file))) {
    const ofFile = examples.filter((example) => example.file === file)
    test(`examples of ${file}`, async () => {
      const scope = await scopeOf(file)
      const known = new Set(scope.keys())
      for (const example of ofFile) await checkExample(example, scope, known)
    })
  }

  test('the values that examples state are found', () => {
    const checked = examples.reduce((n, { code }) => n + selfChecking(code).checked, 0)
    expect(checked).toBeGreaterThanOrEqual(valuesStated)
  })

  test.each(packageNames)('all that %s exports has one', (name) => {
    expect(undocumented(program, name)).toEqual([])
  })

  test.each(packageNames)('the index of %s says what the package is', (name) => {
    expect(read(`packages/${name}/src/index.ts`)).toMatch(/^\/\*\*\n[\s\S]*?@packageDocumentation\n \*\/\n/)
  })
})

const checkExample = async (
  { file, line, code }: Example,
  scope: ReadonlyMap<string, unknown>,
  known: ReadonlySet<string>,
): Promise<void> => {
  const at = `${file}:${line}`
  expect(syntaxFaults(code), at).toEqual([])
  expect(unknownCalls(code, known), `${at}: names that are called must exist`).toEqual([])
  const { checked, code: checking } = selfChecking(code)
  if (checked === 0) return
  await runIn(scope, checking).catch((error: unknown) => {
    throw new Error(`${at}: ${code}\n${error instanceof Error ? error.message : String(error)}`)
  })
}
