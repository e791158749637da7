import { checkGrads, forAll, lawRuns, tensorOf } from '@cotangent/testing'
import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { array, type Tensor } from '../tensor.js'
import { add, mul } from './arithmetic.js'
import { ones } from './broadcast.js'
import { matmul } from './contraction.js'
import { eye } from './matrix.js'
import { matrixPower } from './matrixPower.js'

const whole = tensorOf([2, 2, 2], fc.integer({ min: -2, max: 2 }))

test('is the product of n factors, and adds exponents', () => {
  forAll(
    [whole, fc.nat(6)],
    (a, n) => {
      let expected: Tensor = add(mul(a, 0), eye(2))
      for (let i = 0; i < n; i++) expected = matmul(expected, a)
      const numbers = (x: Tensor): number[] => Array.from(x.data, (value) => value + 0)
      expect(numbers(matrixPower(a, n))).toEqual(numbers(expected)) // whole numbers below 2^24: exact
    },
    lawRuns(100),
  )
})

test('is a power of the inverse below 0', () => {
  const a = array([
    [2, 0],
    [1, 1],
  ])
  expect(matrixPower(a, -1).toArray()).toEqual([
    [0.5, 0],
    [-0.5, 1],
  ])
  expect(matmul(matrixPower(a, -3), matrixPower(a, 3)).toArray()).toEqual(eye(2).toArray())
})

test('has right derivatives', () => {
  const a = array([
    [2, -1],
    [1, 1],
  ])
  for (const n of [0, 1, 5, -2]) checkGrads((x: Tensor) => matrixPower(x, n), [a], { order: 2 })
})

test('what is refused', () => {
  expect(() => matrixPower(ones([2, 2]), 0.5)).toThrowErrorMatchingInlineSnapshot(`
    [ArgumentError: matrixPower: n must be a whole number.
      received  a f32[2,2], n 0.5
      to do     take a function of the eigenvalues of a symmetric matrix: eigh]
  `)
  expect(() => matrixPower(ones([2, 3]), 2)).toThrow('matrixPower: the last two axes must be equal')
})
