import { describe, expect, test } from 'vitest'
import { mul, sub } from '../primitives/arithmetic.js'
import { sin } from '../primitives/smooth.js'
import { array, scalar, type Tensor } from '../tensor.js'
import { evalIR, makeIR } from '../trace/makeIR.js'
import { jit } from '../transforms/jit.js'
import { evaluateIR } from './evaluate.js'

describe('an f32 program in f64', () => {
  const third = (x: Tensor): Tensor => sub(mul(x, 1 / 3), mul(x, 1 / 3 - 1e-12))

  test('computes in f64 throughout, literals too, and gives f64 back', () => {
    const y = evalIR(makeIR(third)(scalar(1)), [scalar(1)], { floats: 'f64' })
    expect(y.dtype).toBe('f64')
    expect(y.item()).toBeCloseTo(1e-12, 15)
    expect(third(scalar(1)).item()).toBe(0)
  })

  test('also inside of calls, and at points that f32 does not have', () => {
    const program = makeIR((x: Tensor) => jit(third)(x))(scalar(1))
    const [y] = evaluateIR(program, [scalar(1)], { floats: 'f64' })
    expect(y?.data[0]).toBeCloseTo(1e-12, 15)
    const point = array([0.1], 'f64')
    const s = evalIR(makeIR((x: Tensor) => sin(x))(array([0])), [point], { floats: 'f64' })
    expect(s.data[0]).toBe(Math.sin(0.1))
  })

  test('leaves integers and truth values as they are', () => {
    const i = array([1, 2], 'i32')
    expect(mul(array([2 ** 30 + 1], 'i32'), array([2 ** 30 + 3], 'i32')).item()).toBe(
      Math.imul(2 ** 30 + 1, 2 ** 30 + 3),
    )
    expect(evalIR(makeIR((x: Tensor) => mul(x, 3))(i), [i], { floats: 'f64' }).data).toEqual(Int32Array.of(3, 6))
  })
})

test('a program is told how many inputs it lacks', () => {
  expect(() => evaluateIR(makeIR(sin)(scalar(1)), [])).toThrow('the program takes 1 inputs, 0 were given')
})
