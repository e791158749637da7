/* The committed tables are those that the registry gives; and how many laws they hold. */
import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { pagesOf, startEngines } from '../scripts/tables.js'

const engines = await startEngines()
const { pages, totals } = pagesOf(engines)
await Promise.all(engines.map((engine) => engine.close()))

test.each(Object.keys(pages))('docs/tables/%s is not stale: npm run tables', (name) => {
  expect(readFileSync(new URL(`../docs/tables/${name}`, import.meta.url), 'utf8')).toBe(pages[name])
})

test('every law says of every primitive that it applies, or why not', () => {
  expect(totals.checked).toBeGreaterThan(3 * totals.inapplicable)
  expect(pages['laws.md']).not.toMatch(/^\| `.*\| *\|/m)
})

test('the totals', () => {
  expect(totals).toMatchInlineSnapshot(`
    {
      "checked": 2324,
      "engines": 4,
      "inapplicable": 770,
      "laws": 22,
      "primitives": 91,
    }
  `)
})
