import { derivativeIsRight } from '@cotangent/testing'
import { describe, expect, test } from 'vitest'
import { array, type Tensor } from '../tensor.js'
import { grad } from '../transforms/vjp.js'
import { reshape } from './broadcast.js'
import { convolution } from './convolution.js'
import { flip } from './flip.js'
import { avgPool, maxPool } from './pooling.js'
import { sum } from './reduction.js'
import { iota } from './sequence.js'

const x = reshape(iota(12, 'f32'), [1, 2, 6])

describe('convolution', () => {
  test('by hand: strides, dilation, padding on one side', () => {
    const w = array([[[1, 10]]])
    const row = array([[[1, 2, 3, 4]]])
    expect(convolution(row, w).toArray()).toEqual([[[21, 32, 43]]])
    expect(convolution(row, w, { strides: 2 }).toArray()).toEqual([[[21, 43]]])
    expect(convolution(row, w, { dilation: 2 }).toArray()).toEqual([[[31, 42]]])
    expect(convolution(row, w, { padding: [[1, 0]] }).toArray()).toEqual([[[10, 21, 32, 43]]])
    expect(convolution(row, w, { padding: 'same' }).toArray()).toEqual([[[21, 32, 43, 4]]])
  })

  test('groups do not see each other', () => {
    const w = array([[[1, 0, 0]], [[0, 0, 1]]])
    expect(convolution(x, w, { groups: 2 }).toArray()).toEqual([
      [
        [0, 1, 2, 3],
        [8, 9, 10, 11],
      ],
    ])
  })

  test('of three spatial axes, with its derivatives', () => {
    const cube = reshape(iota(16, 'f32'), [1, 1, 2, 2, 4])
    const w = array([[[[[1, -1]], [[0.5, 2]]]]])
    expect(convolution(cube, w).shape).toEqual([1, 1, 1, 2, 3])
    derivativeIsRight((a: Tensor, b: Tensor) => convolution(a, b), [cube, w])
  })

  test('a place that no stride reaches has no derivative', () => {
    const slope = grad((a: Tensor) => sum(convolution(a, array([[[1, 1]]]), { strides: 3 })))(
      array([[[1, 2, 3, 4, 5, 6]]]),
    )
    expect(slope.toArray()).toEqual([[[1, 1, 0, 1, 1, 0]]])
  })

  test('refuses shapes, groups and settings that do not fit', () => {
    expect(() => convolution(x, array([[[1, 1]]]))).toThrow('x f32[1,2,6], w f32[1,1,2], groups 1')
    expect(() => convolution(x, array([[[1], [1]]]), { strides: 0 })).toThrow(
      'strides must be a whole number from 1 on',
    )
    expect(() => convolution(x, array([[[1], [1]]]), { padding: [1, 1] })).toThrow('padding')
    expect(() => convolution(array([1, 2]), array([1]))).toThrow('channels come before the lengths')
  })
})

describe('pooling', () => {
  test('windows overlap by strides; padding never is the largest, and counts as 0 in a mean', () => {
    const row = array([[[-1, -5, -2, -4]]])
    expect(maxPool(row, 2).toArray()).toEqual([[[-1, -2]]])
    expect(maxPool(row, 3, { strides: 1, padding: 1 }).toArray()).toEqual([[[-1, -1, -2, -2]]])
    expect(avgPool(row, 2, { strides: 1 }).toArray()).toEqual([[[-3, -3.5, -3]]])
    expect(avgPool(row, 2, { strides: 2, padding: 1 }).toArray()).toEqual([[[-0.5, -3.5, -2]]])
  })

  test('a tie shares the derivative', () => {
    expect(grad((a: Tensor) => sum(maxPool(a, 2)))(array([[[3, 3, 1, 2]]])).toArray()).toEqual([[[0.5, 0.5, 0, 1]]])
  })

  test('refuses windows that do not fit', () => {
    expect(() => maxPool(x, 7)).toThrow('the window must fit')
    expect(() => avgPool(x, 2, { padding: 2 })).toThrow('padding be at most half')
  })
})

test('flip reverses the axes that are named, all by default', () => {
  const a = array([
    [1, 2],
    [3, 4],
  ])
  expect(flip(a).toArray()).toEqual([
    [4, 3],
    [2, 1],
  ])
  expect(flip(a, -1).toArray()).toEqual([
    [2, 1],
    [4, 3],
  ])
})
