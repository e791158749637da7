import { add, array, jit, less, maximum, mul, type Tensor, tanh, where } from '@cotangent/core'
import { expect, test } from 'vitest'
import { hasCloseCall } from './closeCall.js'

const choose = (x: Tensor, y: Tensor): Tensor => where(less(x, y), mul(x, 0.5), y)
const ofTanh = ([x = array([])]: readonly Tensor[]): readonly Tensor[] => [choose(tanh(x), x)]

test('numbers that differ by rounding are a close call, equal ones too, others are none', () => {
  expect(hasCloseCall(ofTanh, [array([2.5e-27])])).toBe(true)
  expect(hasCloseCall(ofTanh, [array([1e-3])])).toBe(true)
  expect(hasCloseCall(ofTanh, [array([0])])).toBe(true)
  expect(hasCloseCall(ofTanh, [array([0.5, 1, -1])])).toBe(false)
  expect(hasCloseCall(([x = array([])]) => [maximum(x, add(x, 1e-7))], [array([1])])).toBe(true)
})

test('one within a jitted function is seen', () => {
  const inner = jit((x: Tensor) => choose(tanh(x), x))
  expect(hasCloseCall(([x = array([])]) => [inner(x)], [array([1e-10])])).toBe(true)
  expect(hasCloseCall(([x = array([])]) => [inner(x)], [array([0.5])])).toBe(false)
})
