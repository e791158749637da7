import { checkGrads, forAll, lawRuns, shapeArbitrary, tensorOf } from '@cotangent/testing'
import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { range, type Shape, sizeOf, stridesOf } from '../aval.js'
import { array, HostTensor, Tensor } from '../tensor.js'
import { makeIR } from '../trace/makeIR.js'
import { vmap } from '../transforms/vmap.js'
import { mul } from './arithmetic.js'
import { reshape, zeros } from './broadcast.js'
import { type IndexPlace, index } from './indexPlaces.js'
import { iota, slice } from './sequence.js'

/** The entries of an axis that a place names, by walking from end to end as Python's definition does. */
const entries = (place: Exclude<IndexPlace, '...' | ':' | null>, n: number): readonly number[] => {
  if (typeof place === 'number') return [(place + n) % n]
  if (place instanceof Tensor) return Array.from(place.data)
  const [from, to, step = 1] = place
  const by = step ?? 1
  const found: number[] = []
  const whole = (bound: number): number => (bound < 0 ? bound + n : bound)
  const all = by > 0 ? range(n) : range(n).reverse()
  const isIn = (i: number): boolean =>
    by > 0
      ? i >= whole(from ?? 0) && i < (to === null || to === undefined ? n : whole(to))
      : i <= whole(from ?? n - 1) && i > (to === null || to === undefined ? -1 : whole(to))
  for (const i of all.filter(isIn))
    if (found.length === 0 || Math.abs(i - (found.at(-1) ?? 0)) === Math.abs(by)) found.push(i)
  return found
}

const bound = fc.option(fc.integer({ min: -9, max: 9 }), { nil: null })
const span = fc.tuple(bound, bound, fc.constantFrom(1, 2, 3, -1, -2, -3, null))

/** A place for each axis: mostly spans, some numbers, and for one axis perhaps a tensor. */
const placesOf = (shape: Shape): fc.Arbitrary<readonly Exclude<IndexPlace, '...' | ':' | null>[]> =>
  fc
    .tuple(
      fc.tuple(...shape.map((n) => fc.oneof(span, fc.integer({ min: -n, max: n - 1 })))),
      fc.nat(2 * shape.length),
      fc.array(fc.nat(100), { maxLength: 4 }),
    )
    .map(([places, at, numbers]) =>
      places.map((place, axis) =>
        axis === at
          ? array(
              numbers.map((i) => i % (shape[axis] ?? 1)),
              'i32',
            )
          : place,
      ),
    )

const cases = shapeArbitrary({ minLength: 1, maxRank: 3 }).chain((shape) => fc.tuple(tensorOf(shape), placesOf(shape)))

test('gives the entries that Python names', () => {
  forAll(
    [cases],
    ([x, places]) => {
      const chosen = places.map((place, axis) => entries(place, x.shape[axis] ?? 0))
      const lengths = chosen.map((list) => list.length)
      const steps = stridesOf(lengths)
      const from = stridesOf(x.shape)
      const expected = range(sizeOf(lengths)).map((i) =>
        chosen.reduce((at, list, axis) => {
          const j = Math.floor(i / (steps[axis] ?? 1)) % list.length
          return at + (list[j] ?? 0) * (from[axis] ?? 0)
        }, 0),
      )
      const y = index(x, ...places)
      expect(y.shape).toEqual(lengths.filter((_, axis) => typeof places[axis] !== 'number'))
      expect(Array.from(y.data)).toEqual(expected.map((at) => x.data[at]))
    },
    lawRuns(300),
  )
})

const x = reshape(iota(24), [2, 3, 4])

test('new axes, all of an axis, and what is left', () => {
  expect(index(x).toArray()).toEqual(x.toArray())
  expect(index(x, null, '...', null).shape).toEqual([1, 2, 3, 4, 1])
  expect(index(x, ':', null, 1).shape).toEqual([2, 1, 4])
  expect(index(x, '...', 0).toArray()).toEqual(index(x, ':', ':', 0).toArray())
  expect(index(x, 0, '...', [1]).shape).toEqual([3, 3])
  expect(index(x, null, 1, array([[0, 1]], 'i32'), null).shape).toEqual([1, 1, 2, 1, 4])
  expect(index(array(5), '...').toArray()).toBe(5)
  expect(index(x, [5]).shape).toEqual([0, 3, 4])
  expect(index(zeros([0, 2]), [null, null, -1]).shape).toEqual([0, 2])
})

test('costs one slice where nothing is turned round or picked', () => {
  const names = (...places: readonly IndexPlace[]): readonly string[] =>
    makeIR((y: Tensor) => index(y, ...places))(x).equations.map(({ primitive }) => primitive.name)
  expect(names([1], [null, null, 2])).toEqual(['slice'])
  expect(names(0, [1, 3])).toEqual(['slice', 'reshape'])
  expect(names('...')).toEqual([])
  expect(index(x, [1]).toArray()).toEqual(slice(x, [1, 0, 0], [2, 3, 4]).toArray())
})

test('has right derivatives, also of indices that come twice, and works under vmap', () => {
  const picks = array([1, 1, 0], 'i32')
  forAll(
    [tensorOf([2, 3])],
    (y) =>
      checkGrads(
        (z: Tensor) => {
          const part = index(z, picks, [null, null, -2])
          return mul(part, part)
        },
        [y],
      ),
    lawRuns(3),
  )
  const rows = vmap((row: Tensor, at: Tensor) => index(row, at, [1]))(x, array([[2], [0]], 'i32'))
  expect(rows.shape).toEqual([2, 1, 3])
  expect(rows.toArray()).toEqual([[[9, 10, 11]], [[13, 14, 15]]])
})

test('refuses what names nothing', () => {
  expect(() => index(x, 2)).toThrowErrorMatchingInlineSnapshot(`
    [IndexError: index: a number must be from -2 to 1.
      received  2 in x i32[2,3,4], places (2)
      to do     a span [start, stop] may reach beyond the end]
  `)
  expect(() => index(x, '...', 0, '...')).toThrowErrorMatchingInlineSnapshot(`
    [ArgumentError: index: there may be one '...', one tensor, and 3 places besides new axes.
      received  x i32[2,3,4], places ('...', 0, '...')
      to do     index again for a second tensor, or take from the flattened tensor]
  `)
  expect(() => index(x, [0, 1, 0])).toThrowErrorMatchingInlineSnapshot(`
    [ArgumentError: index: a place must be a whole number, [start, stop, step] with a step that is not 0, null, ':', '...' or a tensor.
      received  x i32[2,3,4], places ([0,1,0])
      to do     write one place for each axis]
  `)
  expect(() => index(x, new HostTensor(Uint8Array.of(1, 0), [2], 'bool'))).toThrow('indices must have dtype i32')
})
