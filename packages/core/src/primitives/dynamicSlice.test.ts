import { checkGrads, forAll, lawRuns, shapeArbitrary, tensorOf, vmapIsLoop } from '@cotangent/testing'
import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { array, type Tensor } from '../tensor.js'
import { mul } from './arithmetic.js'
import { ones, zeros } from './broadcast.js'
import { dynamicSlice, dynamicUpdateSlice } from './dynamicSlice.js'
import { pad, slice } from './sequence.js'

/** A tensor, lengths of a part of it, and starts that may lie outside. */
const parts = shapeArbitrary({ maxRank: 3 }).chain((shape) =>
  fc.tuple(
    tensorOf(shape),
    fc.tuple(...shape.map((n) => fc.nat(n))),
    tensorOf([shape.length], fc.integer({ min: -2, max: 8 }), 'i32'),
  ),
)

const inside = (x: Tensor, sizes: readonly number[], starts: Tensor): number[] =>
  x.shape.map((n, axis) => Math.max(0, Math.min(n - (sizes[axis] ?? 0), starts.data[axis] ?? 0)))

test('dynamicSlice is a slice at the starts, which are moved to lie inside', () => {
  forAll(
    [parts],
    ([x, sizes, starts]) => {
      const from = inside(x, sizes, starts)
      const expected = slice(
        x,
        from,
        from.map((start, axis) => start + (sizes[axis] ?? 0)),
      )
      expect(dynamicSlice(x, starts, sizes).toArray()).toEqual(expected.toArray())
    },
    lawRuns(200),
  )
})

test('dynamicUpdateSlice puts the updates there, and leaves all else', () => {
  forAll(
    [parts],
    ([x, sizes, starts]) => {
      const from = inside(x, sizes, starts)
      const behind = x.shape.map((n, axis) => n - (from[axis] ?? 0) - (sizes[axis] ?? 0))
      const mask = pad(ones(sizes), from, behind)
      const there = pad(mul(ones(sizes), 7), from, behind)
      const y = dynamicUpdateSlice(x, mul(ones(sizes), 7), starts)
      expect(y.shape).toEqual(x.shape)
      expect(Array.from(y.data)).toEqual(Array.from(x.data, (value, i) => (mask.data[i] === 1 ? there.data[i] : value)))
      if (x.size > 0) expect(dynamicSlice(y, starts, sizes).toArray()).toEqual(mul(ones(sizes), 7).toArray())
    },
    lawRuns(200),
  )
})

test('have right derivatives, and every example may start elsewhere', () => {
  const u = array([
    [1, -2],
    [3, 0.5],
  ])
  const f = (x: Tensor, starts: Tensor): readonly Tensor[] => [
    mul(dynamicSlice(x, starts, [2, 2]), dynamicSlice(x, starts, [2, 2])),
    dynamicUpdateSlice(x, mul(u, u), starts),
  ]
  forAll(
    [tensorOf([2, 3, 4]), tensorOf([2, 2], fc.integer({ min: -1, max: 4 }), 'i32')],
    (xs, starts) => {
      vmapIsLoop(f, [xs, starts])
    },
    lawRuns(10),
  )
  const x = array([
    [1, 2, 3],
    [4, 5, 6],
    [7, 8, 9],
  ])
  checkGrads(
    (y: Tensor, v: Tensor) => [f(y, array([1, 0], 'i32')), dynamicUpdateSlice(y, v, array([0, 5], 'i32'))],
    [x, u],
  )
})

test('a scalar, and no updates', () => {
  expect(dynamicSlice(array(5), zeros([0], 'i32'), []).toArray()).toBe(5)
  expect(dynamicUpdateSlice(array(5), array(6), zeros([0], 'i32')).toArray()).toBe(6)
  expect(dynamicUpdateSlice(array([1, 2]), zeros([0]), array([1], 'i32')).toArray()).toEqual([1, 2])
})
