/*
 * What the pages say is run: each TypeScript block, with the values it states, or the error it is said to end with.
 * And links lead somewhere, and tables are complete.
 */
import { existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'
import { ProgramError } from '@cotangent/core'
import { defaultSettings } from '@cotangent/experiment'
import { describe, expect, test } from 'vitest'
import { studyCommand } from '../packages/cli/src/study/command.js'
import { type Block, blocksInPage, selfChecking } from './support/examples.js'
import { pages, read } from './support/pages.js'
import { faultsIn, makeProgram, packageNames, root } from './support/publicApi.js'

// ---------------------------------------------------------------- pages

/** Where the blocks lie while they are run: in the repository, so that `@cotangent/...` is found; a folder for each page. */
const folder = join(root, 'test/.docs')

/** A block that begins with a comment of a file's name is that file; others of its page may import it. */
const fileNameOf = ({ code, line }: Block): string => /^\/\/ ([\w-]+\.ts)\n/.exec(code)?.[1] ?? `line-${line}.ts`

const blocks = pages.flatMap((page) =>
  blocksInPage(read(page), page).map((block) => {
    const { code, checked } = selfChecking(block.code)
    const path = join(folder, page.replaceAll(/[/.]/g, '-'), fileNameOf(block))
    // the import takes no line of its own: a fault's line is the block's
    return {
      ...block,
      checked,
      path,
      text: `import { shows } from '../../support/examples.js'; ${code}\nexport { shows }\n`,
    }
  }),
)

rmSync(folder, { recursive: true, force: true })
for (const { path, text } of blocks) {
  mkdirSync(dirname(path), { recursive: true })
  writeFileSync(path, text)
}

const program = makeProgram(blocks.map(({ path }) => path))

test('every package has a page with an example', () => {
  for (const name of packageNames) expect(pages).toContain(`packages/${name}/README.md`)
  const silent = packageNames.filter((name) => !/^```(ts|sh)$/m.test(read(`packages/${name}/README.md`)))
  expect(silent).toEqual([])
})

/** `docs/guide.md:12`, for a line of a block. */
const placeIn = ({ file, line }: Block, lineOfBlock: number): string => `${file}:${line + lineOfBlock - 1}`

/** The line of a block that an error comes from: its first frame there. */
const lineOf = (path: string, error: Error): number =>
  Number(
    error.stack
      ?.split('\n')
      .find((frame) => frame.includes(path))
      ?.split(`${path}:`)[1]
      ?.split(':')[0] ?? 1,
  )

const firstFrame = (error: Error): string | undefined =>
  error.stack?.split('\n').find((line) => line.startsWith('    at '))

const asError = (thrown: unknown): Error => (thrown instanceof Error ? thrown : new Error(String(thrown)))

for (const block of blocks) {
  const { file, line, path, throws } = block
  describe(`${file}, line ${line}`, async () => {
    // imported while tests are collected: a block may define tests of its own
    const fault = await import(path).then(() => null, asError)

    if (throws === null) {
      test('runs, and shows the values it states', () => {
        if (fault !== null) {
          throw new Error(`${placeIn(block, lineOf(path, fault))}: ${fault.name}: ${fault.message}`, { cause: fault })
        }
      })
    } else {
      test('stops with the message it states', () => {
        // a message may name a line of the block, which has no name of its own
        const is = fault === null ? 'nothing was thrown' : `${fault.name}: ${fault.message}`
        expect(is.replaceAll(relative(root, path), 'main.ts'), placeIn(block, 1)).toBe(throws.trimEnd())
        if (fault instanceof ProgramError) expect(firstFrame(fault)).toContain(path)
      })
    }

    test('has right types', () => {
      expect(faultsIn(program, path).map((each) => `${placeIn(block, each.line)}: ${each.text}`)).toEqual([])
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

// ---------------------------------------------------------------- links

/** A page without its blocks of code. */
const prose = (page: string): string => read(page).replaceAll(/^```[\s\S]*?^```$/gm, '')

/** Where the links of a page lead, within the repository: a file, and a heading of it or nothing. */
const linksOf = (page: string): readonly { readonly target: string; readonly anchor: string }[] =>
  [...prose(page).matchAll(/\]\(([^)#:\s]*)(?:#([^)\s]*))?\)/g)].map(([, target = '', anchor = '']) => ({
    target: target === '' ? page : join(dirname(page), target),
    anchor,
  }))

/** A heading as GitHub names it in links. */
const anchorOf = (heading: string): string =>
  heading
    .toLowerCase()
    .replaceAll(/[^\w\s-]/g, '')
    .replaceAll(' ', '-')

const headingsOf = (page: string): readonly string[] =>
  [...prose(page).matchAll(/^#+ (.*)$/gm)].map(([, heading = '']) => anchorOf(heading))

describe('links', () => {
  test('lead to files, and to headings of theirs', () => {
    const broken = pages.flatMap((page) =>
      linksOf(page)
        .filter(
          ({ target, anchor }) =>
            !existsSync(join(root, target)) || (anchor !== '' && !headingsOf(target).includes(anchor)),
        )
        .map(({ target, anchor }) => `${page}: ${target}${anchor === '' ? '' : `#${anchor}`}`),
    )
    expect(broken).toEqual([])
  })

  test('lead from the README to every page, from docs/README.md to those in docs', () => {
    const reached = (start: string, seen: ReadonlySet<string> = new Set()): ReadonlySet<string> =>
      seen.has(start) || !pages.includes(start)
        ? seen
        : linksOf(start).reduce<ReadonlySet<string>>(
            (all, { target }) => reached(target, all),
            new Set([...seen, start]),
          )
    const everywhere = reached('README.md')
    const lost = pages.filter((page) => !everywhere.has(page))
    expect(lost, 'no link leads there from README.md').toEqual([])
    const listed = new Set(linksOf('docs/README.md').map(({ target }) => target))
    const guides = pages.filter((page) => /^docs\/[^/]*\.md$/.test(page) && page !== 'docs/README.md')
    const unlisted = guides.filter((page) => !listed.has(page))
    expect(unlisted, 'docs/README.md lists all guides').toEqual([])
  })
})
