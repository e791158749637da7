/* Each kind of error has its page, and each page its kind. That pages say what is so is tested with all pages. */
import * as core from '@cotangent/core'
import { ProgramError } from '@cotangent/core'
import type { EdgeError } from '@cotangent/prelude'
import {
  badConfig,
  badContainer,
  badInput,
  badOption,
  engineUnavailable,
  exitCodeOf,
  missingFile,
  missingTensor,
  nonFinite,
  outputBusy,
  outputRefused,
  writeFailed,
  wrongShape,
} from '@cotangent/prelude'
import { describe, expect, test } from 'vitest'
import { type Block, blocksInPage } from './support/examples.js'
import { filesUnder, read } from './support/pages.js'

/** The kinds of errors that core exports. */
const kinds = Object.entries(core)
  .flatMap(([name, value]) => (typeof value === 'function' && value.prototype instanceof ProgramError ? [name] : []))
  .toSorted()

const pageOf = (kind: string): string => `docs/errors/${kind}.md`

const pages = filesUnder('docs/errors', /\.md$/)

test('every class has a page, and every page a class', () => {
  const others = ['docs/errors/README.md', 'docs/errors/edge-errors.md']
  expect(pages.filter((page) => !others.includes(page))).toEqual(kinds.map(pageOf))
})

describe.each(kinds)('the page of %s', (kind) => {
  const page = pages.includes(pageOf(kind)) ? read(pageOf(kind)) : ''
  const wrong = blocksInPage(page, pageOf(kind)).filter(({ throws }) => throws !== null)

  test('has its name, and says what it means before the first program', () => {
    const [title, meaning = ''] = page.split(/\n## /, 1)[0]?.split(/\n\n(.*)/s) ?? []
    expect(title).toBe(`# ${kind}`)
    expect(meaning.length).toBeGreaterThan(80)
  })

  test('shows at least two programs that cause it, each with its message', () => {
    expect(wrong.length).toBeGreaterThanOrEqual(2)
    for (const { throws } of wrong) expect(throws).toMatch(new RegExp(`^${kind}: `))
  })

  test('mends at least two of them, each under its heading', () => {
    const sections = page.split(/^## /m).slice(1)
    const mended = sections.filter((section) => {
      const [first, second]: readonly (Block | undefined)[] = blocksInPage(section, page)
      return first?.throws != null && second !== undefined && second.throws === null
    })
    expect(mended.length).toBeGreaterThanOrEqual(2)
  })

  test('is listed in the index', () => {
    expect(read('docs/errors/README.md')).toContain(`[${kind}](${kind}.md)`)
  })
})

/** One error of each tag; the type asks for all of them. */
const edgeErrors: { readonly [Tag in EdgeError['_tag']]: EdgeError } = {
  BadInput: badInput([]),
  BadConfig: badConfig([], 'mend it'),
  BadOption: badOption('--seed', { must: 'x', received: 'y', todo: 'z' }),
  MissingFile: missingFile('x', 'y', 'z'),
  MissingTensor: missingTensor(['x'], 'y'),
  WrongShape: wrongShape('x', 'y', 'z'),
  BadContainer: badContainer('x', 'y', 'z'),
  EngineUnavailable: engineUnavailable('x', 'y', 'z'),
  OutputRefused: outputRefused('x', { must: 'x', received: 'y', todo: 'z' }),
  OutputBusy: outputBusy('x', 'y'),
  WriteFailed: writeFailed('x', 'y'),
  WrongProgram: { _tag: 'WrongProgram', name: 'ShapeError', cause: new Error('x'), message: 'x' },
  NonFinite: nonFinite('x', 1, 'NaN'),
}

describe('the page of the edge errors', () => {
  const page = read('docs/errors/edge-errors.md')
  const sections = new Map(page.split(/^## /m).map((section) => [section.split('\n', 1)[0], section]))

  test('lists every tag with its fields and exit code', () => {
    const rows = [...page.matchAll(/^\| \[`(\w+)`\]\(#(\w+)\) \| .* \| (.*) \| (\d) \|$/gm)]
    expect(rows.map(([, tag, anchor, fields, code]) => ({ tag, anchor, fields, code }))).toEqual(
      Object.entries(edgeErrors).map(([tag, error]) => ({
        tag,
        anchor: tag.toLowerCase(),
        fields: Object.keys(error)
          .filter((field) => field !== '_tag' && field !== 'message')
          .map((field) => `\`${field}\``)
          .join(', '),
        code: String(exitCodeOf(error)),
      })),
    )
  })

  test.each(Object.keys(edgeErrors))('shows %s in a program', (tag) => {
    expect(blocksInPage(sections.get(tag) ?? '', page).length).toBeGreaterThanOrEqual(1)
  })
})
