/* Derivatives that are known exactly, by name; and what the transforms refuse. */
import {
  exactGradients,
  gradientIsExactly,
  lawRuns,
  shapeArbitrary,
  tensorOf,
  tieGradients,
  widened,
} from '@cotangent/testing'
import * as fc from 'fast-check'
import { describe, expect, expectTypeOf, test } from 'vitest'
import { ArgumentError } from '../errors.js'
import { add, div, exp, log, mul, pow, square, sub } from '../primitives/arithmetic.js'
import { broadcastTo, ones, zeros } from '../primitives/broadcast.js'
import { cast, greater, where } from '../primitives/choice.js'
import { matmul } from '../primitives/contraction.js'
import { max, mean, sum } from '../primitives/reduction.js'
import { sin, softplus, tanh } from '../primitives/smooth.js'
import { stopGradient } from '../primitives/stopGradient.js'
import { array, scalar, type Tensor } from '../tensor.js'
import { jvp } from './jvp.js'
import { linearize } from './linearize.js'
import { grad, valueAndGrad, valueAndGradAux, vjp } from './vjp.js'
import { vmap } from './vmap.js'

const runs = lawRuns()

const numbers = (x: Tensor): number[] => Array.from(x.data)

describe('exact gradients, of any shape, also empty', () => {
  test.each(exactGradients.map((entry) => [entry.name, entry] as const))('%s', (_, { f, gradient }) => {
    fc.assert(
      fc.property(
        shapeArbitrary().chain((shape) => tensorOf(shape)),
        (x) => {
          for (const point of [x, widened(x)]) gradientIsExactly(f, point, numbers(gradient(point)))
        },
      ),
      runs,
    )
  })
})

describe('at kinks', () => {
  test.each(tieGradients.map((entry) => [entry.name, entry] as const))('%s', (_, { f, at, gradient }) => {
    gradientIsExactly(f, at, gradient)
  })

  test('the unguarded branch of where gives NaN, the guarded one 0', () => {
    const unguarded = (x: Tensor) => sum(where(greater(x, 0), log(x), 0))
    const guarded = (x: Tensor) => sum(where(greater(x, 0), log(where(greater(x, 0), x, 1)), 0))
    expect(numbers(grad(unguarded)(array([0, 2])))).toEqual([Number.NaN, 0.5])
    expect(numbers(grad(guarded)(array([0, 2])))).toEqual([0, 0.5])
  })
})

describe('higher derivatives', () => {
  const cube = (x: Tensor): Tensor => mul(mul(x, x), x)

  test('of x³ are 3x², 6x, 6, 0', () => {
    const first = grad(cube)
    const second = grad((x: Tensor) => first(x))
    const third = grad((x: Tensor) => second(x))
    const fourth = grad((x: Tensor) => third(x))
    expect([first, second, third, fourth].map((f) => f(scalar(2)).item())).toEqual([12, 12, 6, 0])
  })

  test('of softplus at 0 are 1/2, 1/4, 0, -1/8', () => {
    let f: (x: Tensor) => Tensor = softplus
    const values: number[] = []
    for (let order = 0; order < 4; order++) {
      f = grad(f)
      values.push(f(scalar(0)).item())
    }
    expect(values).toEqual([0.5, 0.25, 0, -0.125])
  })

  test('of x^y mixed at y = 0 is 1/x', () => {
    const slope = (y: Tensor) => grad((x: Tensor) => pow(x, y))(scalar(4))
    expect(grad(slope)(scalar(0)).item()).toBe(0.25)
  })

  test('perturbations are not confused: d/dx (x · d/dy (x y)) = 2x', () => {
    const inner = (x: Tensor) => mul(x, grad((y: Tensor) => mul(x, y))(scalar(1)))
    expect(grad(inner)(scalar(3)).item()).toBe(6)
    const forward = (x: Tensor) => mul(x, jvp((y: Tensor) => mul(x, y), [scalar(1)], [scalar(1)])[1])
    expect(jvp(forward, [scalar(3)], [scalar(1)])[1].item()).toBe(6)
    expect(grad(forward)(scalar(3)).item()).toBe(6)
  })
})

describe('broadcasting', () => {
  test("the gradient has the input's shape: it is summed over the axes that were repeated", () => {
    const f = (b: Tensor) =>
      sum(
        mul(
          add(ones([3, 2]), b),
          array([
            [1, 2],
            [3, 4],
            [5, 6],
          ]),
        ),
      )
    expect(grad(f)(zeros([2])).toArray()).toEqual([9, 12])
    expect(grad(f)(zeros([1, 2])).toArray()).toEqual([[9, 12]])
    expect(grad(f)(zeros([3, 1])).toArray()).toEqual([[3], [7], [11]])
    expect(grad(f)(scalar(0)).toArray()).toBe(21)
  })
})

describe('pytrees of parameters', () => {
  const model = (p: { readonly w: Tensor; readonly layers: readonly Tensor[] }, x: Tensor): Tensor =>
    sum(p.layers.reduce((y, b) => add(y, b), matmul(x, p.w)))

  const params = { w: ones([2, 3]), layers: [zeros([3]), zeros([1, 3])] }

  test('the gradient has the structure of the argument', () => {
    const gradient = grad(model)(params, ones([4, 2]))
    expect(gradient.layers.map((g) => g.toArray())).toEqual([[4, 4, 4], [[4, 4, 4]]])
    expect(gradient.w.shape).toEqual([2, 3])
  })

  test('another argument may be chosen; what is reported besides comes back', () => {
    expect(grad(model, { argument: 1 })(params, ones([1, 2])).toArray()).toEqual([[3, 3]])
    const [[value, aux], slope] = valueAndGradAux((x: Tensor) => [sum(square(x)), { half: div(x, 2) }] as const)(
      array([2, 4]),
    )
    expect([value.item(), aux.half.toArray(), slope.toArray()]).toEqual([20, [1, 2], [4, 8]])
  })

  test('several arguments may be chosen: the gradient is the list of theirs', () => {
    const f = (a: Tensor, p: { readonly w: Tensor }, scale: Tensor) => mul(sum(mul(square(a), p.w)), scale)
    const args = [array([1, 2]), { w: array([3, 4]) }, scalar(10)] as const
    const both = grad(f, { argument: [1, 0] })(...args)
    expect(both[0].w.toArray()).toEqual([10, 40])
    expect(both[1].toArray()).toEqual([60, 160])
    const [value, [slope]] = valueAndGrad(f, { argument: [2] })(...args)
    expect([value.item(), slope.item()]).toEqual([190, 19])
    const withAux = (a: Tensor, b: Tensor) => [sum(mul(a, b)), { a }] as const
    const [[, aux], [ofA, ofB]] = valueAndGradAux(withAux, { argument: [0, 1] })(array([1]), array([2]))
    expect([aux.a.item(), ofA.item(), ofB.item()]).toEqual([1, 2, 1])
    expectTypeOf(both).toEqualTypeOf<readonly [{ readonly w: Tensor }, Tensor]>()
    expectTypeOf(grad(f)).returns.toEqualTypeOf<Tensor>()
    expectTypeOf(grad(f, { argument: 1 })).returns.toEqualTypeOf<{ readonly w: Tensor }>()
    const positions: readonly number[] = [0, 2]
    expectTypeOf(grad(f, { argument: positions })).returns.toEqualTypeOf<readonly (Tensor | { readonly w: Tensor })[]>()
    for (const argument of [[0, 3], [1, 1], [], [0.5]]) {
      expect(() => grad(f, { argument })(...args)).toThrow(ArgumentError)
    }
  })

  test('null leaves and numbers stay', () => {
    const f = (p: { readonly a: Tensor; readonly b: null }) => sum(square(p.a))
    expect(grad(f)({ a: array([1]), b: null })).toEqual({ a: expect.anything(), b: null })
    expect(grad((x: Tensor | number) => mul(x, 3))(2)).toMatchObject({ shape: [], dtype: 'f32' })
  })
})

describe('stopGradient', () => {
  test('is the identity, and a constant for every derivative', () => {
    const x = array([1, 2])
    expect(stopGradient(x).toArray()).toEqual([1, 2])
    expect(grad((y: Tensor) => sum(mul(y, stopGradient(y))))(x).toArray()).toEqual([1, 2])
    expect(jvp((y: Tensor) => stopGradient(y), [x], [x])[1].toArray()).toEqual([0, 0])
  })
})

test('linearize may be applied many times, and checks what it is given', () => {
  const [y, df] = linearize((x: Tensor) => sin(x), array([0, 1]))
  expect(numbers(y)[0]).toBe(0)
  expect(numbers(df(array([2, 0])))).toEqual([2, 0])
  expect(numbers(df(array([4, 0])))).toEqual([4, 0])
  expect(() => df(scalar(1))).toThrowErrorMatchingInlineSnapshot(`
    [ArgumentError: linearize: each tangent must have the shape and floating dtype of its primal.
      received  primals[0] f32[2], its tangent f32[]
      to do     broadcast or cast the tangent; close over arguments that are not differentiated]
  `)
})

test('vjp pulls several cotangents back', () => {
  const [y, pull] = vjp((x: Tensor) => [mean(x), tanh(x)] as const, array([0, 0]))
  expect(y[0].item()).toBe(0)
  expect(pull([scalar(2), array([0, 1])])[0].toArray()).toEqual([1, 2])
  expect(pull([scalar(0), array([1, 0])])[0].toArray()).toEqual([1, 0])
})

describe('what is refused', () => {
  const x = array([1, 2])

  test('a result that is not one scalar', () => {
    expect(() => grad((y: Tensor) => mul(y, 2))(x)).toThrowErrorMatchingInlineSnapshot(`
      [TreeMismatchError: grad: the function must return one scalar.
        received  result f32[2]
        to do     reduce with sum() or mean(); for several outputs use vjp]
    `)
  })

  test('a result that is not floating', () => {
    expect(() => grad((y: Tensor) => sum(cast(y, 'i32')))(x)).toThrowErrorMatchingInlineSnapshot(`
      [DTypeError: grad: the function must return a floating scalar.
        received  result i32[]
        to do     a whole number has no slope; cast earlier, or return the float it was made of]
    `)
  })

  test('an argument that is not floating', () => {
    expect(() => grad((i: Tensor) => sum(cast(i, 'f32')))(array([1], 'i32'))).toThrowErrorMatchingInlineSnapshot(`
      [ArgumentError: grad: derivatives are taken with respect to floating tensors.
        received  args[0] i32[1]
        to do     name another argument to differentiate, close over this one, or cast it]
    `)
  })

  test('an argument that does not exist', () => {
    expect(() => grad((y: Tensor) => sum(y), { argument: 1 })(x)).toThrowErrorMatchingInlineSnapshot(`
      [ArgumentError: grad: the argument to differentiate must be one of the 1 given.
        received  argument 1
        to do     count from 0]
    `)
  })

  test('tangents and cotangents of another aval or structure', () => {
    expect(() => jvp((y: Tensor) => y, [x], [scalar(1)])).toThrowErrorMatchingInlineSnapshot(`
      [ArgumentError: jvp: each tangent must have the shape and floating dtype of its primal.
        received  primals[0] f32[2], its tangent f32[]
        to do     broadcast or cast the tangent; close over arguments that are not differentiated]
    `)
    expect(() => vjp((y: Tensor) => y, x)[1](scalar(1))).toThrowErrorMatchingInlineSnapshot(`
      [ArgumentError: vjp: the cotangent must have the shape and dtype of the result.
        received  result f32[2], its cotangent f32[]
        to do     broadcast or cast the cotangent]
    `)
    const tree = { a: x, b: x }
    expect(() =>
      jvp((t: typeof tree) => t.a, [tree], [Object.assign({ c: x }, tree)]),
    ).toThrowErrorMatchingInlineSnapshot(`
      [TreeMismatchError: jvp: the pytrees must have the same structure.
        received  [{a: *, b: *}] and [{a: *, b: *, c: *}]
        to do     give both the same keys and lengths]
    `)
  })

  test('batch axes of different lengths, and axes that are not there', () => {
    expect(() => vmap((a: Tensor, b: Tensor) => add(a, b))(zeros([2]), zeros([3]))).toThrowErrorMatchingInlineSnapshot(`
      [ShapeError: vmap: at least one argument must be mapped, and all mapped axes must have the same length.
        received  args[0] f32[2] axis 0, args[1] f32[3] axis 0
        to do     set inAxes to null for arguments shared by all examples; give axisSize if all are]
    `)
    expect(() => vmap((a: Tensor) => a, { inAxes: 1 })(x)).toThrowErrorMatchingInlineSnapshot(`
      [AxisError: vmap: an axis must be an integer from -1 to 0.
        received  axis 1 of f32[2]
        to do     check the axis, or expandDims the tensor first]
    `)
    expect(() => vmap((a: Tensor) => a, { outAxes: 2 })(x)).toThrowErrorMatchingInlineSnapshot(`
      [AxisError: vmap: an axis must be an integer from -1 to 0.
        received  axis 2 of f32[2]
        to do     check the axis, or expandDims the tensor first]
    `)
    expect(() => vmap((a: Tensor) => a, { inAxes: null })(x)).toThrowErrorMatchingInlineSnapshot(`
      [ShapeError: vmap: at least one argument must be mapped, and all mapped axes must have the same length.
        received  args[0] f32[2] axis null
        to do     set inAxes to null for arguments shared by all examples; give axisSize if all are]
    `)
    expect(() => vmap((a: Tensor) => a, { inAxes: [0, 0] })(x)).toThrowErrorMatchingInlineSnapshot(`
      [ArgumentError: vmap: inAxes must be a number, null, or follow the structure of the arguments.
        received  inAxes [0,0] for [*]
        to do     give one entry per argument, or one for all]
    `)
  })
})

test('vmap over trees of axes', () => {
  const f = (p: { readonly w: Tensor; readonly b: Tensor }, y: Tensor) => add(matmul(y, p.w), p.b)
  const batched = vmap(f, { inAxes: [{ w: null, b: 1 }, 0], outAxes: 1 })
  const result = batched(
    {
      w: ones([2, 3]),
      b: array([
        [0, 1],
        [0, 1],
        [0, 1],
      ]),
    },
    array([
      [1, 2],
      [3, 4],
    ]),
  )
  expect(result.toArray()).toEqual([
    [3, 8],
    [3, 8],
    [3, 8],
  ])
})

test('a constant result under vmap is repeated; a constant gradient is 0', () => {
  expect(vmap((_: Tensor) => scalar(3))(zeros([2])).toArray()).toEqual([3, 3])
  const [value, slope] = valueAndGrad((_: Tensor) => scalar(3))(zeros([2]))
  expect([value.item(), slope.toArray()]).toEqual([3, [0, 0]])
})

test('extremes of exp stay what they are', () => {
  expect(grad((y: Tensor) => sum(exp(y)))(array([-104, 88])).toArray()).toEqual([
    Math.fround(Math.exp(-104)),
    Math.fround(Math.exp(88)),
  ])
  expect(grad((y: Tensor) => max(sub(y, broadcastTo(max(y), [2]))))(array([1e30, -1e30])).toArray()).toEqual([0, 0])
})
