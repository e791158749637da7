/* Loops and choices of all kinds on the ONNX engine, with the values of the reference. */
import {
  add,
  array,
  broadcastTo,
  cast,
  compile,
  erf,
  greater,
  IndexError,
  less,
  logicalNot,
  map,
  mul,
  ones,
  scalar,
  scan,
  sum,
  type Tensor,
  take,
  transpose,
  whileLoop,
  zeros,
} from '@cotangent/core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { agrees, type ListOf, loadedBy, random, type WatchedEngine, watchedOnnx } from './support/watchedOnnx.js'

let onnx: WatchedEngine
beforeAll(async () => {
  onnx = await watchedOnnx()
})
afterAll(() => onnx.engine.close())

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
  for (const [name, f, args] of cases) test(name, () => agrees(onnx, (...xs) => [...f(...xs)], args))

  test('a wrong index is refused in a step as elsewhere', async () => {
    const picked = compile((table: Tensor, indices: Tensor) => map((i: Tensor) => take(table, i), indices), onnx.engine)
    expect((await picked(array([4, 5]), array([1, 0], 'i32'))).toArray()).toEqual([5, 4])
    await expect(picked(array([4, 5]), array([1, 2], 'i32'))).rejects.toThrow(IndexError)
    await expect(picked(array([4, 5]), array([-1, 0], 'i32'))).rejects.toThrow(IndexError)
  })
})

describe('loops with edges', () => {
  test('a carry that becomes what was outside, or a number', () =>
    agrees(
      onnx,
      (x, y) => [
        ...whileLoop(
          ([n]: readonly [Tensor, Tensor, Tensor]) => less(n, 3),
          ([n]) => [add(n, 1), y, ones([2])] as const,
          [cast(sum(x), 'i32'), x, x] as const,
        ),
      ],
      [array([0, 1]), array([5, 6])],
    ))

  test('what the engine has no kernel for takes its loop to the host, and only that', async () => {
    const f = (x: Tensor): Tensor =>
      mul(
        cast(
          scan((c: Tensor, y: Tensor) => [erf(add(c, y)), null] as const, scalar(0, 'f64'), cast(mul(x, 2), 'f64'))[0],
          'f32',
        ),
        3,
      )
    const x = array([0.1, 0.2])
    const [y, programs] = await loadedBy(onnx, () => compile(f, onnx.engine)(x))
    expect(y.item()).toBeCloseTo(f(x).item(), 6)
    const names = programs.map(({ equations }) => equations.map(({ primitive }) => primitive.name))
    expect(names).toHaveLength(2)
    expect(names.flat()).not.toContain('scan')
  })
})
