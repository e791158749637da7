import { describe, expect, expectTypeOf, test } from 'vitest'
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

describe('static arguments', () => {
  const counting = () => {
    let traces = 0
    const f = (
      x: Tensor,
      n: number,
      activation: (y: Tensor) => Tensor,
      options: { readonly scale?: number } = {},
    ): Tensor => {
      traces++
      const power = Array.from({ length: n }, () => x).reduce((a, b) => mul(a, b), scalar(options.scale ?? 1))
      return activation(power)
    }
    return { f, traces: () => traces }
  }

  test('are plain values to the function, and part of the signature', () => {
    const { f, traces } = counting()
    const g = jit(f, { static: [1, 2, 3] })
    expect(g(scalar(2), 3, sin).item()).toBeCloseTo(Math.sin(8), 6)
    expect(g(scalar(3), 3, sin).item()).toBeCloseTo(Math.sin(27), 6)
    expect(traces()).toBe(1)
    expect(g(scalar(3), 2, sin).item()).toBeCloseTo(Math.sin(9), 6)
    expect(traces()).toBe(2)
    // functions by identity, all else by content
    g(scalar(3), 2, (y) => sin(y))
    expect(traces()).toBe(3)
    expect(g(scalar(3), 2, sin, { scale: 2 }).item()).toBeCloseTo(Math.sin(18), 6)
    g(scalar(1), 2, sin, { scale: 2 })
    expect(traces()).toBe(4)
  })

  test('that JSON takes for one are told apart', () => {
    let traces = 0
    const g = jit(
      (x: Tensor, _: unknown) => {
        traces++
        return x
      },
      { static: [1] },
    )
    const values: readonly unknown[] = [
      0,
      -0,
      Number.NaN,
      Number.POSITIVE_INFINITY,
      null,
      undefined,
      'a',
      '0',
      '',
      false,
      1n,
      1,
    ]
    const lists: readonly unknown[] = [
      [],
      [[]],
      ['a', 'b'],
      ['a,b'],
      {},
      { a: 1 },
      { a: [1] },
      { b: 1 },
      new Map(),
      new Map(),
    ]
    for (const value of [...values, ...lists, ...values]) g(scalar(1), value)
    expect(traces).toBe(values.length + lists.length)
    g(scalar(1), { b: 2, a: 1 })
    g(scalar(1), { a: 1, b: 2 })
    expect(traces).toBe(values.length + lists.length + 1)
  })

  test('under transforms, and before the arguments that are traced', () => {
    const power = jit((n: number, x: Tensor): Tensor => (n === 0 ? scalar(1) : mul(x, power(n - 1, x))), {
      static: [0],
    })
    expect(grad((x: Tensor) => power(3, x))(scalar(2)).item()).toBe(12)
    expect(vmap((x: Tensor) => power(2, x))(array([1, 2, 3])).toArray()).toEqual([1, 4, 9])
  })

  test('may not be tensors, nor hold any', () => {
    const g = jit((x: Tensor, w: unknown) => (w === null ? x : x), { static: [1] })
    expect(() => g(scalar(1), scalar(2))).toThrowErrorMatchingInlineSnapshot(`
      [ArgumentError: jit: a static argument is a plain value that belongs to the program.
        received  a tensor, f32[]
        to do     leave its position out of static, or give a number]
    `)
    expect(() => g(scalar(1), { w: [scalar(2)] })).toThrow(/a static argument is a plain value/)
    expect(() => jit((x: Tensor) => x, { static: [-1 as 0] })(scalar(1))).toThrow(/static must name positions/)
  })

  test('types: positions of arguments', () => {
    const f = (x: Tensor, n: number, name?: string): Tensor => mul(x, n + (name?.length ?? 0))
    expectTypeOf(jit(f, { static: [1, 2] })).toEqualTypeOf<(x: Tensor, n: number, name?: string) => Tensor>()
    // @ts-expect-error there is no such argument
    jit(f, { static: [3] })
    const rest = (...xs: readonly number[]): Tensor => scalar(xs.length)
    expectTypeOf(jit(rest, { static: [7] })).toEqualTypeOf<(...xs: readonly number[]) => Tensor>()
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
