import {
  abs,
  array,
  cast,
  customVjp,
  exp,
  less,
  mul,
  relu,
  scalar,
  sin,
  square,
  stopGradient,
  sub,
  sum,
  type Tensor,
  take,
  tanh,
  where,
} from '@cotangent/core'
import { describe, expect, test } from 'vitest'
import { LawError } from '../laws/lawError.js'
import { checkGrads } from './checkGrads.js'

const failure = (run: () => void): LawError => {
  try {
    run()
  } catch (error) {
    if (error instanceof LawError) return error
    throw error
  }
  throw new Error('the check passed')
}

const point = array([0.5, -1.25, 2])

describe('checkGrads passes', () => {
  test('a function of one tensor', () => checkGrads((x: Tensor) => sum(mul(sin(x), exp(x))), [point]))

  test('a function of pytrees with several results', () =>
    checkGrads(
      (p: { w: Tensor; b: Tensor }, x: Tensor) => ({ y: tanh(mul(p.w, x)), z: [square(p.b)] }),
      [{ w: point, b: scalar(3) }, point],
    ))

  test('a function with an integer argument, which is fixed', () =>
    checkGrads((table: Tensor, i: Tensor) => square(take(table, i)), [point, array([2, 0, 2], 'i32')]))

  test('a function whose result is partly an integer', () =>
    checkGrads((x: Tensor) => [square(x), cast(x, 'i32')] as const, [point]))

  test('a function whose second derivative jumps at the point', () =>
    checkGrads((x: Tensor) => where(less(abs(x), 1), mul(square(x), 0.5), sub(abs(x), 0.5)), [array([1, -1])], {
      order: 1,
    }))

  test('a kink that the point is away from', () => checkGrads((x: Tensor) => relu(x), [point]))
})

/** sin with a backward pass that is wrong by a factor. */
const wrongBackwards = (factor: number) =>
  customVjp((x: Tensor) => sin(x), {
    forward: (x) => [sin(x), x],
    backward: (_, ct) => [mul(ct, factor)],
  })

describe('checkGrads names what is wrong:', () => {
  test('a backward pass that is not the transpose', () => {
    const error = failure(() => checkGrads(wrongBackwards(1), [point], { forward: false, seed: 3 }))
    expect(error.check).toBe('cotangent against difference')
    expect(error.seed).toBe(3)
    expect(error.at).toBe('[0], element 0')
    expect(error.message).toMatch(/Jᵀ w must agree with the central difference of <w, f>/)
    expect(error.suspects).toHaveLength(1)
    expect(error.suspects[0]).toMatch(/^customVjp\[.*\] f32\[3\]: Jᵀ w -?[\d.]+, difference -?[\d.]+; they differ/)
    expect(error.message).toMatch(/program\n {4}\{ lambda a:f32\[3\]/)
  })

  test('a part that the derivative does not see', () => {
    const error = failure(() =>
      checkGrads((p: { a: Tensor; b: Tensor }) => mul(p.a, stopGradient(p.b)), [{ a: point, b: point }]),
    )
    expect(error.check).toBe('tangent against difference')
    expect(error.at).toBe('[0].b, element 0')
  })

  test('a second derivative that is wrong where the first is right', () => {
    // x² / 2 up to a constant factor: its slope x is right, the slope of that is hidden
    const hidden = (x: Tensor) => mul(x, stopGradient(x))
    expect(() => checkGrads((x: Tensor) => hidden(x), [point], { order: 1 })).toThrow(LawError)
    expect(failure(() => checkGrads((x: Tensor) => hidden(x), [point], { order: 1 })).message).toMatch(
      /J u is 0.5 times the difference/,
    )
    const first = customVjp((x: Tensor) => square(x), {
      forward: (x) => [square(x), x],
      backward: (x, ct) => [mul(ct, mul(stopGradient(x), 2))],
    })
    checkGrads(first, [point], { forward: false })
    const error = failure(() => checkGrads(first, [point], { forward: false, order: 2 }))
    expect(error.check).toBe('of the cotangent: cotangent projection')
  })

  test('a derivative that is not finite', () => {
    const error = failure(() => checkGrads((x: Tensor) => exp(mul(x, 1000)), [array([2])]))
    expect(error.check).toBe('tangent against difference')
    expect(error.message).toMatch(/must be finite/)
  })

  test('a kink', () => {
    const error = failure(() => checkGrads((x: Tensor) => relu(x), [array([0, 1])]))
    expect(error.atKink).toBe(true)
    expect(error.at).toBe('[0], element 0')
    expect(error.message).toMatch(/To both sides the slope is 0 and 1: a kink, where there is nothing to compare with/)
  })
})

test('the message, whole', () => {
  const error = failure(() => checkGrads((x: Tensor) => mul(x, stopGradient(x)), [scalar(3)], { seed: 7 }))
  expect(error.message.replace(/\d\.\d+(e-\d+)?|0\.\d+/g, '#')).toMatchInlineSnapshot(`
    "tangent against difference: J u must agree with the central difference.
      received  J u 3, difference 6; they differ by 3, allowed #. J u is # times the difference
      at        [0], element 0
      suspect   stopGradient f32[]: J u 0, difference 1; they differ by 1, allowed #. J u is 0
      direction seed 7
      program
        { lambda a:f32[] .
          let b:f32[] = stopGradient a
              c:f32[] = mul a b
          in ( c ) }"
  `)
})
