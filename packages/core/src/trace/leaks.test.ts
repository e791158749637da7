/* A traced value outside of its trace: every way to use one is refused, and the message says where it is from. */
import { describe, expect, test } from 'vitest'
import { compile } from '../compile/compile.js'
import { LeakedTracerError } from '../errors.js'
import { add, mul } from '../primitives/arithmetic.js'
import { ones } from '../primitives/broadcast.js'
import { sum } from '../primitives/reduction.js'
import { sin } from '../primitives/smooth.js'
import { referenceEngine } from '../reference/engine.js'
import { array, scalar, type Tensor } from '../tensor.js'
import { customVjp } from '../transforms/customVjp.js'
import { jit } from '../transforms/jit.js'
import { jvp } from '../transforms/jvp.js'
import { linearize } from '../transforms/linearize.js'
import { grad } from '../transforms/vjp.js'
import { vmap } from '../transforms/vmap.js'
import { evalIR, makeIR } from './makeIR.js'

type Unary = (x: Tensor) => Tensor

/** An intermediate value of a function under a transform, after it. */
const leakedBy = (transform: (loss: Unary) => unknown): Tensor => {
  let kept: Tensor = scalar(0)
  transform(function loss(x) {
    kept = sin(x)
    return sum(mul(kept, x))
  })
  return kept
}

const x = ones([2])

const leaks: Readonly<Record<string, Tensor>> = {
  grad: leakedBy((f) => grad(f)(x)),
  jit: leakedBy((f) => jit(f)(x)),
  vmap: leakedBy((f) => vmap(f)(ones([3, 2]))),
  jvp: leakedBy((f) => jvp(f, [x], [x])),
  linearize: leakedBy((f) => linearize(f, x)),
  makeIR: leakedBy((f) => makeIR(f)(x)),
}

const message = (f: () => unknown): string => {
  try {
    f()
  } catch (error) {
    if (error instanceof LeakedTracerError) return error.message.replaceAll(/:\d+:\d+/g, ':_')
    throw error
  }
  return 'nothing was thrown'
}

describe.each(Object.entries(leaks))('a value that leaked from %s', (op, leaked) => {
  const from = `f32[2], made by sin at packages/core/src/trace/leaks.test.ts:_ in loss under ${op}; that trace has ended`

  test.each<readonly [string, () => unknown]>([
    ['an operation', () => add(leaked, 1)],
    ['its elements', () => leaked.data],
    ['one element', () => leaked.item()],
    ['nested lists', () => leaked.toArray()],
    ['a number', () => Number(leaked)],
    ['arithmetic', () => (leaked as unknown as number) + 1],
    ['another function under a transform', () => grad((y: Tensor) => sum(mul(y, leaked)))(x)],
    ['the result of another one', () => makeIR(() => leaked)()],
    ['the result of a gradient', () => grad((_: Tensor) => sum(leaked))(x)],
  ])('is refused as %s, with its origin', (_, use) => {
    expect(message(use)).toContain(`received  ${from}`)
  })

  test('is refused as the argument of a compiled call, and when it is read', async () => {
    const compiled = compile((y: Tensor) => mul(y, 2), referenceEngine())
    for (const use of [() => compiled(leaked), () => leaked.read()]) {
      const error: unknown = await use().catch((thrown: unknown) => thrown)
      expect(
        message(() => {
          throw error
        }),
      ).toContain(from)
    }
  })

  test('shows its aval in a text all the same', () => {
    expect(`${leaked}`).toBe('Traced f32[2]')
  })
})

test('its line is the one where it was made', () => {
  const here = Number(/leaks\.test\.ts:(\d+)/.exec(new Error().stack ?? '')?.[1])
  let kept: Tensor = x
  grad((y: Tensor) => {
    kept = mul(y, y)
    return sum(kept)
  })(x)
  expect(() => kept.data).toThrow(`made by mul at packages/core/src/trace/leaks.test.ts:${here + 3}:`)
})

test('a list of numbers holds no traced value', () => {
  expect(() => grad((y: Tensor) => sum(array([y as unknown as number, 1])))(scalar(1))).toThrow(
    /stack\(\) makes one tensor/,
  )
})

test('what leaks from a rule of one’s own is named by the rule', () => {
  let kept: Tensor = x
  const twice = customVjp((y: Tensor) => mul(y, 2), {
    forward: (y): [Tensor, null] => [mul(y, 2), null],
    backward: (_, ct) => {
      kept = ct
      return [mul(ct, 2)]
    },
  })
  grad((y: Tensor) => sum(twice(y)))(x)
  expect(message(() => kept.data)).toMatch(
    /received {2}f32\[2\], an argument of the backward rule of .* under customVjp/,
  )
})

test('a value of an outer trace is none: inner functions may use it', () => {
  const outer = (y: Tensor) => sum(vmap((z: Tensor) => mul(z, sum(y)))(ones([3])))
  expect(grad(outer)(x).toArray()).toEqual([3, 3])
  expect(evalIR(makeIR((y: Tensor) => grad((z: Tensor) => sum(mul(z, y)))(y))(x), [x]).toArray()).toEqual([1, 1])
})
