import { fc, test } from '@fast-check/vitest'
import { describe, expect, it } from 'vitest'
import { knownMethods, type StudyMethod } from './methods.js'
import { defaultSettings, withSettings } from './settings.js'
import { bestTrial, ratios, trialsOf } from './tune.js'

const settings = withSettings(defaultSettings, {
  tuning: { trials: 4, fullRates: [1e-4, 8e-4], adapterRates: [1e-3, 8e-3], lambdaFactors: [0.1, 10] },
})
const methods: readonly StudyMethod[] = [...knownMethods(settings).values()]
const ascending = (xs: readonly number[]): readonly number[] => [...xs].sort((a, b) => a - b)

describe('ratios', () => {
  it('gives both ends and equal ratios between; the geometric mean for one', () => {
    const [a = 0, b = 0, c = 0, ...more] = ratios([1, 100], 3)
    expect(more).toEqual([])
    expect([a, c]).toEqual([1, 100])
    expect(b).toBeCloseTo(10, 12)
    expect(ratios([1, 100], 1)).toEqual([10])
    expect(ratios([3, 3], 3)).toEqual([3, 3, 3])
  })
})

describe('trialsOf', () => {
  it('gives every method the same number of trials', () => {
    expect(methods.map((method) => trialsOf(method, settings).length)).toEqual([4, 4, 4, 4])
  })

  it('tries rates of its own for full fine-tuning and for adapters, and no factor without regularisers', () => {
    const [full, lora, pissa] = methods.map((method) => trialsOf(method, settings))
    expect(full).toEqual([1e-4, 2e-4, 4e-4, 8e-4].map((rate) => ({ rate, lambda: 1 })))
    expect(lora).toEqual([1e-3, 2e-3, 4e-3, 8e-3].map((rate) => ({ rate, lambda: 1 })))
    expect(pissa).toEqual(lora)
  })

  test.prop([fc.integer({ min: 0, max: 1000 }), fc.integer({ min: 1, max: 9 })], { seed: 1, numRuns: 30 })(
    'tries each rate and each factor once, where both are tuned',
    (seed, trials) => {
      const own = withSettings(settings, { seed, tuning: { trials } })
      const baLora = methods.find(({ name }) => name === 'ba-lora')
      const tried = baLora === undefined ? [] : trialsOf(baLora, own)
      const tidy = (xs: readonly number[]): readonly number[] => xs.map((x) => Number(x.toPrecision(3)))
      expect(tried.map(({ rate }) => rate)).toEqual(tidy(ratios(own.tuning.adapterRates, trials)))
      expect(ascending(tried.map(({ lambda }) => lambda))).toEqual(tidy(ratios(own.tuning.lambdaFactors, trials)))
    },
  )

  it('pairs them by the seed: the same again for the same, other pairs for another', () => {
    const baLora = methods.filter(({ regularised }) => regularised)
    const pairs = (seed: number) => baLora.map((method) => trialsOf(method, withSettings(settings, { seed })))
    expect(pairs(3)).toEqual(pairs(3))
    expect(new Set([0, 1, 2, 3, 4, 5].map((seed) => JSON.stringify(pairs(seed)))).size).toBeGreaterThan(1)
  })
})

describe('bestTrial', () => {
  const trials = [1, 2, 3].map((rate) => ({ rate, lambda: 1 }))

  it('takes the highest score, the first of equal ones', () => {
    expect(bestTrial(trials, [0.1, 0.5, 0.3])).toBe(trials[1])
    expect(bestTrial(trials, [0.5, 0.5, 0.3])).toBe(trials[0])
    expect(bestTrial(trials, [-2, -1, -3])).toBe(trials[1])
  })
})
