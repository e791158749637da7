import { checkGrads, jitIsEager, vmapIsLoop } from '@cotangent/testing'
import { describe, expect, expectTypeOf, test } from 'vitest'
import { scan } from '../control/scan.js'
import { printIR } from '../ir/print.js'
import { add, exp, maximum, minimum, mul, sub } from '../primitives/arithmetic.js'
import { ones, zeros } from '../primitives/broadcast.js'
import { take } from '../primitives/indexing.js'
import { sum } from '../primitives/reduction.js'
import { stack } from '../primitives/sequence.js'
import { cos, sin } from '../primitives/smooth.js'
import { stopGradient } from '../primitives/stopGradient.js'
import { array, scalar, type Tensor } from '../tensor.js'
import { makeIR } from '../trace/makeIR.js'
import { checkpoint } from './checkpoint.js'
import { customVjp } from './customVjp.js'
import { jit } from './jit.js'
import { jvp } from './jvp.js'
import { linearize } from './linearize.js'
import { grad, vjp } from './vjp.js'
import { vmap } from './vmap.js'

const numbers = (x: Tensor): number[] => Array.from(x.data)

/** The identity, whose cotangent is clipped to [-1, 1]. */
const clipped = customVjp((x: Tensor) => x, {
  forward: (x) => [x, null],
  backward: (_, ct) => [minimum(maximum(ct, -1), 1)],
})

/** x sin y, its derivative by hand. */
const product = customVjp(
  function product(x: Tensor, y: Tensor) {
    return mul(x, sin(y))
  },
  {
    forward: (x, y) => [mul(x, sin(y)), { x, y }],
    backward: ({ x, y }, ct) => [mul(ct, sin(y)), mul(ct, mul(x, cos(y)))],
  },
)

describe('customVjp', () => {
  const [x, y] = [array([1, 2]), array([0.5, -1])]

  test('gives the derivative backwards', () => {
    expect(numbers(grad((v: Tensor) => sum(mul(clipped(v), array([5, -0.5]))))(x))).toEqual([1, -0.5])
    checkGrads(product, [x, y], { forward: false, order: 2 })
  })

  test('changes nothing in the value, under jit and under vmap', () => {
    jitIsEager(product, [x, y])
    vmapIsLoop(product, [
      array([
        [1, 2],
        [3, 4],
      ]),
      array([
        [1, 0],
        [0, 1],
      ]),
    ])
    vmapIsLoop(
      product,
      [
        array([
          [1, 2],
          [3, 4],
        ]),
        y,
      ],
      { axes: [1, null] },
    )
  })

  test('keeps its derivative under jit, vmap and both, in any order', () => {
    const loss = (a: Tensor, b: Tensor) => sum(product(a, b))
    const right = [numbers(sin(y)), numbers(mul(x, cos(y)))]
    const both = (f: typeof loss) => vjp(f, x, y)[1](scalar(1)).map(numbers)
    expect(both(loss)).toEqual(right)
    expect(both(jit(loss))).toEqual(right)
    expect(both((a, b) => sum(vmap(product)(a, b)))).toEqual(right)
    expect(both(jit((a: Tensor, b: Tensor) => sum(vmap(jit(product))(a, b))))).toEqual(right)
    const perRow = vmap((a: Tensor, b: Tensor) => grad((v: Tensor) => product(v, b))(a))
    expect(numbers(perRow(x, y))).toEqual(right[0])
    // an argument that is not mapped gets the sum
    const shared = grad((b: Tensor) => sum(vmap(product, { inAxes: [0, null] })(x, b)))(scalar(0.5))
    expect(shared.item()).toBeCloseTo(3 * Math.cos(0.5), 6)
  })

  test('is kept by a checkpoint, alone and within a loop', () => {
    const right = [1, -0.5]
    const f = (v: Tensor): Tensor => sum(mul(clipped(v), array([5, -0.5])))
    expect(numbers(grad(checkpoint(f))(x))).toEqual(right)
    expect(numbers(jit(grad(checkpoint(jit(f))))(x))).toEqual(right)
    const looped = checkpoint(
      (v: Tensor) => scan((carry: Tensor, z: Tensor) => [add(carry, mul(clipped(z), 5)), null], scalar(0), v)[0],
    )
    expect(numbers(grad(looped)(x))).toEqual([1, 1])
    expect(numbers(vmap(grad(looped))(stack([x, y])))).toEqual([1, 1, 1, 1])
  })

  test('may be nested: one inside of another, and its own derivative again', () => {
    const outer = customVjp((v: Tensor) => sum(product(v, v)), {
      forward: (v) => [sum(product(v, v)), v],
      backward: (v, ct) => [mul(ct, grad((w: Tensor) => sum(product(w, w)))(v))],
    })
    checkGrads(outer, [x], { forward: false, order: 2 })
    const third = grad((v: Tensor) => grad((w: Tensor) => grad((u: Tensor) => product(u, u))(w))(v))
    // (x sin x)''' = -3 sin x - x cos x
    expect(third(scalar(0.7)).item()).toBeCloseTo(-3 * Math.sin(0.7) - 0.7 * Math.cos(0.7), 5)
  })

  test('takes integer arguments, which have no cotangent', () => {
    const row = customVjp((table: Tensor, i: Tensor) => take(table, i), {
      forward: (table, i) => [take(table, i), null],
      backward: () => [ones([3]), null],
    })
    expect(numbers(grad((t: Tensor) => sum(row(t, array([0, 2], 'i32'))))(array([1, 2, 3])))).toEqual([1, 1, 1])
  })

  test('takes and gives pytrees', () => {
    const f = customVjp((p: { readonly a: Tensor; readonly b: Tensor }) => [mul(p.a, p.b), p.a] as const, {
      forward: (p) => [[mul(p.a, p.b), p.a] as const, p],
      backward: (p, [c, d]) => [{ a: sub(mul(c, p.b), mul(d, -1)), b: mul(c, p.a) }],
    })
    checkGrads(f, [{ a: x, b: y }], { forward: false })
  })

  test('may close over a constant, and over a traced value that is not differentiated', () => {
    const w = scalar(3)
    const scaled = customVjp((v: Tensor) => mul(v, w), {
      forward: (v) => [mul(v, w), null],
      backward: (_, ct) => [mul(ct, w)],
    })
    expect(numbers(grad((v: Tensor) => sum(scaled(v)))(x))).toEqual([3, 3])
    const within = (outer: Tensor) => {
      const fixed = stopGradient(outer)
      const g = customVjp((v: Tensor) => mul(v, fixed), {
        forward: (v) => [mul(v, fixed), null],
        backward: (_, ct) => [mul(ct, fixed)],
      })
      return g(outer)
    }
    expect(grad(within)(scalar(5)).item()).toBe(5)
  })
})

test('function and rules are traced once per signature; tensors that they close over are constants', () => {
  let traces = 0
  const w = array([2, 3])
  const counted = customVjp(
    (v: Tensor) => {
      traces++
      return mul(v, w)
    },
    {
      forward: (v) => {
        traces++
        return [mul(v, w), null]
      },
      backward: (_, ct) => {
        traces++
        return [mul(ct, w)]
      },
    },
  )
  for (const v of [array([1, 2]), array([5, 7])]) {
    expect(numbers(grad((u: Tensor) => sum(counted(u)))(v))).toEqual([2, 3])
    expect(numbers(vmap(grad((u: Tensor) => sum(counted(u))))(stack([v, v])))).toEqual([2, 3, 2, 3])
  }
  expect(traces).toBe(3)
})

describe('a rule that calls the function itself', () => {
  test('has its rule there too, to any order', () => {
    // f = x with the cotangent 2 f ct: derivatives 2x, 4x, 8x
    const growing: (v: Tensor) => Tensor = customVjp((v: Tensor) => v, {
      forward: (v) => {
        const value = growing(v)
        return [value, value]
      },
      backward: (value, ct) => [mul(ct, mul(value, 2))],
    })
    const first = grad(growing)
    const second = grad((v: Tensor) => first(v))
    const third = grad((v: Tensor) => second(v))
    expect([first, second, third].map((f) => f(scalar(5)).item())).toEqual([10, 20, 40])
    expect(numbers(vmap(second)(array([1, 2])))).toEqual([4, 8])
    expect(numbers(grad((v: Tensor) => sum(vmap(first)(v)))(array([1, 2])))).toEqual([4, 8])
    expect(jit(grad(jit(first)))(scalar(5)).item()).toBe(second(scalar(5)).item())
  })

  test('in its backward half, and by way of another function', () => {
    const even: (v: Tensor) => Tensor = customVjp((v: Tensor) => cos(v), {
      forward: (v) => [cos(v), v],
      backward: (v, ct) => [mul(ct, mul(-1, odd(v)))],
    })
    const odd: (v: Tensor) => Tensor = customVjp((v: Tensor) => sin(v), {
      forward: (v) => [sin(v), v],
      backward: (v, ct) => [mul(ct, even(v))],
    })
    let f = odd
    const right = [Math.sin, Math.cos, (t: number) => -Math.sin(t), (t: number) => -Math.cos(t), Math.sin]
    for (const exact of right) {
      expect(f(scalar(0.7)).item()).toBeCloseTo(exact(0.7), 6)
      f = grad(f)
    }
  })
})

test('static arguments are seen as they are, by f and both rules', () => {
  const power = customVjp(
    (v: Tensor, n: number, after: (t: Tensor) => Tensor) =>
      after(Array.from({ length: n }, () => v).reduce<Tensor>((a, b) => mul(a, b), ones(v.shape))),
    {
      forward: (v, n, after) => [after(mul(v, n)), { v }],
      backward: ({ v }, ct, n, after) => {
        expectTypeOf(n).toEqualTypeOf<number>()
        return [mul(ct, after(mul(v, n))), null, null]
      },
    },
    { static: [1, 2] },
  )
  const negative = (t: Tensor): Tensor => mul(t, -1)
  expect(power(scalar(2), 3, negative).item()).toBe(-8)
  expect(grad((v: Tensor) => power(v, 3, negative))(scalar(2)).item()).toBe(-6)
  expect(numbers(vmap(grad((v: Tensor) => power(v, 3, negative)))(array([1, 2])))).toEqual([-3, -6])
})

describe('customVjp refuses', () => {
  test('forward mode, and points to customJvp', () => {
    expect(() => jvp(clipped, [scalar(1)], [scalar(1)])[1].data).toThrowErrorMatchingInlineSnapshot(`
      [MissingRuleError: customVjp: a function with a customVjp has a derivative backwards only.
        received  forward mode (jvp, linearize, jacfwd) over customVjp
        to do     use vjp, grad or jacrev, or give the function a customJvp instead]
    `)
    expect(() => linearize(clipped, scalar(1))[1](scalar(1)).data).toThrow(/customJvp/)
  })

  test('a derivative with respect to what it closes over', () => {
    const f = (w: Tensor) => {
      const g = customVjp((v: Tensor) => mul(v, w), {
        forward: (v) => [mul(v, w), null],
        backward: (_, ct) => [mul(ct, w)],
      })
      return g(scalar(2))
    }
    expect(() => grad(f)(scalar(3))).toThrowErrorMatchingInlineSnapshot(`
      [MissingRuleError: customVjp: a function with a customVjp is differentiated in its arguments only.
        received  a derivative with respect to a value that it closes over
        to do     pass that value as an argument, or wrap it in stopGradient()]
    `)
  })

  test('cotangents that do not fit', () => {
    const wrong = customVjp((v: Tensor) => exp(v), {
      forward: (v) => [exp(v), null],
      backward: () => [zeros([3])],
    })
    expect(() => wrong(scalar(1))).toThrowErrorMatchingInlineSnapshot(`
      [TreeMismatchError: customVjp: backward must return a cotangent like argument 0, or null.
        received  argument * f32[], cotangent * f32[3]
        to do     return one cotangent per argument, of its shape and dtype]
    `)
  })

  test('a bare cotangent instead of an array of them', () => {
    const backward = (_: null, ct: Tensor): unknown => ct
    const wrong = customVjp((v: Tensor) => exp(v), {
      forward: (v) => [exp(v), null],
      backward: backward as (_: null, ct: Tensor) => [Tensor], // what JavaScript lets through
    })
    expect(() => wrong(scalar(1))).toThrowErrorMatchingInlineSnapshot(`
      [TreeMismatchError: customVjp: backward must return an array of 1 cotangents, one per argument.
        received  object
        to do     wrap a single cotangent in an array; give null for an argument without one]
    `)
  })

  test('a forward rule whose value has another structure', () => {
    const forward = (v: Tensor): unknown => [[v, v], null]
    const wrong = customVjp((v: Tensor) => v, {
      forward: forward as (v: Tensor) => [Tensor, null], // what JavaScript lets through
      backward: (_, ct) => [ct],
    })
    expect(() => wrong(scalar(1))).toThrowErrorMatchingInlineSnapshot(`
      [TreeMismatchError: customVjp: the pytrees must have the same structure.
        received  * and [*, *]
        to do     give both the same keys and lengths]
    `)
  })
})

test('its program shows all three parts', () => {
  expect(printIR(makeIR((a: Tensor, b: Tensor) => product(a, b))(scalar(1), scalar(2)))).toMatchInlineSnapshot(`
    "{ lambda a:f32[] b:f32[] .
      let c:f32[] = customVjp[name=product captured=0 primal=
        { lambda a:f32[] b:f32[] .
          let c:f32[] = sin b
              d:f32[] = mul a c
          in ( d ) } forward=
        { lambda a:f32[] b:f32[] .
          let c:f32[] = sin b
              d:f32[] = mul a c
          in ( d a b ) } backward=
        { lambda a:f32[] b:f32[] c:f32[] .
          let d:f32[] = sin b
              e:f32[] = mul c d
              f:f32[] = cos b
              g:f32[] = mul a f
              h:f32[] = mul c g
          in ( e h ) }] a b
      in ( c ) }"
  `)
})
