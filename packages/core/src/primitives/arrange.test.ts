import { forAll, lawRuns, linearIsExact, shapeArbitrary, tensorOf, vmapIsLoop } from '@cotangent/testing'
import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { range, type Shape, stridesOf } from '../aval.js'
import { array, type Tensor } from '../tensor.js'
import { repeat, roll, splitAlong, swapAxes, tile, unstack } from './arrange.js'
import { ones, transpose } from './broadcast.js'
import { concat, stack } from './sequence.js'
import { eachIndex } from './strided.js'

const shapes = shapeArbitrary({ minRank: 1, maxRank: 3 })

/** The elements of a tensor of this shape, each found in x by a rule from index to index. */
const gathered = (x: Tensor, shape: Shape, rule: (index: readonly number[]) => readonly number[]): number[] => {
  const strides = stridesOf(shape)
  const found: number[] = []
  const from = stridesOf(x.shape)
  eachIndex(shape, strides, (i) => {
    const index = shape.map((n, axis) => Math.floor(i / (strides[axis] ?? 1)) % n)
    found.push(x.data[rule(index).reduce((at, j, axis) => at + j * (from[axis] ?? 0), 0)] ?? Number.NaN)
  })
  return found
}

const onAxis = (index: readonly number[], axis: number, f: (i: number) => number): number[] =>
  index.map((i, a) => (a === axis ? f(i) : i))

const agrees = (y: Tensor, x: Tensor, shape: Shape, rule: (index: readonly number[]) => readonly number[]): void => {
  expect(y.shape).toEqual(shape)
  expect(Array.from(y.data)).toEqual(gathered(x, shape, rule))
}

const lengthOf = (x: Tensor, axis: number): number => x.shape[axis] ?? 0
const withLength = (x: Tensor, axis: number, n: number): number[] => x.shape.map((m, a) => (a === axis ? n : m))

test('every element comes from where the definition says', () => {
  forAll(
    [shapes.chain((shape) => tensorOf(shape)), fc.nat(), fc.integer({ min: -9, max: 9 }), fc.nat(3)],
    (x, some, shift, times) => {
      const axis = some % x.rank
      const n = lengthOf(x, axis)
      agrees(roll(x, shift, axis), x, x.shape, (at) => onAxis(at, axis, (i) => (((i - shift) % n) + n) % n))
      agrees(repeat(x, times, axis), x, withLength(x, axis, n * times), (at) =>
        onAxis(at, axis, (i) => Math.floor(i / times)),
      )
      const counts = range(n).map((i) => (i * 7 + times) % 3)
      const places = counts.flatMap((r, i) => new Array<number>(r).fill(i))
      agrees(repeat(x, counts, axis), x, withLength(x, axis, places.length), (at) =>
        onAxis(at, axis, (i) => places[i] ?? 0),
      )
      const repeats = range(x.rank).map((a) => (a * 5 + times) % 3)
      agrees(
        tile(x, repeats),
        x,
        x.shape.map((m, a) => m * (repeats[a] ?? 1)),
        (at) => at.map((i, a) => i % lengthOf(x, a)),
      )
      const other = (some + 1) % x.rank
      const order = onAxis(
        onAxis(range(x.rank), axis, () => other),
        other,
        () => axis,
      )
      expect(swapAxes(x, axis, other)).toEqual(transpose(x, order))
    },
    lawRuns(100),
  )
})

test('splitAlong and concat, unstack and stack, are inverse', () => {
  forAll(
    [shapes.chain((shape) => tensorOf(shape)), fc.nat(), fc.nat()],
    (x, some, first) => {
      const axis = some % x.rank
      const n = lengthOf(x, axis)
      const cut = first % (n + 1)
      const parts = splitAlong(x, [cut, n - cut], axis)
      expect(parts.map((part) => lengthOf(part, axis))).toEqual([cut, n - cut])
      expect(concat(parts, axis).toArray()).toEqual(x.toArray())
      if (n === 0) return
      expect(concat(splitAlong(x, n, axis), axis).toArray()).toEqual(x.toArray())
      expect(stack(unstack(x, axis), axis).toArray()).toEqual(x.toArray())
    },
    lawRuns(50),
  )
  expect(unstack(ones([0, 2]))).toEqual([])
  expect(splitAlong(ones([0, 2]), 0)).toEqual([])
})

test('repeats may be fewer or more than the axes', () => {
  expect(tile(ones([2, 3]), [2]).shape).toEqual([2, 6])
  expect(tile(ones([3]), [2, 4, 1]).shape).toEqual([2, 4, 3])
  expect(tile(array([true, false]), [2]).toArray()).toEqual([true, false, true, false])
})

test('are linear, exactly, and loops under vmap', () => {
  forAll(
    [tensorOf([2, 3, 4], fc.integer({ min: -4, max: 4 }))],
    (x) => {
      const functions: ((y: Tensor) => readonly Tensor[])[] = [
        (y) => [roll(y, 2), tile(y, [2, 1, 2]), repeat(y, 2, -1), swapAxes(y, 0, -1)],
        (y) => [repeat(y, range(lengthOf(y, 0)), 0)],
        (y) => [...splitAlong(y, [1, 3], -1), ...unstack(y, -1)],
      ]
      for (const f of functions) {
        linearIsExact(f, [x])
        vmapIsLoop(f, [x], { axes: [0] })
      }
    },
    lawRuns(10),
  )
})
