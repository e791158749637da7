/* The committed tables are those that the registry gives; and how many laws they hold. */
import { readFileSync } from 'node:fs'
import { basicPrimitives, composedPrimitives, hostPrimitives, matrixPrimitives } from '@cotangent/core'
import * as testing from '@cotangent/testing'
import { describe, expect, test } from 'vitest'
import { checked, counterparts, withNames } from '../scripts/foreign/names.js'
import { families, notOperations } from '../scripts/operations/families.js'
import { operationPackages, operationsOf, readPublicValues } from '../scripts/operations/readOperations.js'
import { guides, startEngines, tablesOf } from '../scripts/tables.js'

const values = readPublicValues()
const engines = await startEngines()
const { pages, totals, operations } = await tablesOf(engines, values)
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

describe('operations', () => {
  test.each(operationPackages)('all that %s exports is one of a family, or named as none', (name) => {
    const listed = [...families.flatMap((family) => family[name] ?? []), ...(name === 'core' ? notOperations : [])]
    expect(listed.toSorted()).toEqual([...values[name].keys()].toSorted())
  })

  test('each has an example that states a value, and a comment', () => {
    const all = operationsOf(values)
    expect(all.length).toBe(operations)
    expect(all.filter(({ example }) => example === null).map(({ name }) => name)).toEqual([])
    expect(all.filter(({ comment }) => comment === '').map(({ name }) => name)).toEqual([])
  })

  test('a call of the name of a primitive traces to it', () => {
    // those that hold programs and those that transforms take away are no calls of tensors
    const ofTensors = { ...basicPrimitives, ...composedPrimitives, ...matrixPrimitives, ...hostPrimitives }
    const ofCore = (pages['operations.md'] ?? '').split('\n## Optimisers')[0] ?? ''
    const other = ofCore.split('\n').flatMap((row) => {
      const name = /^\| `(\w+)`/.exec(row)?.[1] ?? ''
      return Object.hasOwn(ofTensors, name) && !row.includes('| primitive |') ? [name] : []
    })
    expect(other).toEqual([])
  })
})

describe('names here and there', () => {
  test.each(Object.entries(guides))('docs/%s is not stale: npm run tables', (name, side) => {
    const text = read(`docs/${name}`)
    expect(text).toBe(withNames(text, side))
  })

  test.each(operationPackages)('every operation of %s has its counterparts, or none', (name) => {
    const operationNames = families.flatMap((family) => family[name] ?? [])
    expect(counterparts[name].map((row) => row.name).toSorted()).toEqual(operationNames.toSorted())
  })

  test.each(['jax', 'torch'] as const)('every name of %s was looked up there: check-foreign-names.py', (side) => {
    const named = Object.values(counterparts).flatMap((rows) => rows.map((row) => row[side]))
    expect([...new Set(named.filter((name) => name !== null))].toSorted()).toEqual(checked[side].toSorted())
  })
})

test.each(['nn', 'optim'] as const)('the page of %s lists all that it exports', (name) => {
  const rows = read(`packages/${name}/README.md`)
    .split('\n')
    .filter((line) => line.startsWith('| '))
  const listed = rows.flatMap((row) => [...row.matchAll(/`(\w+)`/g)].map(([, each = '']) => each))
  expect(values[name].size).toBeGreaterThan(15)
  expect([...values[name].keys()].filter((each) => !listed.includes(each))).toEqual([])
})
