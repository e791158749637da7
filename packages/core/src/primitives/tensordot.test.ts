import { checkGrads, forAll, lawRuns, tensorOf } from '@cotangent/testing'
import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import type { Tensor } from '../tensor.js'
import { einsum } from './einsum.js'
import { tensordot } from './tensordot.js'

const whole = fc.integer({ min: -4, max: 4 })

test('is the einsum of its letters', () => {
  forAll(
    [tensorOf([2, 3, 4], whole), tensorOf([3, 4, 5], whole)],
    (x, y) => {
      expect(tensordot(x, y)).toEqual(einsum('abc,bcd->ad', x, y))
      expect(tensordot(x, y, [[-1], [1]])).toEqual(einsum('abc,dce->abde', x, y))
      expect(
        tensordot(x, y, [
          [2, 1],
          [1, 0],
        ]),
      ).toEqual(einsum('abc,bcd->ad', x, y))
      expect(tensordot(x, y, 0).shape).toEqual([2, 3, 4, 3, 4, 5])
    },
    lawRuns(10),
  )
})

test('has right derivatives', () => {
  forAll(
    [tensorOf([2, 3]), tensorOf([3, 2])],
    (x, y) => checkGrads((a: Tensor, b: Tensor) => tensordot(a, b, 1), [x, y]),
    lawRuns(3),
  )
})
