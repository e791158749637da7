/* The committed tables are those that the registry gives; and how many laws they hold. */
import { readFileSync } from 'node:fs'
import * as testing from '@cotangent/testing'
import { expect, test } from 'vitest'
import { pagesOf, startEngines } from '../scripts/tables.js'

const engines = await startEngines()
const { pages, totals } = pagesOf(engines)
await Promise.all(engines.map((engine) => engine.close()))

const read = (path: string): string => readFileSync(new URL(`../${path}`, import.meta.url), 'utf8')

test.each(Object.keys(pages))('docs/tables/%s is not stale: npm run tables', (name) => {
  expect(read(`docs/tables/${name}`)).toBe(pages[name])
})

test('every law says of every primitive that it applies, or why not', () => {
  expect(totals.checked).toBeGreaterThan(2 * totals.inapplicable)
  expect(pages['laws.md']).not.toMatch(/^\| `.*\| *\|/m)
})

test('the totals', () => {
  expect(totals).toMatchInlineSnapshot(`
    {
      "checked": 2385,
      "engines": 4,
      "inapplicable": 811,
      "laws": 22,
      "primitives": 94,
    }
  `)
})

test('the page of testing names generators and laws that there are', () => {
  const rows = read('packages/testing/README.md')
    .split('\n')
    .filter((line) => line.startsWith('| '))
  const named = rows.flatMap((row) => [...row.matchAll(/`(\w+)`/g)].map(([, name = '']) => name))
  expect(named.length).toBeGreaterThan(80)
  expect(named.filter((name) => !Object.hasOwn(testing, name))).toEqual([])
})
