import { add, array, exp, mul, relu, stopGradient, sub, sum, type Tensor } from '@cotangent/core'
import { describe, expect, test, vi } from 'vitest'
import { programArbitrary } from '../arbitraries/programs.js'
import { tensorArbitrary } from '../arbitraries/tensors.js'
import { LawError } from '../laws/lawError.js'
import { jitIsEager } from '../laws/transforms.js'
import { lawRuns } from '../runs.js'
import { checkGrads } from './checkGrads.js'
import { forAll, forAllAsync } from './forAll.js'

const thrownBy = (run: () => unknown): LawError => {
  try {
    run()
  } catch (error) {
    if (error instanceof LawError) return error
    throw error
  }
  throw new Error('nothing was thrown')
}

const runs = { ...lawRuns(50), seed: 1 }

describe('forAll', () => {
  test('passes where the law holds', () => {
    forAll([programArbitrary({ maxSteps: 3 })], ({ f, args }) => jitIsEager(f, args), runs)
    forAll([tensorArbitrary()], (x) => x.size >= 0, runs)
  })

  test('shows the smallest example, how it was found, and the program', () => {
    const wrong = (x: Tensor): Tensor => sum(mul(exp(x), stopGradient(exp(x))))
    const law = (x: Tensor): void => checkGrads(wrong, [x])
    const error = thrownBy(() => forAll([tensorArbitrary({ maxRank: 2, minLength: 1 })], law, runs))
    expect(error.check).toBe('tangent against difference')
    expect(error.message.replace(/-?\d\.\d+(e-\d+)?/g, '#')).toMatchInlineSnapshot(`
      "tangent against difference: J u must agree with the central difference.
        received  J u 1, difference 2; they differ by 1, allowed #. J u is # times the difference
        at        [0], element 0
        suspect   stopGradient f32[]: J u 0, difference 1; they differ by 1, allowed #. J u is 0
        example   Tensor f32[] [0]
        found     in example 1, shrunk 2 times
        again     seed 1, path "0:0:0"
        direction seed 0
        program
          { lambda a:f32[] .
            let b:f32[] = exp a
                c:f32[] = exp a
                d:f32[] = stopGradient c
                e:f32[] = mul b d
            in ( e ) }"
    `)
    const { path, seed } = error.failure ?? { path: '', seed: 0 }
    const again = thrownBy(() =>
      forAll([tensorArbitrary({ maxRank: 2, minLength: 1 })], law, { ...runs, numRuns: 1, seed, path }),
    )
    expect(again.failure?.example).toBe(error.failure?.example)
  })

  test('wraps what is thrown by something else than a law', () => {
    const error = thrownBy(() => forAll([tensorArbitrary({ minLength: 1 })], (x) => sum(x, x.rank), runs))
    expect(error.message).toMatchInlineSnapshot(`
      "the law threw: it must run through.
        received  AxisError: sum: a scalar has no axes.
                    received  axis 0 of f32[]
                    to do     check the axis, or expandDims the tensor first
        example   Tensor f32[] [0]
        found     in example 1, shrunk once
        again     seed 1, path "0:0""
    `)
    expect(error.cause).toBeInstanceOf(LawError)
  })

  test('does not shrink to another fault, or to a kink', () => {
    // relu, with a slope that is wrong above 1; 0 is the simplest number, but a kink
    const wrong = (x: Tensor): Tensor => add(relu(x), relu(stopGradient(sub(x, 1))))
    const law = (x: Tensor): void => checkGrads(wrong, [x], { order: 1 })
    const error = thrownBy(() => forAll([tensorArbitrary({ maxRank: 1, minLength: 1 })], law, runs))
    expect(error.failure?.example).toBe('Tensor f32[] [2]')
  })

  test('says where all examples are at kinks', () => {
    const law = (_: Tensor): void => checkGrads((x: Tensor) => relu(x), [array([0])], { order: 1 })
    expect(thrownBy(() => forAll([tensorArbitrary()], law, runs)).check).toBe('too few examples')
  })

  test('takes false for broken', () => {
    const error = thrownBy(() => forAll([tensorArbitrary({ minLength: 1 })], (x) => x.rank < 2, runs))
    expect(error.failure?.example).toBe('Tensor f32[1,1] [0]')
  })
})

describe('forAllAsync', () => {
  test('waits for the law', async () => {
    const law = async (x: Tensor): Promise<boolean> => (await x.read()).size < 4
    const error: unknown = await forAllAsync([tensorArbitrary({ minLength: 1 })], law, runs).catch((e: unknown) => e)
    expect(error instanceof LawError ? error.failure?.example : error).toMatch(/^Tensor f32\[(4|2,2)\] \[0, 0, 0, 0\]$/)
    await forAllAsync([tensorArbitrary()], async (x) => expect(await x.read()).toBe(x), runs)
  })
})

test('the environment widens the search', () => {
  vi.stubEnv('COTANGENT_LAW_SEED', '7')
  vi.stubEnv('COTANGENT_LAW_RUNS', '')
  vi.stubEnv('COTANGENT_LAW_FACTOR', '3')
  expect(lawRuns(50)).toEqual({ numRuns: 150, seed: 7, includeErrorInReport: true })
  vi.stubEnv('COTANGENT_LAW_RUNS', '10000')
  vi.stubEnv('COTANGENT_LAW_PATH', '4:0')
  expect(lawRuns(50)).toEqual({ numRuns: 10_000, seed: 7, path: '4:0', includeErrorInReport: true })
  vi.unstubAllEnvs()
})
