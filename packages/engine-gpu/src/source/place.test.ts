import { range, stridesOf } from '@cotangent/core'
import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { combine, constantPlace, namedPlace, type Place, printPlace, shifted, splitPlace, sumPlaces } from './place.js'

type Values = Readonly<Record<string, number>>

const valueOf = ({ base, terms }: Place, values: Values): number =>
  terms.reduce((total, { name, stride }) => total + stride * (values[name] ?? Number.NaN), base)

/** All values that a place's variables can have. */
const everyValue = (place: Place): readonly Values[] =>
  place.terms.reduce<readonly Values[]>(
    (all, { name, length }) => all.flatMap((values) => range(length).map((v) => ({ ...values, [name]: v }))),
    [{}],
  )

const coordinatesOf = (at: number, lengths: readonly number[]): readonly number[] =>
  stridesOf(lengths).map((stride, axis) => Math.floor(at / stride) % (lengths[axis] ?? 1))

test('is printed as one would write it', () => {
  expect(printPlace(constantPlace(0))).toBe('0')
  expect(printPlace(shifted(namedPlace('c0', 4), -3))).toBe('c0 - 3')
  expect(printPlace(combine([namedPlace('i', 9), namedPlace('q0', 3)], [1, -3], 2))).toBe('i - q0 * 3 + 2')
  expect(printPlace(combine([namedPlace('r0', 5)], [-1], 4))).toBe('-r0 + 4')
  expect(printPlace(namedPlace('c0', 1))).toBe('0')
})

test('of coordinates it gives them back, without division', () => {
  const at = sumPlaces(combine([namedPlace('c0', 2), namedPlace('c1', 3), namedPlace('c2', 4)], [12, 4, 1]))
  expect(splitPlace(at, [2, 3, 4]).map(({ place }) => printPlace(place))).toEqual(['c0', 'c1', 'c2'])
  expect(splitPlace(at, [6, 4]).map(({ place }) => printPlace(place))).toEqual(['c0 * 3 + c1', 'c2'])
})

test('divides only within the axes that need it', () => {
  const at = combine([namedPlace('q0', 5), namedPlace('c0', 12)], [12, 1])
  expect(splitPlace(at, [5, 3, 4]).map(({ from, to, place }) => [from, to, printPlace(place)])).toEqual([
    [0, 1, 'q0'],
    [1, 3, 'c0'],
  ])
  expect(splitPlace(namedPlace('i', 60), [5, 3, 4])).toHaveLength(1)
})

test('a place that may lie outside of the array, or that runs backwards, is one block', () => {
  expect(splitPlace(shifted(namedPlace('c0', 4), -1), [2, 2])).toHaveLength(1)
  expect(splitPlace(combine([namedPlace('c0', 4)], [-1], 3), [2, 2])).toHaveLength(1)
})

test('blocks add up to the coordinates of any place', () => {
  const term = fc.record({ length: fc.integer({ min: 1, max: 4 }), stride: fc.integer({ min: 1, max: 12 }) })
  const lengthsArbitrary = fc.array(fc.integer({ min: 1, max: 4 }), { minLength: 1, maxLength: 4 })
  fc.assert(
    fc.property(fc.array(term, { maxLength: 3 }), fc.nat({ max: 5 }), lengthsArbitrary, (terms, base, lengths) => {
      const place = combine(
        terms.map(({ length }, k) => namedPlace(`n${k}`, length)),
        terms.map(({ stride }) => stride),
        base,
      )
      const size = lengths.reduce((a, b) => a * b, 1)
      const values = everyValue(place)
      fc.pre(values.every((at) => valueOf(place, at) < size))
      const blocks = splitPlace(place, lengths)
      for (const at of values) {
        const expected = coordinatesOf(valueOf(place, at), lengths)
        for (const { from, to, length, place: part } of blocks) {
          const inner = valueOf(part, at)
          expect(inner).toBeLessThan(length)
          expect(coordinatesOf(inner, lengths.slice(from, to))).toEqual(expected.slice(from, to))
        }
      }
    }),
    { seed: 1, numRuns: 500 },
  )
})
