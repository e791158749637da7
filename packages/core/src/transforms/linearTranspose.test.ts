import { lawRuns, tensorOf, widened } from '@cotangent/testing'
import * as fc from 'fast-check'
import { describe, expect, expectTypeOf, test } from 'vitest'
import { scan } from '../control/scan.js'
import { MissingRuleError } from '../errors.js'
import { add, div, mul, neg, sub } from '../primitives/arithmetic.js'
import { broadcastTo, reshape, transpose, zeros, zerosLike } from '../primitives/broadcast.js'
import { cast, greater, where } from '../primitives/choice.js'
import { constant } from '../primitives/constant.js'
import { matmul } from '../primitives/contraction.js'
import { scatterAdd, take } from '../primitives/indexing.js'
import { max, mean, sum } from '../primitives/reduction.js'
import { concat, pad, slice } from '../primitives/sequence.js'
import { cos, sin } from '../primitives/smooth.js'
import { treeLeaves, treeMap } from '../pytree.js'
import { array, HostTensor, scalar, type Tensor } from '../tensor.js'
import { jit } from './jit.js'
import { linearize } from './linearize.js'
import { linearTranspose } from './linearTranspose.js'
import { grad, vjp } from './vjp.js'
import { vmap } from './vmap.js'

const numbers = (x: Tensor | undefined): readonly number[] => (x === undefined ? [] : Array.from(x.data))

const dot = (a: unknown, b: unknown): number =>
  treeLeaves(a)
    .map((x, i) => sum(mul(x, treeLeaves(b)[i] ?? x)).item())
    .reduce((p, q) => p + q, 0)

const weights = widened(
  array([
    [0.5, -1, 2],
    [0.25, 1, -0.5],
  ]),
)

/** Linear functions of pytrees, of vectors of length 3. */
const functions: Readonly<Record<string, (p: { readonly a: Tensor; readonly b: Tensor }) => unknown>> = {
  product: ({ a }) => matmul(weights, a),
  'sum of two arguments': ({ a, b }) => sub(a, mul(b, 2)),
  'several results': ({ a, b }) => [sum(a), { c: concat([a, b]) }, mean(b)],
  'something computed from constants': ({ a, b }) => add(mul(a, sin(array([1, 2, 3], 'f64'))), div(b, add(cos(a0), 3))),
  'a choice by a constant': ({ a, b }) => where(greater(a0, 1), a, neg(b)),
  'zeros beside': ({ a }) => add(concat([a, zeros([2], 'f64')]), pad(a, [0], [2])),
  places: ({ a, b }) => scatterAdd(zerosLike(a), array([2, 0, 2], 'i32'), take(b, constant(array([1, 1, 0], 'i32')))),
  shapes: ({ a }) => transpose(broadcastTo(reshape(slice(a, [1], [3]), [1, 2]), [3, 2])),
  'a call': jit(({ a, b }) => jit((x: Tensor) => matmul(weights, x))(sub(a, b))),
  'a mapped function': ({ a, b }) => vmap((x: Tensor, y: Tensor) => sub(mul(x, 3), y))(a, b),
  'a cast': ({ a }) => cast(cast(a, 'f32'), 'f64'),
  'a loop': ({ a, b }) =>
    scan((carry: Tensor, x: Tensor) => [sub(mul(carry, 0.5), x), mul(carry, x.rank + 2)] as const, sum(a), b),
  'a derivative': ({ a }) => linearize((x: Tensor) => sin(x), a0)[1](a),
  'a pull-back': ({ a, b }) => vjp((x: Tensor) => mul(sin(x), x), a0)[1](add(a, b)),
  'nothing but zeros': () => zeros([2], 'f64'),
}

const a0: Tensor = widened(array([0.5, 2, 1.5]))

describe('<Aᵀ ct, x> = <ct, A x>', () => {
  const whole = tensorOf([3], fc.integer({ min: -8, max: 8 }), 'f64')

  test.each(Object.entries(functions))('%s', (_, f) => {
    const back = linearTranspose(f, { a: a0, b: a0 })
    fc.assert(
      fc.property(whole, whole, fc.nat(20), (a, b, seed) => {
        const x = { a, b }
        const y = f(x)
        const ct = wholeLike(y, seed)
        const [pulled] = back(ct)
        const [left, right] = [dot(pulled, x), dot(ct, y)]
        expect(Math.abs(left - right)).toBeLessThan(1e-11 * Math.max(1, Math.abs(right)))
        expect(pulled.a.aval).toEqual(a.aval)
      }),
      lawRuns(20),
    )
  })
})

/** Whole numbers like a tree. */
const wholeLike = (tree: unknown, seed: number): unknown =>
  treeMap(
    (x) =>
      new HostTensor(
        Float64Array.from({ length: x.size }, (_, i) => ((i * 7 + seed) % 5) - 2),
        x.shape,
        'f64',
      ),
    tree,
  )

describe('linearTranspose', () => {
  test('applies to many cotangents, gives one result per argument, and looks at no value of the examples', () => {
    const f = (x: Tensor, y: Tensor) => sum(add(mul(x, array([2, 3])), y))
    const nan: Tensor = array([Number.NaN, Number.NaN])
    const back = linearTranspose(f, nan, nan)
    expect(back(scalar(1)).map(numbers)).toEqual([
      [2, 3],
      [1, 1],
    ])
    expect(back(scalar(-2)).map(numbers)).toEqual([
      [-4, -6],
      [-2, -2],
    ])
    expectTypeOf(back).toEqualTypeOf<(ct: Tensor) => [Tensor, Tensor]>()
  })

  test('an argument that is not used gets zeros', () => {
    const back = linearTranspose((x: Tensor, _: Tensor) => neg(x), array([1]), array([1, 2]))
    expect(back(array([3])).map(numbers)).toEqual([[-3], [0, 0]])
  })

  test('of the transpose is the function; under jit, vmap and grad', () => {
    const f = (x: Tensor) => matmul(weights, x)
    const twice = linearTranspose((ct: Tensor) => linearTranspose(f, a0)(ct)[0], zeros([2], 'f64'))
    expect(numbers(twice(a0)[0])).toEqual(numbers(f(a0)))
    const ct = array([1, 2], 'f64')
    const plain = numbers(linearTranspose(f, a0)(ct)[0])
    expect(numbers(jit((w: Tensor) => linearTranspose(f, a0)(w)[0])(ct))).toEqual(plain)
    const each = vmap((w: Tensor) => linearTranspose(f, a0)(w)[0])(
      array(
        [
          [1, 2],
          [0, 1],
        ],
        'f64',
      ),
    )
    expect(numbers(each).slice(0, 3)).toEqual(plain)
    // linear in what it closes over too: d/ds of Σ (s A)ᵀ ct is Σ Aᵀ ct
    const scaled = (s: Tensor) => sum(linearTranspose((x: Tensor) => mul(s, f(x)), a0)(ct)[0])
    expect(grad(scaled)(scalar(2, 'f64')).item()).toBe(plain.reduce((a, b) => a + b))
  })

  test('checks its cotangent', () => {
    const back = linearTranspose((x: Tensor) => ({ y: mul(x, 2) }), array([1]))
    expect(() => back({ y: scalar(1) })).toThrowErrorMatchingInlineSnapshot(`
      [ArgumentError: linearTranspose: the cotangent must have the shape and dtype of the result.
        received  result.y f32[1], its cotangent f32[]
        to do     broadcast or cast the cotangent]
    `)
    const other: unknown = array([1])
    expect(() => back(other as { y: Tensor })).toThrow(/linearTranspose: the pytrees must have the same structure/) // what JavaScript lets through
    expect(() => linearTranspose((x: Tensor) => x, array([1], 'i32'))).toThrow(/linearTranspose: .* floating/)
  })
})

describe('what is not linear is refused, by the name of the operation', () => {
  const x = array([1, 2])

  const faults: Readonly<Record<string, readonly [op: string, f: (a: Tensor, b: Tensor) => unknown]>> = {
    'a function': ['sin', (a) => sin(a)],
    'a square': ['mul', (a) => mul(a, a)],
    'a product of two arguments': ['mul', (a, b) => mul(sum(a), b)],
    'a matrix product of two': ['dotGeneral', (a, b) => matmul(a, b)],
    'a quotient by an argument': ['div', (a) => div(2, a)],
    'a quotient of arguments': ['div', (a, b) => div(a, b)],
    'a maximum': ['reduceMax', (a) => max(a)],
    'a choice by the argument': ['greater', (a) => where(greater(a, 0), a, 0)],
    'a constant that is added': ['add', (a) => add(a, 1)],
    'a constant that is joined': ['concat', (a) => concat([a, array([0, 1])])],
    'a choice of a constant': ['where', (a) => where(array([true, false]), a, 3)],
    'a constant made from constants': ['sub', (a) => sub(a, sin(array([0, 1])))],
    'a constant result': ['linearTranspose', (a) => [a, scalar(2)]],
    rounding: ['cast', (a) => cast(cast(a, 'i32'), 'f32')],
    'within a call': ['mul', jit((a: Tensor, b: Tensor) => jit(mul)(a, b))],
    'within a loop': [
      'mul',
      (a, b) => scan((carry: Tensor, step: Tensor) => [mul(carry, step), null] as const, sum(a), b)[0],
    ],
  }

  test.each(Object.entries(faults))('%s', (_, [op, f]) => {
    const attempt = (): unknown => linearTranspose(f, x, x)(f(x, x))
    expect(attempt).toThrow(MissingRuleError)
    expect(attempt).toThrow(new RegExp(`^${op === 'greater' ? 'less' : op}: `))
  })

  test('and says why', () => {
    expect(() => linearTranspose((a: Tensor) => mul(a, a), x)).toThrowErrorMatchingInlineSnapshot(`
      [MissingRuleError: mul: the function must be linear in its arguments.
        received  mul of f32[2], f32[2], where both depend on them
        to do     pass what it is not linear in as a value that it closes over; for any function there is vjp]
    `)
    expect(() => linearTranspose((a: Tensor) => add(a, 1), x)).toThrowErrorMatchingInlineSnapshot(`
      [MissingRuleError: add: the function must be linear in its arguments.
        received  add of f32[2], f32[2], where operand 1 is a constant other than 0
        to do     pass what it is not linear in as a value that it closes over; for any function there is vjp]
    `)
    expect(() => linearTranspose((a: Tensor) => sin(a), x)).toThrowErrorMatchingInlineSnapshot(`
      [MissingRuleError: sin: the function must be linear in its arguments.
        received  sin of f32[2]: it is not linear in this operand
        to do     pass what it is not linear in as a value that it closes over; for any function there is vjp]
    `)
    expect(() => linearTranspose((a: Tensor) => [a, scalar(2)], x)).toThrowErrorMatchingInlineSnapshot(`
      [MissingRuleError: linearTranspose: the function must be linear in its arguments.
        received  a result (leaf 1) that is a constant other than 0, f32[]
        to do     pass what it is not linear in as a value that it closes over; for any function there is vjp]
    `)
  })
})
