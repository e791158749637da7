import { fc, test } from '@fast-check/vitest'
import { describe, expect } from 'vitest'
import { emptyHistory, type History, mostEntries, seriesOf, type Values, withStep } from './history.js'

const step = (x: number): Values => ({ total: x, task: -x, consistency: 2 * x, diversity: 0, spectral: 1, gradient: x })
const after = (values: readonly number[]): History => values.reduce((h, x) => withStep(h, step(x)), emptyHistory)
const sum = (values: readonly number[]): number => values.reduce((total, x) => total + x, 0)

describe('history', () => {
  test('is every step as long as there is room', () => {
    const values = Array.from({ length: mostEntries - 1 }, (_, i) => i)
    expect(seriesOf(after(values), 'task')).toEqual(values.map((x) => 0 - x))
  })

  test('when it is full, neighbours become their mean', () => {
    const { stride, entries } = after(Array.from({ length: mostEntries }, (_, i) => i))
    expect(stride).toBe(2)
    expect(entries.map(({ total }) => total)).toEqual(Array.from({ length: mostEntries / 2 }, (_, i) => 2 * i + 0.5))
  })

  // whole numbers and strides of powers of two: no sum is rounded
  test.prop([fc.array(fc.integer({ min: -1000, max: 1000 }), { minLength: 1, maxLength: 5 * mostEntries })], {
    seed: 1,
    numRuns: 40,
  })('is of bounded length and loses no step', (values) => {
    const history = after(values)
    expect(history.entries.length).toBeLessThan(mostEntries)
    expect(history.entries.length * history.stride + history.restSteps).toBe(values.length)
    expect(history.stride * sum(seriesOf(history, 'consistency')) + history.rest.consistency).toBe(2 * sum(values))
  })
})
