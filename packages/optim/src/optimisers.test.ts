import { ArgumentError, array, evalIR, makeIR, mul, scalar, type Tensor } from '@cotangent/core'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { adam, adamw, applyUpdates, chain, clipByGlobalNorm, globalNorm, momentum, scaleByAdam, sgd } from './index.js'

const values = fc.array(fc.double({ min: -8, max: 8, noNaN: true }), { minLength: 1, maxLength: 8 })
const runs = { numRuns: 100, seed: 1 }

const firstStep = (
  optimiser: { init(p: unknown): unknown; update(g: Tensor, s: never, p: Tensor): readonly [Tensor, unknown] },
  gradient: Tensor,
  params: Tensor,
): number[] => {
  const state = optimiser.init(params)
  const program = makeIR((g: Tensor, p: Tensor) => optimiser.update(g, state as never, p)[0])
  return Array.from(evalIR(program(gradient, params), [gradient, params], { floats: 'f64' }).data)
}

describe('AdamW', () => {
  it('steps by the rate against the sign of the gradient first', () => {
    fc.assert(
      fc.property(values, (g) => {
        const step = firstStep(adamw({ learningRate: 0.1, epsilon: 1e-30 }), array(g, 'f64'), array(g, 'f64'))
        for (const [i, x] of g.entries()) if (Math.abs(x) > 1e-6) expect(step[i]).toBeCloseTo(-0.1 * Math.sign(x), 6)
      }),
      runs,
    )
  })

  it('only decays the weights where the gradient is 0, and there only those of its mask', () => {
    const [zero, w] = [array([0, 0]), array([2, -3])]
    const [decayed, kept] = [() => true, () => false].map((decays) =>
      firstStep(adamw({ learningRate: 0.1, weightDecay: 0.5, decays }), zero, w),
    )
    expect(decayed?.[0]).toBeCloseTo(-0.1, 6)
    expect(decayed?.[1]).toBeCloseTo(0.15, 6)
    expect(kept?.map(Math.abs)).toEqual([0, 0])
  })

  it('corrects its bias to the last digits of f32 in step 1', () => {
    const optimiser = scaleByAdam({ epsilon: 0 })
    const g = array([0.3])
    const [direction] = optimiser.update(g, optimiser.init(g), g)
    expect(Math.abs(direction.item() - 1)).toBeLessThan(3e-7)
  })
})

describe('clipping', () => {
  it('leaves what is short and shortens the rest to the bound', () => {
    fc.assert(
      fc.property(values, fc.double({ min: 0.1, max: 10, noNaN: true }), (g, bound) => {
        const x = { a: array(g, 'f64'), b: null }
        const [clipped] = clipByGlobalNorm(bound).update(x, null, x)
        const [before, after] = [globalNorm(x).item(), globalNorm(clipped).item()]
        if (before < bound - 1e-5) expect(after).toBe(before)
        else expect(after).toBeLessThanOrEqual(bound)
      }),
      runs,
    )
  })
})

it('a chain hands updates on and keeps each state', () => {
  const optimiser = chain(momentum(0.5), sgd({ learningRate: 1 }))
  const w = scalar(0)
  const [first, state] = optimiser.update(scalar(2), optimiser.init(w), w)
  const [second] = optimiser.update(scalar(2), state, w)
  expect([first.item(), second.item()]).toEqual([-2, -3])
  expect(applyUpdates(w, mul(second, 2)).item()).toBe(-6)
})

describe('settings that cannot be meant are refused', () => {
  it.each([
    [() => clipByGlobalNorm(0), 'clipByGlobalNorm: maxNorm must be a number above 0.\n  received  maxNorm 0'],
    [() => adam({ learningRate: 1, beta2: 1 }), 'scaleByAdam: beta2 must be in [0, 1).'],
    [() => adamw({ learningRate: -1 }), 'scaleByLearningRate: rate must be a number of at least 0.'],
    [() => sgd({ learningRate: 1, weightDecay: Number.NaN }), 'addDecayedWeights: rate must be'],
  ])('%s', (make, message) => {
    expect(make).toThrow(ArgumentError)
    expect(make).toThrow(message)
  })
})
