import { checkGrads, jitIsEager, vmapIsLoop, widened } from '@cotangent/testing'
import { describe, expect, expectTypeOf, test } from 'vitest'
import { compile } from '../compile/compile.js'
import { scan } from '../control/scan.js'
import { checkIR } from '../ir/check.js'
import { printIR } from '../ir/print.js'
import { add, div, exp, log1p, mul, neg, sub } from '../primitives/arithmetic.js'
import { ones, zeros } from '../primitives/broadcast.js'
import { equal, greater, where } from '../primitives/choice.js'
import { psum } from '../primitives/collectives.js'
import { take } from '../primitives/indexing.js'
import { sum } from '../primitives/reduction.js'
import { cos, sin } from '../primitives/smooth.js'
import { stopGradient } from '../primitives/stopGradient.js'
import { referenceEngine } from '../reference/engine.js'
import { array, scalar, type Tensor } from '../tensor.js'
import { makeIR } from '../trace/makeIR.js'
import { checkpoint } from './checkpoint.js'
import { customJvp } from './customJvp.js'
import { customVjp } from './customVjp.js'
import { hessian, hvp } from './hessian.js'
import { jacfwd, jacrev } from './jacobian.js'
import { jit } from './jit.js'
import { jvp } from './jvp.js'
import { linearize } from './linearize.js'
import { linearTranspose } from './linearTranspose.js'
import { grad, vjp } from './vjp.js'
import { vmap } from './vmap.js'

const numbers = (x: Tensor): readonly number[] => Array.from(x.data)

/** x sin y, its derivative by hand. */
const product = customJvp(
  function product(x: Tensor, y: Tensor) {
    return mul(x, sin(y))
  },
  ([x, y], [dx, dy]) => [mul(x, sin(y)), add(mul(dx, sin(y)), mul(dy, mul(x, cos(y))))],
)

/** Its rule is three times what it should be, so that it shows who was asked. */
const tripled = customJvp(
  (x: Tensor) => mul(x, x),
  ([x], [dx]) => [mul(x, x), mul(dx, mul(x, 6))],
)

const x: Tensor = array([1, 2])
const y: Tensor = array([0.5, -1])

describe('customJvp', () => {
  test('gives the derivative forwards, and backwards by its transpose', () => {
    const [value, tangent] = jvp(tripled, [x], [ones([2])])
    expect([numbers(value), numbers(tangent)]).toEqual([
      [1, 4],
      [6, 12],
    ])
    expect(numbers(grad((v: Tensor) => sum(tripled(v)))(x))).toEqual([6, 12])
    expect(numbers(linearize(tripled, x)[1](ones([2])))).toEqual([6, 12])
    expect(numbers(vjp(tripled, x)[1](array([1, 10]))[0])).toEqual([6, 120])
    checkGrads(product, [x, y])
  })

  test('changes nothing in the value, under jit, vmap, and compiled', async () => {
    jitIsEager(product, [x, y])
    const batch = [
      array([
        [1, 2],
        [3, 4],
      ]),
      array([
        [1, 0],
        [0, 1],
      ]),
    ]
    vmapIsLoop(product, batch)
    vmapIsLoop(product, [batch[0] ?? x, x], { axes: [1, null], outAxis: 1 })
    const compiled = compile((v: Tensor) => [tripled(v), grad((u: Tensor) => sum(tripled(u)))(v)], referenceEngine())
    expect((await compiled(x)).map(numbers)).toEqual([
      [1, 4],
      [6, 12],
    ])
  })

  test('keeps its derivative under every other transform, in any order', () => {
    const slope = (f: (v: Tensor) => Tensor) => numbers(grad((v: Tensor) => sum(f(v)))(x))
    const right = [6, 12]
    expect(slope(jit(tripled))).toEqual(right)
    expect(slope(vmap(tripled))).toEqual(right)
    expect(slope(jit(vmap(jit(tripled))))).toEqual(right)
    expect(slope(checkpoint(tripled))).toEqual(right)
    expect(slope((v) => jvp((t: Tensor) => mul(tripled(v), t), [scalar(1)], [scalar(1)])[1])).toEqual(right)
    expect(numbers(vmap(grad(tripled))(x))).toEqual(right)
    expect(numbers(jit(vmap(jit(grad(tripled))))(x))).toEqual(right)
    expect(jacfwd(tripled)(x).toArray()).toEqual([
      [6, 0],
      [0, 12],
    ])
    expect(jacrev(tripled)(x).toArray()).toEqual(jacfwd(tripled)(x).toArray())
    const looped = (v: Tensor): Tensor =>
      scan((carry: Tensor, z: Tensor) => [add(carry, tripled(z)), null], scalar(0), v)[0]
    expect(numbers(grad(looped)(x))).toEqual(right)
    expect(numbers(jit(grad(looped))(x))).toEqual(right)
    // an argument that is not mapped gets the sum
    const shared = grad((b: Tensor) => sum(vmap(product, { inAxes: [0, null] })(x, b)))(scalar(0.5))
    expect(shared.item()).toBeCloseTo(3 * Math.cos(0.5), 6)
  })

  test('has higher derivatives, in every order of modes', () => {
    const f = (v: Tensor): Tensor => sum(product(v, v))
    checkGrads(f, [x])
    // x sin x: second derivative 2 cos x - x sin x, third -3 sin x - x cos x
    const third = [1, 2].map((v) => -3 * Math.sin(v) - v * Math.cos(v))
    const at = widened(x)
    const forward = (g: (v: Tensor) => Tensor) => (v: Tensor) => jvp(g, [v], [ones([2], 'f64')])[1]
    const backward = (g: (v: Tensor) => Tensor) => grad((v: Tensor) => sum(g(v)))
    const each = (v: Tensor): Tensor => product(v, v)
    for (const a of [forward, backward]) {
      for (const b of [forward, backward]) {
        for (const c of [forward, backward]) {
          for (const [i, value] of numbers(a(b(c(each)))(at)).entries()) expect(value).toBeCloseTo(third[i] ?? 0, 12)
        }
      }
    }
    const second = [1, 2].map((v) => 2 * Math.cos(v) - v * Math.sin(v))
    for (const [i, value] of numbers(hvp(f, [at], [ones([2], 'f64')])[0]).entries()) {
      expect(value).toBeCloseTo(second[i] ?? 0, 12)
    }
    for (const [i, value] of numbers(hessian(f)(at)).entries()) {
      expect(value).toBeCloseTo(i % 3 === 0 ? (second[i / 3] ?? 0) : 0, 12)
    }
  })

  test('may be nested, and hold a customVjp or be held by one', () => {
    const outer = customJvp(
      (v: Tensor) => sum(product(v, v)),
      ([v], [dv]) => jvp((u: Tensor) => sum(product(u, u)), [v], [dv]),
    )
    checkGrads(outer, [x])
    const inside = customVjp((v: Tensor) => tripled(v), {
      forward: (v) => [tripled(v), v],
      backward: (v, ct) => [vjp(tripled, v)[1](ct)[0]],
    })
    expect(numbers(grad((v: Tensor) => sum(inside(v)))(x))).toEqual([6, 12])
  })

  test('takes and gives pytrees; whole numbers have no tangent', () => {
    const f = customJvp(
      (p: { readonly a: Tensor; readonly i: Tensor }, b: Tensor) => ({ picked: mul(take(p.a, p.i), b), i: p.i }),
      ([p, b], [dp, db]) => {
        expect(dp.i).toBe(null)
        const [at, dAt] = [take(p.a, p.i), take(dp.a, p.i)]
        return [
          { picked: mul(at, b), i: p.i },
          { picked: add(mul(dAt, b), mul(at, db)), i: dp.i },
        ]
      },
    )
    const p = { a: array([1, 2, 3]), i: array([2, 0], 'i32') }
    const b = array([5, 7])
    expect(f(p, b).picked.toArray()).toEqual([15, 7])
    const slope = grad((a: Tensor, c: Tensor) => sum(f({ a, i: p.i }, c).picked), { argument: [0, 1] })(p.a, b)
    expect(slope.map((t) => t.toArray())).toEqual([
      [7, 0, 5],
      [3, 1],
    ])
    checkGrads((a: Tensor, c: Tensor) => f({ a, i: p.i }, c).picked, [p.a, b])
    // with whole numbers alone there is nothing to differentiate
    const counted = customJvp(
      (i: Tensor) => mul(i, 2),
      () => {
        throw new Error('the rule was asked')
      },
    )
    expect(counted(array([3], 'i32')).toArray()).toEqual([6])
  })

  test('may close over a constant, and over a traced value that is not differentiated', () => {
    const w = scalar(3)
    const scaled = customJvp(
      (v: Tensor) => mul(v, w),
      ([v], [dv]) => [mul(v, w), mul(dv, w)],
    )
    expect(numbers(grad((v: Tensor) => sum(scaled(v)))(x))).toEqual([3, 3])
    const within = (outer: Tensor) => {
      const fixed = stopGradient(outer)
      const g = customJvp(
        (v: Tensor) => mul(v, fixed),
        ([v], [dv]) => [mul(v, fixed), mul(dv, fixed)],
      )
      return g(outer)
    }
    expect(grad(within)(scalar(5)).item()).toBe(5)
    // each example has its own
    expect(numbers(vmap(grad(within))(x))).toEqual([1, 2])
    expect(numbers(grad((v: Tensor) => sum(vmap(within)(v)))(x))).toEqual([1, 2])
  })

  test('with static arguments, which f and the rule see as they are', () => {
    const power = customJvp(
      function power(v: Tensor, n: number, scale: (t: Tensor) => Tensor): Tensor {
        return n === 0
          ? ones(v.shape, v.dtype)
          : scale(
              mul(
                v,
                power(v, n - 1, (t) => t),
              ),
            )
      },
      ([v, n, scale], [dv, none, nothing]) => {
        expect([none, nothing]).toEqual([null, null])
        expectTypeOf(none).toEqualTypeOf<null>()
        const below = Array.from({ length: n - 1 }, () => v).reduce<Tensor>((a, b) => mul(a, b), ones(v.shape, v.dtype))
        return [scale(mul(v, below)), scale(mul(dv, mul(below, n)))]
      },
      { static: [1, 2] },
    )
    expect(numbers(power(array([2]), 3, (t) => mul(t, 10)))).toEqual([80])
    expect(numbers(grad((v: Tensor) => sum(power(v, 3, neg)))(array([2])))).toEqual([-12])
  })

  test('under collectives: the rule may ask for the other examples', () => {
    const shared = customJvp(
      (v: Tensor) => psum(v, 'i'),
      ([v], [dv]) => [psum(v, 'i'), mul(psum(dv, 'i'), 2)],
    )
    const each = vmap(shared, { axisName: 'i' })
    expect(numbers(each(x))).toEqual([3, 3])
    expect(numbers(grad((v: Tensor) => sum(each(v)))(x))).toEqual([4, 4])
    expect(numbers(vmap(grad(shared), { axisName: 'i' })(x))).toEqual([4, 4])
    // only the rule asks, and its operand is the same for all examples
    const quiet = customJvp(
      (v: Tensor) => v,
      ([v], [dv]) => [v, psum(dv, 'i')],
    )
    const around = (w: Tensor) => sum(vmap((_: Tensor) => quiet(w), { axisName: 'i' })(x))
    expect(grad(around)(scalar(1)).item()).toBe(4)
    const passed = (w: Tensor) =>
      sum(vmap((u: Tensor, _: Tensor) => quiet(u), { inAxes: [null, 0], axisName: 'i' })(w, x))
    expect(grad(passed)(scalar(1)).item()).toBe(4)
  })
})

test('function and rule are traced once per signature, but for what closes over a trace that is going on', () => {
  let traces = 0
  const counted = customJvp(
    (v: Tensor) => {
      traces++
      return mul(v, v)
    },
    ([v], [dv]) => {
      traces++
      return [mul(v, v), mul(dv, mul(v, 2))]
    },
  )
  for (const v of [x, y, x]) grad((u: Tensor) => sum(counted(u)))(v)
  vmap(vmap(counted))(ones([3, 4, 2]))
  expect(traces).toBe(2)
  vmap(vmap(counted))(ones([3, 4]))
  expect(traces).toBe(4)
  const within = (w: Tensor) => {
    const fixed = stopGradient(w)
    const g = customJvp(
      (v: Tensor) => {
        traces++
        return mul(v, fixed)
      },
      ([v], [dv]) => [mul(v, fixed), mul(dv, fixed)],
    )
    return add(g(scalar(2)), g(scalar(3)))
  }
  expect(grad(within)(scalar(1)).item()).toBe(0)
  expect(traces).toBe(6)
})

describe('a rule that calls the function itself', () => {
  /** sin x / x, smooth at 0: f' = (cos x - f) / x, by its own series there. */
  const sinc: (v: Tensor) => Tensor = customJvp(
    function sinc(v: Tensor) {
      const safe = where(equal(v, 0), 1, v)
      return where(equal(v, 0), 1, div(sin(safe), safe))
    },
    ([v], [dv]) => {
      const value = sinc(v)
      const safe = where(equal(v, 0), 1, v)
      return [value, mul(dv, where(equal(v, 0), mul(v, -1 / 3), div(sub(cos(v), value), safe)))]
    },
  )

  test('has its rule there too, to any order', () => {
    const at = widened(array([2, 0, -1.5]))
    const order = (n: number): ((v: Tensor) => Tensor) => (n === 0 ? sinc : grad((v: Tensor) => sum(order(n - 1)(v))))
    // derivatives of sin x / x at 2 and -1.5
    const exact = (t: number): readonly number[] => [
      Math.sin(t) / t,
      (t * Math.cos(t) - Math.sin(t)) / t ** 2,
      (-(t ** 2) * Math.sin(t) - 2 * t * Math.cos(t) + 2 * Math.sin(t)) / t ** 3,
      (-(t ** 3) * Math.cos(t) + 3 * t ** 2 * Math.sin(t) + 6 * t * Math.cos(t) - 6 * Math.sin(t)) / t ** 4,
    ]
    for (const n of [0, 1, 2, 3]) {
      const [a, b, c] = numbers(order(n)(at))
      expect(a).toBeCloseTo(exact(2)[n] ?? 0, 11)
      expect(b).toBeCloseTo([1, 0, -1 / 3, 0][n] ?? 0, 14)
      expect(c).toBeCloseTo(exact(-1.5)[n] ?? 0, 11)
    }
    expect(numbers(vmap(grad(grad(sinc)))(at))[1]).toBe(-1 / 3)
    expect(numbers(jit(vmap(jit(grad(jit(grad(sinc))))))(at))[1]).toBe(-1 / 3)
    expect(numbers(hvp((v: Tensor) => sum(sinc(v)), [at], [ones([3], 'f64')])[0])[1]).toBe(-1 / 3)
  })

  test('is asked at each order, where it is not the derivative of f', () => {
    // f = x with the rule df = 2 f dx: derivatives 2x, 4x, 8x
    const growing: (v: Tensor) => Tensor = customJvp(
      (v: Tensor) => v,
      ([v], [dv]) => [growing(v), mul(dv, mul(growing(v), 2))],
    )
    const first = grad(growing)
    const second = grad((v: Tensor) => first(v))
    const third = grad((v: Tensor) => second(v))
    expect([first, second, third].map((f) => f(scalar(5)).item())).toEqual([10, 20, 40])
    const forward = (f: (v: Tensor) => Tensor) => (v: Tensor) => jvp(f, [v], [scalar(1)])[1]
    expect(forward(forward(forward(growing)))(scalar(5)).item()).toBe(40)
    expect(numbers(vmap(forward(vmapped(forward(growing))))(array([5, 1])))).toEqual([20, 4])
  })

  test('its program holds itself, and is well formed', () => {
    const program = makeIR(sinc)(scalar(1))
    checkIR(program)
    expect(printIR(program)).toContain('rule=itself')
    checkIR(makeIR(grad(sinc))(scalar(1)))
  })
})

const vmapped = (f: (v: Tensor) => Tensor) => (v: Tensor) => vmap(f, { inAxes: null, outAxes: null, axisSize: 1 })(v)

test('a stable softplus, as in the books: log(1 + eˣ), whose slope at 100 is 1 and not NaN', () => {
  const plain = (v: Tensor) => log1p(exp(v))
  const stable = customJvp(plain, ([v], [dv]) => [plain(v), mul(dv, sub(1, div(1, add(1, exp(v)))))])
  expect(grad(plain)(scalar(100)).item()).toBe(Number.NaN)
  expect(grad(stable)(scalar(100)).item()).toBe(1)
  expect(grad(grad(stable))(scalar(0)).item()).toBeCloseTo(0.25, 7)
})

describe('customJvp refuses', () => {
  test('a derivative with respect to what it closes over', () => {
    const f = (w: Tensor) =>
      customJvp(
        (v: Tensor) => mul(v, w),
        ([v], [dv]) => [mul(v, w), mul(dv, w)],
      )(scalar(2))
    expect(() => grad(f)(scalar(3))).toThrowErrorMatchingInlineSnapshot(`
      [MissingRuleError: customJvp: a function with a customJvp is differentiated in its arguments only.
        received  a derivative with respect to a value that it closes over
        to do     pass that value as an argument, or wrap it in stopGradient()]
    `)
  })

  test('a rule that gives something else', () => {
    const rule = (answer: (v: Tensor, dv: Tensor) => unknown) => () =>
      customJvp(
        function f(v: Tensor) {
          return { y: exp(v) }
        },
        ([v], [dv]) => answer(v, dv) as readonly [{ y: Tensor }, { y: Tensor }], // what JavaScript lets through
      )(x)
    expect(rule((v, dv) => [{ y: v }, { y: dv }])).not.toThrow()
    expect(rule((v) => ({ y: v }))).toThrowErrorMatchingInlineSnapshot(`
      [TreeMismatchError: f: the rule must return [value, tangent], both like what the function returns.
        received  function {y: *} f32[2], value {y: *} f32[2], tangent null
        to do     give one tangent for each floating leaf, of its shape and dtype, and null for integer ones]
    `)
    expect(rule((v) => [{ y: v }])).toThrow(/the rule must return \[value, tangent\]/)
    expect(rule((v) => [{ y: v }, { y: scalar(1) }])).toThrowErrorMatchingInlineSnapshot(`
      [TreeMismatchError: f: the rule must return [value, tangent], both like what the function returns.
        received  function {y: *} f32[2], value {y: *} f32[2], tangent {y: *} f32[]
        to do     give one tangent for each floating leaf, of its shape and dtype, and null for integer ones]
    `)
    expect(rule((v, dv) => [{ y: v }, { z: dv }])).toThrow(/the rule must return/)
    expect(rule((v, dv) => [{ y: sum(v) }, { y: dv }])).toThrow(/the rule must return/)
  })

  test('a tangent that is not linear in the tangents', () => {
    const rule = (tangent: (v: Tensor, dv: Tensor) => Tensor) => () =>
      customJvp(exp, ([v], [dv]) => [exp(v), tangent(v, dv)])(x)
    expect(rule((v, dv) => mul(v, dv))).not.toThrow()
    expect(rule((v, dv) => where(greater(v, 1), dv, 0))).not.toThrow()
    expect(rule((v) => zeros(v.shape))).not.toThrow()
    expect(rule((_, dv) => mul(dv, dv))).toThrowErrorMatchingInlineSnapshot(`
      [MissingRuleError: mul: the tangent that a customJvp gives must be linear in the tangents it takes.
        received  mul of f32[2], f32[2], where both depend on them
        to do     add up tangents times values that are made from the primals]
    `)
    expect(rule((_, dv) => sin(dv))).toThrow(/^sin: the tangent/)
    expect(rule((_, dv) => add(dv, 1))).toThrow(/^add: the tangent/)
    expect(rule(() => ones([2]))).toThrow(/a constant other than 0/)
  })

  test('a static argument that is a tensor', () => {
    const f = customJvp(
      (v: Tensor, w: Tensor) => mul(v, w),
      ([v, w], [dv]) => [mul(v, w), mul(dv, w)],
      { static: [1] },
    )
    expect(() => f(scalar(1), scalar(2))).toThrow(/a static argument is a plain value/)
  })
})

test('it is transposed where it is linear', () => {
  const doubled = customJvp(
    (v: Tensor) => mul(v, 2),
    ([v], [dv]) => [mul(v, 2), mul(dv, 2)],
  )
  expect(numbers(linearTranspose(doubled, x)(x)[0])).toEqual([2, 4])
  // as part of a derivative that somebody else gave
  const user = customJvp(
    (v: Tensor) => mul(v, v),
    ([v], [dv]) => [mul(v, v), mul(doubled(dv), v)],
  )
  expect(numbers(grad((v: Tensor) => sum(user(v)))(x))).toEqual([2, 4])
  expect(numbers(grad((v: Tensor) => sum(jit(user)(v)))(x))).toEqual([2, 4])
})

test('its program shows both parts', () => {
  expect(printIR(makeIR((a: Tensor, b: Tensor) => product(a, b))(scalar(1), scalar(2)))).toMatchInlineSnapshot(`
    "{ lambda a:f32[] b:f32[] .
      let c:f32[] = customJvp[name=product captured=0 primal=
        { lambda a:f32[] b:f32[] .
          let c:f32[] = sin b
              d:f32[] = mul a c
          in ( d ) } rule=
        { lambda a:f32[] b:f32[] c:f32[] d:f32[] .
          let e:f32[] = sin b
              f:f32[] = mul a e
              g:f32[] = sin b
              h:f32[] = mul c g
              i:f32[] = cos b
              j:f32[] = mul a i
              k:f32[] = mul d j
              l:f32[] = add h k
          in ( f l ) }] a b
      in ( c ) }"
  `)
})
