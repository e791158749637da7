import { widened } from '@cotangent/testing'
import { describe, expect, expectTypeOf, test } from 'vitest'
import { whileLoop } from '../control/whileLoop.js'
import { add, div, mul, square, sub } from '../primitives/arithmetic.js'
import { zeros } from '../primitives/broadcast.js'
import { cast, greater } from '../primitives/choice.js'
import { matmul } from '../primitives/contraction.js'
import { sum } from '../primitives/reduction.js'
import { sin, tanh } from '../primitives/smooth.js'
import { treeFlatten, treeLeaves, treeUnflatten } from '../pytree.js'
import { array, HostTensor, scalar, type Tensor } from '../tensor.js'
import { customVjp } from './customVjp.js'
import { jacfwd, jacrev } from './jacobian.js'
import { jit } from './jit.js'
import { jvp } from './jvp.js'
import { grad, vjp } from './vjp.js'
import { vmap } from './vmap.js'

const numbers = (x: Tensor): readonly number[] => Array.from(x.data)

interface Params {
  readonly w: Tensor
  readonly layers: readonly [bias: Tensor, scale: Tensor]
}

const params: Params = {
  w: widened(
    array([
      [0.5, -1, 2],
      [0.25, 1, -0.5],
    ]),
  ),
  layers: [widened(array([0.1, -0.2, 0.3])), widened(scalar(0.7))],
}

const input = widened(
  array([
    [1, 2],
    [-1, 0.5],
    [0.3, -0.4],
    [2, 1],
  ]),
)

/** Results of two ranks; the first does not depend on the scale. */
const model = (p: Params, x: Tensor) => {
  const [bias, scale] = p.layers
  const hidden = tanh(add(matmul(x, p.w), bias))
  return { hidden, energy: mul(sum(square(hidden)), scale) }
}

/** The Jacobian of a flattened function by central differences: per leaf of the result, per leaf of the argument. */
const differences = (f: (x: Params) => unknown, at: Params): readonly (readonly (readonly number[])[])[] => {
  const [leaves, def] = treeFlatten(at)
  const eps = 1e-5
  const moved = (leaf: number, place: number, by: number): readonly Tensor[] =>
    treeLeaves(
      f(
        treeUnflatten<Params>(
          def,
          leaves.map((x, l) =>
            l === leaf
              ? new HostTensor(
                  x.data.map((value, i) => (i === place ? value + by : value)),
                  x.shape,
                  x.dtype,
                )
              : x,
          ),
        ),
      ),
    )
  const columns = leaves.map((x, leaf) =>
    Array.from({ length: x.size }, (_, place) => [moved(leaf, place, eps), moved(leaf, place, -eps)] as const),
  )
  return treeLeaves(f(at)).map((y, result) =>
    columns.map((ofLeaf) =>
      numbers(y).flatMap((_, i) =>
        ofLeaf.map(([up, down]) => ((up[result]?.data[i] ?? 0) - (down[result]?.data[i] ?? 0)) / (2 * eps)),
      ),
    ),
  )
}

const close = (received: readonly number[], expected: readonly number[], error: number): void => {
  expect(received.length).toBe(expected.length)
  for (const [i, value] of expected.entries()) expect(Math.abs((received[i] ?? Number.NaN) - value)).toBeLessThan(error)
}

describe.each([
  ['jacfwd', jacfwd],
  ['jacrev', jacrev],
] as const)('%s', (_, jacobian) => {
  test('has a tree of the results, of trees of the argument, of shape [...out, ...in]', () => {
    const j = jacobian(model)(params, input)
    expect(j.hidden.w.shape).toEqual([4, 3, 2, 3])
    expect(j.hidden.layers.map((x) => x.shape)).toEqual([
      [4, 3, 3],
      [4, 3],
    ])
    expect(j.energy.w.shape).toEqual([2, 3])
    expect(j.energy.layers.map((x) => x.shape)).toEqual([[3], []])
    expect(treeLeaves(j).every((x) => x.dtype === 'f64')).toBe(true)
    expect(numbers(j.hidden.layers[1])).toEqual(new Array(12).fill(0)) // it does not depend on the scale
    const right = differences((p) => model(p, input), params)
    const blocks = [j.energy, j.hidden] // in the order of their keys
    for (const [i, block] of blocks.entries()) {
      for (const [k, leaf] of treeLeaves(block).entries()) close(numbers(leaf), right[i]?.[k] ?? [], 1e-8)
    }
  })

  test('of another argument, and of several', () => {
    const f = (x: Tensor, y: Tensor) => mul(x, y)
    const [x, y] = [array([1, 2]), array([3, 5])]
    expect(jacobian(f, { argument: 1 })(x, y).toArray()).toEqual([
      [1, 0],
      [0, 2],
    ])
    const [dx, dy] = jacobian(f, { argument: [0, 1] })(x, y)
    expect(dx.toArray()).toEqual([
      [3, 0],
      [0, 5],
    ])
    expect(dy.toArray()).toEqual([
      [1, 0],
      [0, 2],
    ])
  })

  test('of nothing has no elements, of one number no more than its shape', () => {
    expect(jacobian((x: Tensor) => mul(x, 2))(zeros([0])).shape).toEqual([0, 0])
    expect(jacobian((x: Tensor) => sum(x))(zeros([0, 3])).shape).toEqual([0, 3])
    expect(jacobian((x: Tensor) => mul(x, x))(array([[3]])).toArray()).toEqual([[[[6]]]])
  })

  test('under jit, vmap and grad', () => {
    const f = (x: Tensor) => mul(sin(x), sum(x))
    const x = array([0.5, -1, 2])
    const plain = numbers(jacobian(f)(x))
    expect(numbers(jit(jacobian(f))(x))).toEqual(plain)
    expect(numbers(jacobian(jit(f))(x))).toEqual(plain)
    const batch = array([
      [0.5, -1, 2],
      [1, 2, 3],
    ])
    const each = vmap(jacobian(f))(batch)
    expect(each.shape).toEqual([2, 3, 3])
    expect(numbers(each).slice(0, 9)).toEqual(plain)
    // d/dx_k Σ_ij J_ij = Σ_i d/dx_k Σ_j ∂_j f_i, by hand for f_i = sin(x_i) s:
    // Σ_ij J_ij = s Σ cos x_i + 3 Σ sin x_i
    const s = 0.5 - 1 + 2
    const c = [0.5, -1, 2].reduce((total, v) => total + Math.cos(v), 0)
    const right = [0.5, -1, 2].map((v) => c - s * Math.sin(v) + 3 * Math.cos(v))
    close(numbers(grad((v: Tensor) => sum(jacobian(f)(v)))(x)), right, 1e-5)
  })

  test('refuses whole numbers, in and out', () => {
    expect(() => jacobian((x: Tensor) => cast(x, 'i32'))(array([1]))).toThrow(
      /every result of the function must be floating/,
    )
    expect(() => jacobian((x: Tensor) => x)(array([1], 'i32'))).toThrow(/with respect to floating tensors/)
    expect(() => jacobian((x: Tensor) => x, { argument: 1 })(array([1]))).toThrow(/must be one of the 1 given/)
  })
})

test('row by row and column by column they are vjp and jvp', () => {
  const f = (x: Tensor) => sin(matmul(input, x))
  const x = widened(array([0.3, -2]))
  const j = jacrev(f)(x)
  const [, pull] = vjp(f, x)
  const unit = (n: number, i: number): Tensor => widened(array(Array.from({ length: n }, (_, k) => Number(k === i))))
  for (const i of [0, 3]) close(numbers(pull(unit(4, i))[0]), numbers(j).slice(2 * i, 2 * i + 2), 1e-15)
  for (const i of [0, 1]) {
    const column = numbers(j).filter((_, k) => k % 2 === i)
    close(numbers(jvp(f, [x], [unit(2, i)])[1]), column, 1e-15)
    close(numbers(jacfwd(f)(x)), numbers(j), 1e-15)
  }
})

test('over a customVjp there is jacrev; jacfwd is refused by name', () => {
  const doubled = customVjp(
    function doubled(x: Tensor) {
      return mul(x, 2)
    },
    { forward: (x) => [mul(x, 2), null], backward: (_, ct) => [mul(ct, 3)] },
  )
  expect(jacrev(doubled)(array([1, 2])).toArray()).toEqual([
    [3, 0],
    [0, 3],
  ])
  expect(() => jacfwd(doubled)(array([1, 2]))).toThrowErrorMatchingInlineSnapshot(`
    [MissingRuleError: doubled: a function with a customVjp has a derivative backwards only.
      received  forward mode (jvp, linearize, jacfwd) over doubled
      to do     use vjp, grad or jacrev, or give the function a customJvp instead]
  `)
})

test('over a loop of unknown length there is jacfwd', () => {
  const init: Tensor = scalar(1)
  const root = (v: Tensor): Tensor =>
    whileLoop(
      (y: Tensor) => greater(square(sub(square(y), v)), 1e-10),
      (y) => mul(add(y, div(v, y)), 0.5),
      init,
    )
  const roots = (v: Tensor): Tensor => mul(vmap(root)(v), array([1, 10]))
  const j = numbers(jacfwd(roots)(array([4, 9])))
  for (const [i, value] of [1 / 4, 0, 0, 10 / 6].entries()) expect(j[i]).toBeCloseTo(value, 4)
  expect(() => jacrev(roots)(array([4, 9]))).toThrow(/jacfwd/)
})

test('types: a tree of results, of trees of arguments', () => {
  const pair = (p: Params, x: Tensor) => [p.w, { x }] as const
  expectTypeOf(jacrev(pair)(params, input)).toEqualTypeOf<readonly [Params, { readonly x: Params }]>()
  expectTypeOf(jacfwd(pair, { argument: 1 })(params, input)).toEqualTypeOf<readonly [Tensor, { readonly x: Tensor }]>()
  expectTypeOf(jacrev((p: Params, x: Tensor) => sum(add(p.w, x)), { argument: [1, 0] })).returns.toEqualTypeOf<
    readonly [Tensor, Params]
  >()
  expectTypeOf(grad((p: Params, x: Tensor) => sum(add(p.w, x)), { argument: [1, 0] })).returns.toEqualTypeOf<
    readonly [Tensor, Params]
  >()
})
