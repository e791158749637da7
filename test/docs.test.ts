/*
 * What documentation says is run: the TypeScript of every page, the values that doc comments state, the example
 * objective. And everything public has a doc comment.
 */
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { evaluate, type NluInput, weightsAt } from '@cotangent/ba-lora'
import { array, key, normal, split, type Tensor } from '@cotangent/core'
import { defaultSettings, methodFromModule } from '@cotangent/experiment'
import { getOrThrow } from '@cotangent/prelude'
import { checkGrads } from '@cotangent/testing'
import { describe, expect, test } from 'vitest'
import { studyCommand } from '../packages/cli/src/study/command.js'
import {
  blocksInPage,
  type Example,
  examplesInComments,
  runIn,
  selfChecking,
  syntaxFaults,
  unknownCalls,
} from './support/examples.js'
import { faultsIn, makeProgram, packageNames, root, undocumented } from './support/publicApi.js'

/** There were this many values in examples of doc comments when this was written, all of them checked. */
const valuesStated = 155

const filesUnder = (folder: string, wanted: RegExp): readonly string[] =>
  readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
    .filter((file) => wanted.test(file))
    .map((file) => `${folder}/${file.replaceAll('\\', '/')}`)
    .toSorted()

const read = (file: string): string => readFileSync(join(root, file), 'utf8')

// ---------------------------------------------------------------- pages

const pages = [
  'README.md',
  ...filesUnder('docs', /\.md$/).filter((file) => !file.startsWith('docs/api/')),
  ...filesUnder('packages', /^[\w-]+\/README\.md$/),
]

/** Where the blocks lie while they are run: in the repository, so that `@cotangent/...` is found. */
const folder = join(root, 'test/.docs')

const blocks = pages.flatMap((page) =>
  blocksInPage(read(page), page).map((block) => {
    const { code, checked } = selfChecking(block.code)
    const path = join(folder, `${page.replaceAll(/[/.]/g, '-')}-${block.line}.ts`)
    // the import takes no line of its own: a fault's line is the block's
    return {
      ...block,
      checked,
      path,
      text: `import { shows } from '../support/examples.js'; ${code}\nexport { shows }\n`,
    }
  }),
)

rmSync(folder, { recursive: true, force: true })
mkdirSync(folder, { recursive: true })
for (const { path, text } of blocks) writeFileSync(path, text)

const program = makeProgram(blocks.map(({ path }) => path))

test('every package has a page with an example', () => {
  for (const name of packageNames) expect(pages).toContain(`packages/${name}/README.md`)
  const silent = packageNames.filter((name) => !/^```(ts|sh)$/m.test(read(`packages/${name}/README.md`)))
  expect(silent).toEqual([])
})

for (const { file, line, path } of blocks) {
  describe(`${file}, line ${line}`, async () => {
    // imported while tests are collected: a block may define tests of its own
    const fault: unknown = await import(path).then(
      () => null,
      (error: unknown) => error,
    )

    test('runs, and shows the values it states', () => {
      if (fault !== null) throw fault
    })

    test('has right types', () => {
      expect(faultsIn(program, path)).toEqual([])
    })
  })
}

// ---------------------------------------------------------------- tables

describe('README.md', () => {
  const readme = read('README.md')
  /** The cells of the table rows that begin with such a cell. */
  const rowsWith = (first: RegExp): readonly (readonly string[])[] =>
    readme
      .split('\n')
      .map((line) => line.split('|').map((cell) => cell.trim()))
      .filter(([before, cell = '']) => before === '' && first.test(cell))
      .map((cells) => cells.slice(1, -1))

  test('lists every option of the study, with its default', () => {
    const listed = rowsWith(/^`--/).map(([option = '', , fallback = '']) => [option.replaceAll('`', ''), fallback])
    const { seed, seeds, methods, rank, pretraining } = defaultSettings
    const settings: Readonly<Record<string, string>> = {
      '--seed': String(seed),
      '--seeds': String(seeds),
      '--methods': methods.join(','),
      '--noise': String(pretraining.noise),
      '--imbalance': String(pretraining.imbalance),
      '--rank': String(rank),
      // a folder that depends on the user
      '--cache': "`cotangent` in the user's cache",
    }
    const options = studyCommand().options.map(({ flags, long, defaultValue }) => [
      flags,
      settings[long ?? ''] ?? (typeof defaultValue === 'string' ? defaultValue : ''),
    ])
    expect(listed).toEqual(options)
  })

  test('lists every package', () => {
    const listed = rowsWith(/^\[`@cotangent/).map(
      ([cell = '']) => /^\[`@cotangent\/(.*)`\]\(packages\/\1\/README\.md\)$/.exec(cell)?.[1],
    )
    expect(listed.toSorted()).toEqual(packageNames)
  })

  test('has a place for the study', () => {
    expect(readme).toMatch(/\n<!-- study -->\n([\s\S]*\n)?<!-- \/study -->\n/)
  })
})

test('links between pages lead to files', () => {
  const broken = pages.flatMap((page) =>
    [...read(page).matchAll(/\]\(([^)#:]+)\)/g)]
      .map(([, target = '']) => target)
      .filter((target) => !existsSync(join(root, page, '..', target)))
      .map((target) => `${page}: ${target}`),
  )
  expect(broken).toEqual([])
})

// ---------------------------------------------------------------- doc comments

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

// ---------------------------------------------------------------- one's own objective

describe('docs/examples/own-objective', async () => {
  const path = 'docs/examples/own-objective/mine.mjs'
  const module: unknown = await import(join(root, path))
  const method = getOrThrow(methodFromModule(module, path))
  const [k1 = key(1), k2 = key(2)] = split(key(0))
  const input = (student: Tensor): NluInput => ({
    student,
    teacher: normal(k2, [5, 3]),
    labels: array([0, 2, 1, 1, 0], 'i32'),
    mask: array([1, 1, 1, 1, 0]),
  })
  const objective = method.objective(1)
  const loss = (student: Tensor): Tensor => evaluate(objective)(input(student), weightsAt(objective, 0)).total

  test('is a method of the study', () => {
    expect(method).toMatchObject({ name: 'confidence', label: 'confidence', adapter: 'pissa', regularised: true })
    expect(objective.map(({ name, weight }) => [name, weight(0)])).toEqual([
      ['task', 1],
      ['confidence', 0.1],
    ])
  })

  test('has a finite value and right gradients; masked rows do not count', () => {
    const logits = normal(k1, [5, 3])
    expect(loss(logits).item()).toBeGreaterThan(0)
    checkGrads(loss, [logits])
    const other = array(logits.data.length === 15 ? [...rows(logits).slice(0, 4), [9, 0, -9]] : [])
    expect(loss(other).item()).toBe(loss(logits).item())
  })

  test('takes 15 lines', () => {
    const lines = read(path).split('\n')
    expect(lines.filter((line) => line !== '').length).toBeLessThanOrEqual(15)
  })
})

const rows = (x: Tensor): readonly (readonly number[])[] =>
  Array.from({ length: x.shape[0] ?? 0 }, (_, i) => {
    const width = x.shape[1] ?? 0
    return Array.from<number>(x.data.slice(i * width, (i + 1) * width))
  })
