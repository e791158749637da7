/* Loops and choices under transforms on the ONNX engine, with the values of the reference. */
import {
  add,
  array,
  cond,
  cos,
  div,
  grad,
  greater,
  iota,
  jit,
  jvp,
  map,
  matmul,
  mul,
  scalar,
  scan,
  sin,
  sum,
  switchCase,
  type Tensor,
  tanh,
  valueAndGrad,
  vmap,
  whileLoop,
} from '@cotangent/core'
import { lawRuns, primitiveGenerators } from '@cotangent/testing'
import * as fc from 'fast-check'
import { afterAll, beforeAll, describe, test } from 'vitest'
import { agrees, type ListOf, random, type WatchedEngine, watchedOnnx } from './support/watchedOnnx.js'

let onnx: WatchedEngine
beforeAll(async () => {
  onnx = await watchedOnnx()
})
afterAll(() => onnx.engine.close())

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

  test('the gradient of a scan', () => agrees(onnx, slopes(recurrent as (...args: Tensor[]) => Tensor), [w, start, xs]))

  test('and of a gradient of it', () => {
    const curvature = (a: Tensor, b: Tensor, c: Tensor): Tensor => {
      const slope = grad((v: Tensor) => recurrent(v, b, c))(a)
      return sum(mul(slope, cos(slope)))
    }
    return agrees(onnx, slopes(curvature as (...args: Tensor[]) => Tensor), [w, start, xs], 1e-4)
  })

  test('the gradient of a choice, both ways', async () => {
    await agrees(onnx, slopes(piece as (...args: Tensor[]) => Tensor), [array([1, 2]), array([0.3, -0.4])])
    await agrees(onnx, slopes(piece as (...args: Tensor[]) => Tensor), [array([-1, -2]), array([0.3, -0.4])])
  })

  test('a choice in a scan', () =>
    agrees(
      onnx,
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
      onnx,
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
    for (const a of [3, 1e4, 0]) await agrees(onnx, (x) => [root(x), jvp(root, [x], [scalar(1)])[1]], [scalar(a)])
  })

  test('a while under vmap goes on until all are done', () =>
    agrees(onnx, (a) => [vmap(root)(a), vmap((x: Tensor) => jvp(root, [x], [scalar(1)])[1])(a)], [
      array([3, 0, 1e4, 0.5]),
    ]))

  test('scan and cond under vmap, and jit of them', async () => {
    const batched: ListOf = (a, v, steps) => [
      vmap((h: Tensor, x: Tensor) => grad((u: Tensor) => recurrent(u, h, x))(a))(v, steps),
    ]
    const many = [w, random(6, 2, 3), random(7, 2, 6, 3)]
    await agrees(onnx, batched, many)
    await agrees(onnx, (...args) => jit((...inner: Tensor[]) => batched(...inner))(...args), many)
    await agrees(onnx, (a, b) => [vmap(piece)(a, b), vmap(grad(piece))(a, b)], [
      array([
        [1, 2],
        [-1, -2],
      ]),
      random(8, 2, 2),
    ])
  })

  test('a small program around a loop stays one with it', () =>
    agrees(onnx, (a, v, steps) => [mul(recurrent(sin(a), add(v, 1), steps), 2), map(sin, steps)], [w, start, xs]))

  for (const name of ['scan', 'cond', 'checkpoint'] as const) {
    test(`gradients of random cases of ${name}`, () =>
      fc.assert(
        fc.asyncProperty(primitiveGenerators[name].tame, async ({ apply, operands: [x, y, n] }) => {
          if (x === undefined || y === undefined || n === undefined) throw new Error('a case has three operands')
          // a result of some thousands has too few digits left for its sine: 1/64 of it has them
          const total = (a: Tensor, b: Tensor): Tensor =>
            apply([a, b, n])
              .filter(({ dtype }) => dtype === 'f32')
              .reduce((before: Tensor, result) => add(before, sum(sin(mul(result, 1 / 64)))), scalar(0))
          await agrees(onnx, slopes(total), [x, y], 1e-4)
        }),
        lawRuns(12),
      ))
  }
})
