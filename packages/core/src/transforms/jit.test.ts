import { describe, expect, test } from 'vitest'
import { printIR } from '../ir/print.js'
import { add, mul } from '../primitives/arithmetic.js'
import { zeros } from '../primitives/broadcast.js'
import { sum } from '../primitives/reduction.js'
import { sin } from '../primitives/smooth.js'
import { array, scalar, type Tensor } from '../tensor.js'
import { makeIR } from '../trace/makeIR.js'
import { jit } from './jit.js'
import { grad } from './vjp.js'
import { vmap } from './vmap.js'

/** A function that counts how often it is traced. */
const counted = () => {
  let traces = 0
  const f = (x: Tensor): Tensor => {
    traces++
    return sum(mul(sin(x), x))
  }
  return { f, traces: () => traces }
}

describe('jit traces once for each signature', () => {
  test('of shapes, dtypes and structure, whatever the values', () => {
    const { f, traces } = counted()
    const g = jit(f)
    for (const x of [zeros([2]), zeros([2]), array([1, 2])]) g(x)
    expect(traces()).toBe(1)
    g(zeros([3]))
    g(zeros([2], 'f64'))
    expect(traces()).toBe(3)
    g(zeros([2]))
    expect(traces()).toBe(3)
  })

  test('also under transforms', () => {
    const { f, traces } = counted()
    const g = jit(f)
    const x = zeros([2])
    grad(g)(x)
    grad(g)(x)
    grad((y: Tensor) => sum(grad(g)(y)))(x)
    vmap(g)(zeros([4, 2]))
    expect(traces()).toBe(1)
  })

  test('also where it closes over tensors, which are constants of the program', () => {
    const { f, traces } = counted()
    let w = array([2, 3])
    const g = jit((x: Tensor) => f(mul(x, w)))
    const value = g(array([1, 1])).item()
    expect(g(array([1, 1])).item()).toBe(value)
    w = array([5, 5]) // not looked at again: what changes is an argument
    expect(g(array([1, 1])).item()).toBe(value)
    expect(traces()).toBe(1)
    grad(g)(array([1, 1]))
    vmap(g)(zeros([4, 2]))
    expect(traces()).toBe(1)
  })

  test('but again where it closes over a value of a trace that is going on', () => {
    const { f, traces } = counted()
    let w: Tensor = scalar(1)
    const g = jit((x: Tensor) => f(mul(x, w)))
    const slope = grad((v: Tensor) => {
      w = v
      return g(array([1, 2]))
    })
    // d/dv Σ (v x) sin(v x) = Σ x sin(v x) + v x² cos(v x)
    const right = (v: number): number =>
      [1, 2].map((x) => x * Math.sin(v * x) + v * x * x * Math.cos(v * x)).reduce((a, b) => a + b)
    expect(slope(scalar(0.5)).item()).toBeCloseTo(right(0.5), 5)
    expect(slope(scalar(2)).item()).toBeCloseTo(right(2), 5)
    expect(traces()).toBe(2)
  })

  test('a function that throws leaves nothing behind', () => {
    let broken = true
    const g = jit((x: Tensor) => {
      if (broken) throw new Error('not yet')
      return add(x, 1)
    })
    expect(() => g(scalar(1))).toThrow('not yet')
    broken = false
    expect(g(scalar(1)).item()).toBe(2)
    expect(grad((x: Tensor) => mul(x, x))(scalar(3)).item()).toBe(6)
  })
})

test('jit is one equation; calls within calls are kept', () => {
  const inner = jit(function half(x: Tensor) {
    return mul(x, 0.5)
  })
  const outer = jit(function twice(x: Tensor) {
    return inner(inner(x))
  })
  expect(printIR(makeIR((x: Tensor) => outer(x))(zeros([2])))).toMatchInlineSnapshot(`
    "{ lambda a:f32[2] .
      let b:f32[2] = call[name=twice ir=
        { lambda a:f32[2] .
          let b:f32[2] = call[name=half ir=
            { lambda a:f32[2] .
              let b:f32[2] = broadcastTo[shape=(2)] 0.5:f32
                  c:f32[2] = mul a b
              in ( c ) }] a
              c:f32[2] = call[name=half ir=
            { lambda a:f32[2] .
              let b:f32[2] = broadcastTo[shape=(2)] 0.5:f32
                  c:f32[2] = mul a b
              in ( c ) }] b
          in ( c ) }] a
      in ( b ) }"
  `)
})

test('a value closed over from an outer trace is differentiated', () => {
  const f = (x: Tensor) => jit((y: Tensor) => mul(y, x))(scalar(3))
  expect(grad(f)(scalar(2)).item()).toBe(3)
})

test('an async function is refused', () => {
  expect(() => jit(async (x: Tensor) => x)(scalar(1))).toThrowErrorMatchingInlineSnapshot(`
    [ArgumentError: jit: a traced function must be synchronous.
      received  a function that returns a Promise
      to do     await what it needs before the call and pass the result as an argument]
  `)
  expect(() => vmap(async (x: Tensor) => x)(zeros([2]))).toThrowErrorMatchingInlineSnapshot(`
    [ArgumentError: vmap: a traced function must be synchronous.
      received  a function that returns a Promise
      to do     await what it needs before the call and pass the result as an argument]
  `)
  const rejects = async (x: Tensor): Promise<Tensor> => {
    await Promise.resolve()
    return x.read()
  }
  expect(() => makeIR(rejects)(scalar(1))).toThrow(/makeIR: a traced function must be synchronous/)
})
