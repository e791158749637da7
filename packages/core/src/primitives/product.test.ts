import { derivativeIsRight } from '@cotangent/testing'
import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { array } from '../tensor.js'
import { grad } from '../transforms/vjp.js'
import { prod } from './product.js'

test('prod is the product, of nothing 1, over any axes', () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: -3, max: 3 }), { maxLength: 9 }), (xs) => {
      expect(prod(array(xs)).item() + 0).toBe(xs.reduce((a, b) => a * b, 1) + 0)
    }),
    { seed: 1 },
  )
  const x = array([
    [
      [1, 2],
      [3, 4],
    ],
    [
      [5, 6],
      [7, 8],
    ],
  ])
  expect(prod(x, [0, -1]).toArray()).toEqual([60, 672])
  expect(prod(x, 1, { keepDims: true }).toArray()).toEqual([[[3, 8]], [[35, 48]]])
  expect(prod(array([[2, 3]], 'i32')).item()).toBe(6)
})

test('its derivative is right where elements are 0', () => {
  expect(grad(prod)(array([2, 0, 5])).toArray()).toEqual([0, 10, 0])
  expect(grad(prod)(array([2, 0, 0])).toArray()).toEqual([0, 0, 0])
  derivativeIsRight(prod, [array([2, 0, 5, 0.5, -1])], { order: 2 })
})
