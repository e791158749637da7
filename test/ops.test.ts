/* Operations against PyTorch (test/fixtures/ops), computed in f64 on the reference evaluator: values and derivatives. */
import { oracle } from '@cotangent/testing'
import { expect, test } from 'vitest'
import { scaledError } from './support/fixtures.js'
import { ask, comparisons, index } from './support/opsCases.js'
import { table } from './support/opsTable.js'

test('every operation of the reference data is written here, and each of its cases compared', () => {
  expect(Object.keys(table).sort()).toEqual(Object.keys(index).sort())
  const cases = Object.values(index).reduce((n, list) => n + list.length, 0)
  expect([Object.keys(index).length, cases]).toEqual([108, 302])
})

test.each(comparisons().map((comparison) => [comparison.name, comparison] as const))('%s', (_, comparison) => {
  const { f, inputs, expected } = comparison
  const results = oracle(f, inputs)
  expect(results.length).toBe(expected.length)
  for (const [i, y] of results.entries()) {
    const { what = '', kind = 'outputs', value = y } = expected[i] ?? {}
    expect(scaledError(y, value), what).toBeLessThanOrEqual(ask[kind])
  }
})
