/* Loops and choices on the engine, with the values and derivatives of the reference. */
import {
  add,
  array,
  broadcastTo,
  cast,
  compile,
  cond,
  cos,
  div,
  type Engine,
  grad,
  greater,
  IndexError,
  type IR,
  iota,
  jit,
  jvp,
  key,
  logicalNot,
  map,
  matmul,
  mul,
  normal,
  scalar,
  scan,
  sin,
  sum,
  switchCase,
  type Tensor,
  take,
  tanh,
  transpose,
  valueAndGrad,
  vmap,
  whileLoop,
  zeros,
} from '@cotangent/core'
import { oracle } from '@cotangent/testing'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { onnxEngine } from './engine.js'

let engine: Engine
const loaded: IR[] = []
beforeAll(async () => {
  const onnx = await onnxEngine({ threads: 2 })
  engine = {
    ...onnx,
    load: (ir) => {
      loaded.push(ir)
      return onnx.load(ir)
    },
  }
})
afterAll(() => engine.close())

type ListOf = (...xs: Tensor[]) => readonly Tensor[]

/** Runs as one program of the engine, and agrees with the evaluation in f64. */
const agrees = async (f: ListOf, args: readonly Tensor[], tolerance = 1e-5): Promise<void> => {
  loaded.length = 0
  const results = await compile((xs: readonly Tensor[]) => [...f(...xs)], engine)(args)
  expect(loaded).toHaveLength(1)
  const expected = oracle((xs) => f(...xs), args)
  expect(results.map((y) => [y.dtype, ...y.shape])).toEqual(f(...args).map((y) => [y.dtype, ...y.shape]))
  for (const [i, y] of results.entries()) {
    const right = expected[i]?.data ?? []
    for (const [j, value] of y.data.entries()) {
      const correct = right[j] ?? Number.NaN
      expect(Math.abs(value - correct), `result ${i}, element ${j}`).toBeLessThanOrEqual(
        tolerance * Math.max(1, Math.abs(correct)),
      )
    }
  }
}

const random = (seed: number, ...shape: number[]): Tensor => normal(key(seed), shape)

/** A recurrent network: w [n, n], xs [steps, n]. */
const recurrent = (w: Tensor, start: Tensor, xs: Tensor): Tensor => {
  const [last, states] = scan(
    (h: Tensor, x: Tensor) => {
      const next = tanh(add(matmul(h, w), x))
      return [next, mul(next, 0.5)] as const
    },
    start,
    xs,
  )
  return add(sum(mul(states, states)), sum(last))
}

describe('scans of all kinds', () => {
  const x = array([1, -2, 3])
  const cases: readonly (readonly [string, ListOf, readonly Tensor[]])[] = [
    [
      'no steps',
      (c, xs) => scan((a: Tensor, y: Tensor) => [add(a, y), mul(a, y)] as const, c, xs),
      [scalar(3), zeros([0])],
    ],
    [
      'steps without elements',
      (c, xs) => scan((a: Tensor, y: Tensor) => [add(a, sum(y)), y] as const, c, xs),
      [scalar(3), zeros([4, 0])],
    ],
    ['no xs', (c) => scan((a: Tensor, _: null) => [add(a, 1), a] as const, c, null, { length: 4 }), [scalar(3, 'i32')]],
    ['no carry', (xs) => [map((y: Tensor) => mul(y, y), xs)], [x]],
    [
      'no ys, and a bool goes from step to step',
      (xs) => [
        scan(
          (flag: Tensor, y: Tensor) => [logicalNot(greater(cast(flag, 'f32'), y)), null] as const,
          greater(sum(xs), 1),
          xs,
        )[0],
      ],
      [x],
    ],
    [
      'i32 that goes round',
      (xs) =>
        scan((a: Tensor, y: Tensor) => [add(a, 2 ** 31 - 1), add(a, cast(y, 'i32'))] as const, scalar(5, 'i32'), xs),
      [x],
    ],
    [
      'f64',
      (xs) => {
        const [c, ys] = scan(
          (a: Tensor, y: Tensor) => [add(a, y), mul(a, y)] as const,
          scalar(1, 'f64'),
          cast(xs, 'f64'),
        )
        return [c, ys]
      },
      [x],
    ],
    [
      'what is carried changes places',
      (xs) =>
        scan(
          ([a, b]: readonly [Tensor, Tensor], _: Tensor) => [[b, a], b] as const,
          [xs, mul(xs, 2)] as const,
          xs,
        ).flat(),
      [x],
    ],
    [
      'slices, carry, constants and numbers as ys',
      (xs) => {
        const [, ys] = scan(
          (c: Tensor, y: Tensor) => [c, [y, y, c, xs, broadcastTo(scalar(2), [2]), broadcastTo(y, [2, 2])]] as const,
          xs,
          xs,
          { reverse: true },
        )
        return ys
      },
      [x],
    ],
    [
      'ys with their axes in another order',
      (xs) => {
        const [, ys] = scan((c: Tensor, y: Tensor) => [add(c, y), transpose(mul(c, y))] as const, zeros([2, 3]), xs)
        return [ys]
      },
      [random(1, 4, 2, 3)],
    ],
    [
      'xs that are the same at every step',
      (xs) => scan((c: Tensor, y: Tensor) => [add(c, y), c] as const, xs, broadcastTo(xs, [4, 3])),
      [x],
    ],
    [
      'a constant with repeated and exchanged axes',
      (xs) => {
        const wide = broadcastTo(transpose(xs), [2, 3, 2])
        return scan(
          (c: Tensor, y: Tensor) => [add(mul(c, 0.5), wide), mul(wide, y)] as const,
          zeros([2, 3, 2]),
          array([1, 2]),
        )
      },
      [random(2, 2, 3)],
    ],
  ]
  for (const [name, f, args] of cases) test(name, () => agrees((...xs) => [...f(...xs)], args))

  test('a wrong index is refused in a step as elsewhere', async () => {
    const picked = compile((table: Tensor, indices: Tensor) => map((i: Tensor) => take(table, i), indices), engine)
    expect((await picked(array([4, 5]), array([1, 0], 'i32'))).toArray()).toEqual([5, 4])
    await expect(picked(array([4, 5]), array([1, 2], 'i32'))).rejects.toThrow(IndexError)
    await expect(picked(array([4, 5]), array([-1, 0], 'i32'))).rejects.toThrow(IndexError)
  })
})

describe('derivatives and transforms', () => {
  const [w, start, xs] = [mul(random(3, 3, 3), 0.5), random(4, 3), random(5, 6, 3)]
  const slopes =
    (f: (...args: Tensor[]) => Tensor): ListOf =>
    (...args) => {
      const [value, gradients] = valueAndGrad((all: readonly Tensor[]) => f(...all))(args)
      return [value, ...gradients]
    }
  const piece = (x: Tensor, y: Tensor): Tensor =>
    cond(
      greater(sum(x), 0),
      (a: Tensor) => sum(mul(sin(a), y)),
      (a: Tensor) => sum(tanh(mul(a, mul(y, y)))),
      x,
    )

  test('the gradient of a scan', () => agrees(slopes(recurrent as (...args: Tensor[]) => Tensor), [w, start, xs]))

  test('and of a gradient of it', () => {
    const curvature = (a: Tensor, b: Tensor, c: Tensor): Tensor => {
      const slope = grad((v: Tensor) => recurrent(v, b, c))(a)
      return sum(mul(slope, cos(slope)))
    }
    return agrees(slopes(curvature as (...args: Tensor[]) => Tensor), [w, start, xs], 1e-4)
  })

  test('the gradient of a choice, both ways', async () => {
    await agrees(slopes(piece as (...args: Tensor[]) => Tensor), [array([1, 2]), array([0.3, -0.4])])
    await agrees(slopes(piece as (...args: Tensor[]) => Tensor), [array([-1, -2]), array([0.3, -0.4])])
  })

  test('a choice in a scan', () =>
    agrees(
      slopes((a, v) =>
        sum(
          scan(
            (c: Tensor, i: Tensor) =>
              [
                switchCase(i, [(h: Tensor) => tanh(matmul(h, a)), (h: Tensor) => mul(h, sin(h)), (h: Tensor) => h], c),
                null,
              ] as const,
            v,
            iota(4),
          )[0],
        ),
      ),
      [w, start],
    ))

  test('a scan in a scan', () =>
    agrees(
      slopes((a, v, steps) =>
        sum(
          scan(
            (outer: Tensor, x: Tensor) => {
              const [last, ys] = scan((h: Tensor, _: null) => [tanh(add(matmul(h, a), x)), h] as const, outer, null, {
                length: 3,
              })
              return [last, sum(mul(ys, x))] as const
            },
            v,
            steps,
          )[1],
        ),
      ),
      [w, start, xs],
    ))

  /** Newton's method for the square root of a + 1, from a + 1. */
  const root = (a: Tensor): Tensor =>
    whileLoop<readonly [Tensor, Tensor]>(
      ([y]) => greater(mul(y, y), mul(add(a, 1), 1.0001)),
      ([y, n]) => [mul(add(y, div(add(a, 1), y)), 0.5), add(n, 1)],
      [add(a, 1), scalar(0, 'i32')],
    )[0]

  test('a while, its derivative forwards, and no step at all', async () => {
    for (const a of [3, 1e4, 0]) await agrees((x) => [root(x), jvp(root, [x], [scalar(1)])[1]], [scalar(a)])
  })

  test('a while under vmap goes on until all are done', () =>
    agrees((a) => [vmap(root)(a), vmap((x: Tensor) => jvp(root, [x], [scalar(1)])[1])(a)], [array([3, 0, 1e4, 0.5])]))

  test('scan and cond under vmap, and jit of them', async () => {
    const batched: ListOf = (a, v, steps) => [
      vmap((h: Tensor, x: Tensor) => grad((u: Tensor) => recurrent(u, h, x))(a))(v, steps),
    ]
    const many = [w, random(6, 2, 3), random(7, 2, 6, 3)]
    await agrees(batched, many)
    await agrees((...args) => jit((...inner: Tensor[]) => batched(...inner))(...args), many)
    await agrees(
      (a, b) => [vmap(piece)(a, b), vmap(grad(piece))(a, b)],
      [
        array([
          [1, 2],
          [-1, -2],
        ]),
        random(8, 2, 2),
      ],
    )
  })

  test('a small program around a loop stays one with it', () =>
    agrees((a, v, steps) => [mul(recurrent(sin(a), add(v, 1), steps), 2), map(sin, steps)], [w, start, xs]))
})
