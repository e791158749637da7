/* Failing examples shrink to the smallest shape and the simplest numbers, whatever the seed. */
import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { filledArbitrary, filledOf } from './filled.js'
import { tensorArbitrary, tensorOf } from './tensors.js'
import { awayFromZero, between, tameValue } from './values.js'

const seeds = [1, 2, 3, 4, 5, 6, 7, 8]

/** The examples that a property which does not hold shrinks to. */
const smallest = <T>(arbitrary: fc.Arbitrary<T>, holds: (value: T) => boolean): readonly T[] =>
  seeds.flatMap((seed) => fc.check(fc.property(arbitrary, holds), { seed, numRuns: 300 }).counterexample ?? [])

const shown = (xs: readonly { readonly shape: readonly number[]; toArray(): unknown }[]): readonly string[] => [
  ...new Set(xs.map((x) => `[${x.shape.join()}] ${JSON.stringify(x.toArray())}`)),
]

describe('a failing tensor shrinks', () => {
  test('to a scalar 0 where anything fails; one without elements to a vector without', () => {
    expect(shown(smallest(tensorArbitrary({ minLength: 1 }), () => false))).toEqual(['[] 0'])
    expect(shown(smallest(tensorArbitrary({ minRank: 2 }), (x) => x.size > 0))).toEqual(['[0,0] []'])
    expect(shown(smallest(tensorArbitrary(), (x) => x.size > 0))).toEqual(['[0] []'])
  })

  test('to one element, the simplest beyond a bound', () => {
    expect(shown(smallest(tensorArbitrary({ minLength: 1 }), (x) => x.data.every((value) => value < 2.5)))).toEqual([
      '[] 3',
    ])
  })

  test('to two elements where a sum over an axis is needed', () => {
    const found = smallest(tensorArbitrary({ minRank: 1 }), (x) => x.shape.every((n) => n < 2) || x.size === 0)
    expect(shown(found)).toEqual(['[2] [0,0]'])
  })

  test('within its limits', () => {
    for (const x of smallest(tensorArbitrary({ minRank: 2, minLength: 2 }, between(1.5, 4)), () => false)) {
      expect(x.shape).toEqual([2, 2])
      for (const value of x.data) expect(value).toBe(2)
    }
    for (const x of smallest(tensorOf([3], awayFromZero(1, 2)), () => false)) {
      expect(x.shape).toEqual([3])
      for (const value of x.data) expect(Math.abs(value)).toBeGreaterThanOrEqual(1)
    }
  })
})

test('pairs shrink each for itself', () => {
  const pairs = filledArbitrary({ minLength: 1 }, fc.tuple(tameValue, tameValue))
  const found = smallest(pairs, ({ values }) => values.every(([x, y]) => y < x + 1))
  for (const { shape, values } of found) {
    expect(shape).toEqual([])
    expect([[[0, 1]], [[-1, 0]]]).toContainEqual(values)
  }
})

test('an element that has to stay keeps its number while others go', () => {
  const found = smallest(
    filledOf([4], fc.nat(1000)),
    ({ values }) => !values.includes(0) || values.every((x) => x === 0),
  )
  for (const { values } of found) expect(values.toSorted((a, b) => a - b)).toEqual([0, 0, 0, 1])
})
