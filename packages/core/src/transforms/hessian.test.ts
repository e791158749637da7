/* Second and third derivatives: closed forms, symmetry, and modes in every order. */
import { lawRuns, programArbitrary, type RandomProgram, widened } from '@cotangent/testing'
import * as fc from 'fast-check'
import { describe, expect, expectTypeOf, test } from 'vitest'
import { add, exp, mul, square } from '../primitives/arithmetic.js'
import { reshape, transpose } from '../primitives/broadcast.js'
import { matmul } from '../primitives/contraction.js'
import { logsumexp, sum } from '../primitives/reduction.js'
import { cos, sin } from '../primitives/smooth.js'
import { treeLeaves } from '../pytree.js'
import { array, HostTensor, scalar, type Tensor } from '../tensor.js'
import { customVjp } from './customVjp.js'
import { hessian, hvp } from './hessian.js'
import { jacfwd, jacrev } from './jacobian.js'
import { jit } from './jit.js'
import { jvp } from './jvp.js'
import { grad, vjp } from './vjp.js'
import { vmap } from './vmap.js'

const numbers = (x: Tensor | undefined): readonly number[] => (x === undefined ? [] : Array.from<number>(x.data))

const distance = (a: readonly Tensor[], b: readonly Tensor[]): number => {
  const [xs, ys] = [a.flatMap(numbers), b.flatMap(numbers)]
  if (xs.length !== ys.length) return Number.NaN
  const size = Math.max(1, ...ys.map(Math.abs))
  return Math.max(0, ...ys.map((y, i) => Math.abs((xs[i] ?? Number.NaN) - y))) / size
}

const x = widened(array([0.5, -1, 2]))
const v = widened(array([1, 0.25, -2]))

/** Its Hessian is diag(p) - p pᵀ, p = softmax(x). */
const loss = (y: Tensor): Tensor => logsumexp(y, 0)

const softmaxHessian = (at: Tensor): readonly (readonly number[])[] => {
  const e = numbers(at).map(Math.exp)
  const total = e.reduce((a, b) => a + b)
  const p = e.map((value) => value / total)
  return p.map((a, i) => p.map((b, j) => (i === j ? a : 0) - a * b))
}

describe('hessian', () => {
  test('of logsumexp is diag(p) - p pᵀ', () => {
    const right = softmaxHessian(x)
    expect(distance([hessian(loss)(x)], [widened(array(right))])).toBeLessThan(1e-7) // `right` passes through f32
    for (const [i, value] of numbers(hessian(loss)(x)).entries()) {
      expect(value).toBeCloseTo(right[Math.floor(i / 3)]?.[i % 3] ?? Number.NaN, 14)
    }
  })

  test('has a tree of trees, of shape [...a, ...b]; mixed blocks are each other transposed', () => {
    const p = { a: array([1, 2]), b: array([[3, 4]]) }
    const f = ({ a, b }: typeof p) => sum(mul(square(a), reshape(b, [2])))
    const h = hessian(f)(p)
    expect([h.a.a.shape, h.a.b.shape, h.b.a.shape, h.b.b.shape]).toEqual([
      [2, 2],
      [2, 1, 2],
      [1, 2, 2],
      [1, 2, 1, 2],
    ])
    expect(numbers(h.a.a)).toEqual([6, 0, 0, 8])
    expect(numbers(h.a.b)).toEqual([2, 0, 0, 4])
    expect(numbers(h.b.a)).toEqual([2, 0, 0, 4])
    expect(numbers(h.b.b)).toEqual([0, 0, 0, 0])
  })

  test('of chosen arguments, and of several results', () => {
    const f = (a: Tensor, b: Tensor) => ({ y: mul(square(a), b) })
    const [a, b] = [scalar(3), scalar(5)]
    expect(hessian(f)(a, b).y.item()).toBe(10)
    const both = hessian(f, { argument: [0, 1] })(a, b)
    expect(both.y.map((row) => row.map((t) => t.item()))).toEqual([
      [10, 6],
      [6, 0],
    ])
    expectTypeOf(both).toEqualTypeOf<{
      readonly y: readonly [readonly [Tensor, Tensor], readonly [Tensor, Tensor]]
    }>()
    expectTypeOf(hessian((p: { readonly w: Tensor }) => sum(p.w))).returns.toEqualTypeOf<{
      readonly w: { readonly w: Tensor }
    }>()
  })

  test('under jit, vmap and grad', () => {
    const plain = hessian(loss)(x)
    expect(distance([jit(hessian(loss))(x)], [plain])).toBe(0)
    const batch = widened(
      array([
        [0.5, -1, 2],
        [1, 1, 0],
      ]),
    )
    const each = vmap(hessian(loss))(batch)
    expect(each.shape).toEqual([2, 3, 3])
    expect(
      distance([each], [widened(array([...softmaxHessian(x), ...softmaxHessian(array([1, 1, 0]))]))]),
    ).toBeLessThan(1e-7)
    // trace of the Hessian of Σ x⁴ is 12 Σ x², its gradient 24 x
    const trace = (y: Tensor): Tensor => sum(hessian((z: Tensor) => sum(square(square(z))))(y))
    expect(numbers(grad(trace)(array([1, -2])))).toEqual([24, -48])
  })
})

describe('hvp', () => {
  test('is the Hessian times a vector, for every argument', () => {
    const [product] = hvp(loss, [x], [v])
    expect(distance([product], [matmul(hessian(loss)(x), v)])).toBeLessThan(1e-15)
    const f = (a: Tensor, b: { readonly c: Tensor }) => sum(mul(square(a), b.c))
    const [ofA, ofB] = hvp(f, [array([1, 2]), { c: array([3, 4]) }], [array([1, 0]), { c: array([0, 1]) }])
    // H = [[2c, 2a], [2a, 0]] on each element
    expect([numbers(ofA), numbers(ofB.c)]).toEqual([
      [6, 4],
      [2, 0],
    ])
    expectTypeOf(hvp(f, [x, { c: x }], [v, { c: v }])).toEqualTypeOf<[Tensor, { readonly c: Tensor }]>()
  })

  test('a direction of another structure or aval is refused', () => {
    expect(() => hvp(loss, [x], [array([1, 2, 3])])).toThrow(/hvp: each tangent must have the shape/)
    const tree = { a: x }
    expect(() => hvp((t: typeof tree) => loss(t.a), [tree], [Object.assign({ b: x }, tree)])).toThrow(/same structure/)
  })

  test('under jit, vmap and grad', () => {
    const plain = hvp(loss, [x], [v])[0]
    expect(distance(jit((a: Tensor, b: Tensor) => hvp(loss, [a], [b]))(x, v), [plain])).toBe(0)
    const batch = vmap((a: Tensor) => hvp(loss, [x], [a])[0])(hessianBasis)
    expect(distance([batch], [hessian(loss)(x)])).toBeLessThan(1e-15)
    // d/dx vᵀ H v of Σ x³ is 6 v²
    const cubes = (y: Tensor): Tensor => sum(mul(square(y), y))
    const curvature = (y: Tensor): Tensor => sum(mul(hvp(cubes, [y], [v])[0], v))
    expect(numbers(grad(curvature)(x))).toEqual(numbers(v).map((value) => 6 * value * value))
  })
})

const hessianBasis = widened(
  array([
    [1, 0, 0],
    [0, 1, 0],
    [0, 0, 1],
  ]),
)

describe('over a customVjp', () => {
  /** eˣ, its derivative by hand; the rule calls the function again. */
  const byHand: (y: Tensor) => Tensor = customVjp(
    function expByHand(y: Tensor) {
      return exp(y)
    },
    {
      forward: (y) => {
        const value = byHand(y)
        return [value, value]
      },
      backward: (value, ct) => [mul(ct, value)],
    },
  )

  const f = (y: Tensor): Tensor => sum(byHand(mul(y, y)))

  // (e^{x²})'' = (2 + 4x²) e^{x²}
  const right = numbers(x).map((t) => (2 + 4 * t * t) * Math.exp(t * t))

  test('forward over reverse meets it again, so both ways are backwards', () => {
    expect(() => jvp(grad(f), [x], [v])).toThrow(/forward mode \(jvp, linearize, jacfwd\) over expByHand/)
    const [product] = hvp(f, [x], [v])
    expect(
      distance(
        [product],
        [
          new HostTensor(
            Float64Array.from(right, (h, i) => h * (v.data[i] ?? 0)),
            [3],
            'f64',
          ),
        ],
      ),
    ).toBeLessThan(1e-15)
    const h = hessian(f)(x)
    for (const [i, value] of numbers(h).entries()) {
      expect(value).toBeCloseTo(i % 4 === 0 ? (right[i / 4] ?? 0) : 0, 11)
    }
  })

  test('and so under jit and vmap', () => {
    const plain = hvp(f, [x], [v])
    expect(distance(jit((a: Tensor) => hvp(f, [a], [v]))(x), plain)).toBe(0)
    expect(distance([vmap((a: Tensor) => hvp(f, [x], [a])[0])(hessianBasis)], [hessian(f)(x)])).toBeLessThan(1e-15)
  })
})

// ---------------------------------------------------------------- random programs

const listed =
  ({ f }: RandomProgram) =>
  (xs: readonly Tensor[]): Tensor =>
    f(...xs)

const wide = ({ args }: RandomProgram): readonly HostTensor[] => args.map(widened)

const directions = (xs: readonly HostTensor[], seed: number): readonly HostTensor[] =>
  xs.map(
    (t, k) =>
      new HostTensor(
        t.data.map((_, i) => Math.sin(seed + 3 * k + i)),
        t.shape,
        'f64',
      ),
  )

const dot = (a: readonly Tensor[], b: readonly Tensor[]): Tensor =>
  a.map((t, i) => sum(mul(t, b[i] ?? t))).reduce((p, q) => add(p, q))

const smooth = programArbitrary({ smooth: true, maxSteps: 5 })

describe('random programs', () => {
  test('the Hessian is symmetric, and one by every pair of modes', () => {
    fc.assert(
      fc.property(smooth, (program) => {
        const [f, xs] = [listed(program), wide(program)]
        const blocks = hessian(f)(xs)
        const flat = (rows: readonly (readonly Tensor[])[]): readonly Tensor[] => rows.flat()
        for (const [i, row] of blocks.entries()) {
          for (const [j, block] of row.entries()) {
            const [a, b] = [xs[i]?.size ?? 0, xs[j]?.size ?? 0]
            const other = transpose(reshape(blocks[j]?.[i] ?? block, [b, a]))
            expect(distance([reshape(block, [a, b])], [other])).toBeLessThan(1e-9)
          }
        }
        const pairs = [jacrev(jacrev(f))(xs), jacrev(jacfwd(f))(xs), jacfwd(jacfwd(f))(xs)]
        for (const pair of pairs) expect(distance(flat(pair), flat(blocks))).toBeLessThan(1e-9)
        const us = directions(xs, 1)
        const [product] = hvp(f, [xs], [us])
        const reverse = grad((list: readonly Tensor[]) => dot(grad(f)(list), us))(xs)
        expect(distance(product, reverse)).toBeLessThan(1e-9)
        expect(dot(product, directions(xs, 2)).item()).toBeCloseTo(
          dot(hvp(f, [xs], [directions(xs, 2)])[0], us).item(),
          8,
        )
      }),
      lawRuns(30),
    )
  })

  test('the third derivative along three directions does not depend on their order, nor on the mode', () => {
    fc.assert(
      fc.property(smooth, (program) => {
        const [f, xs] = [listed(program), wide(program)]
        const [u, w, z] = [directions(xs, 1), directions(xs, 2), directions(xs, 3)]
        type List = readonly Tensor[]
        const along =
          (g: (list: List) => Tensor, d: List) =>
          (list: List): Tensor =>
            jvp(g, [list], [d])[1]
        const against =
          (g: (list: List) => Tensor, d: List) =>
          (list: List): Tensor =>
            dot(grad(g)(list), d)
        const first = along(along(along(f, u), w), z)(xs).item()
        const size = Math.max(1, Math.abs(first))
        const others = [
          along(along(along(f, z), u), w),
          against(along(along(f, w), z), u),
          along(against(along(f, u), z), w),
          against(against(against(f, z), w), u),
          against((list: List) => dot(hvp(f, [list], [u])[0], w), z),
        ]
        for (const other of others) expect(Math.abs(other(xs).item() - first)).toBeLessThan(1e-7 * size)
      }),
      lawRuns(20),
    )
  })

  test('grad of vmap of jit of grad, and the like, are one thing', () => {
    fc.assert(
      fc.property(smooth, (program) => {
        const [f, xs] = [listed(program), wide(program)]
        const us = directions(xs, 1)
        const slope = (list: readonly Tensor[]): Tensor => dot(jit(grad(f))(list), us)
        const batch = xs.map((t) => reshape(t, [1, ...t.shape]))
        const mapped = grad((list: readonly Tensor[]) => sum(vmap(slope)(list)))(batch)
        const expected = hvp(f, [xs], [us])[0]
        expect(distance(mapped, expected)).toBeLessThan(1e-9)
        const jitted = jit(grad(jit((list: readonly Tensor[]) => sum(vmap(jit(slope))(list)))))(batch)
        expect(distance(jitted, expected)).toBeLessThan(1e-9)
      }),
      lawRuns(30),
    )
  })
})

test('third derivatives by Jacobians of a Hessian: Σ sin(x_i) x_j, by hand', () => {
  // f = S T, S = Σ sin x, T = Σ x: f_ijk = -cos x_i δ_ijk T - (sin x_i δ_ij + sin x_j δ_jk + sin x_i δ_ik)
  const f = (y: Tensor): Tensor => mul(sum(sin(y)), sum(y))
  const third = jacfwd(hessian(f))(x)
  expect(third.shape).toEqual([3, 3, 3])
  const total = sum(x).item()
  const [s, c] = [numbers(sin(x)), numbers(cos(x))]
  const is = (...same: readonly number[]): number => Number(new Set(same).size === 1)
  for (const [at, value] of numbers(third).entries()) {
    const [i, j, k] = [Math.floor(at / 9), Math.floor(at / 3) % 3, at % 3]
    const right =
      -(c[i] ?? 0) * is(i, j, k) * total - (s[i] ?? 0) * is(i, j) - (s[j] ?? 0) * is(j, k) - (s[i] ?? 0) * is(i, k)
    expect(value).toBeCloseTo(right, 13)
  }
  expect(distance([jacrev(hessian(f))(x)], [third])).toBeLessThan(1e-14)
  expect(treeLeaves(vjp(hessian(f), x)[0]).map((t) => t.shape)).toEqual([[3, 3]])
})
