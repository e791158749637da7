import { checkGrads, forAll, indicesOf, lawRuns, tensorOf, vmapIsLoop } from '@cotangent/testing'
import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { type Shape, sizeOf } from '../aval.js'
import { array, type Tensor } from '../tensor.js'
import { grad } from '../transforms/vjp.js'
import { add, mul } from './arithmetic.js'
import { unstack } from './arrange.js'
import { reshape, zeros } from './broadcast.js'
import { sum } from './reduction.js'
import { scatterSet } from './scatterSet.js'
import { iota, stack } from './sequence.js'

/** 100, 101, ... in a shape. */
const filled = (shape: Shape): Tensor => reshape(add(iota(sizeOf(shape), 'f32'), 100), shape)

test('is one assignment after the other, along any axis', () => {
  forAll(
    [tensorOf([3, 4, 2]), fc.nat(2), fc.nat(5)],
    (x, axis, many) => {
      const n = x.shape[axis] ?? 0
      const places = Array.from({ length: many }, (_, j) => (j * 7 + many) % n)
      const updates = filled(x.shape.map((length, i) => (i === axis ? many : length)))
      const rows = [...unstack(x, axis)]
      for (const [j, row] of unstack(updates, axis).entries()) rows[places[j] ?? 0] = row
      expect(scatterSet(x, array(places, 'i32'), updates, axis).toArray()).toEqual(stack(rows, axis).toArray())
    },
    lawRuns(100),
  )
})

test('the last update of a place gets the derivative, and x where there is none', () => {
  const at = array([2, 0, 2], 'i32')
  const loss = (x: Tensor, u: Tensor): Tensor => sum(mul(scatterSet(x, at, u), array([1, 10, 100])))
  const [x, u] = [array([1, 2, 3]), array([7, 8, 9])]
  expect(grad(loss)(x, u).toArray()).toEqual([0, 10, 0])
  expect(grad((v: Tensor) => loss(x, v))(u).toArray()).toEqual([0, 1, 100])
  checkGrads((y: Tensor, v: Tensor) => mul(scatterSet(y, at, v), scatterSet(y, at, v)), [x, u])
})

test('is a loop under vmap, whatever has a batch axis', () => {
  forAll(
    [tensorOf([2, 3]), indicesOf([2, 4], 3), tensorOf([2, 4])],
    (x, at, u) => {
      vmapIsLoop(scatterSet, [x, at, u])
      vmapIsLoop((i: Tensor) => scatterSet(zeros([3]), i, array([1, 2, 3, 4])), [at])
    },
    lawRuns(10),
  )
})
