/* The laws of the schedules. t = step / steps, so that corners are met as a run meets them. */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  adaptiveWeight,
  constantSchedule,
  cosineSchedule,
  linearWarmupSchedule,
  quadraticWarmupSchedule,
  type Schedule,
  twoPhaseSchedule,
} from './schedules.js'

const runs = { numRuns: 300, seed: 1 }

/** Steps in all, and shares that fall on whole steps, as a fraction of floating-point numbers. */
const plans = fc
  .integer({ min: 1, max: 1_000_000 })
  .chain((steps) => fc.record({ steps: fc.constant(steps), w: fc.nat(steps), r: fc.nat(steps), at: fc.nat(steps) }))
  .filter(({ steps, w, r }) => w + r <= steps)

const share = fc.double({ min: 0, max: 1, noNaN: true })

describe('cosine', () => {
  it('is exactly 1 at the beginning and `lowest` at the end, falls, and stays between', () => {
    fc.assert(
      fc.property(share, plans, (lowest, { steps, at }) => {
        const schedule = cosineSchedule(lowest)
        expect([schedule(0), schedule(1)]).toEqual([1, lowest])
        const [now, next] = [schedule(at / steps), schedule(Math.min(1, (at + 1) / steps))]
        expect(now).toBeGreaterThanOrEqual(next - 2e-16)
        expect(now).toBeGreaterThanOrEqual(lowest - 2e-16)
        expect(now).toBeLessThanOrEqual(1)
      }),
      runs,
    )
    expect([cosineSchedule()(0), cosineSchedule()(1)]).toEqual([1, 0.1])
  })
})

describe('two phases', () => {
  it('are exactly 0 before w, 0 at w and 1 from w + r on, and rise between', () => {
    fc.assert(
      fc.property(plans, ({ steps, w, r, at }) => {
        const [warmup, ramp, t] = [w / steps, r / steps, at / steps]
        const schedule = twoPhaseSchedule(warmup, ramp)
        expect(schedule(warmup)).toBe(r === 0 ? 1 : 0)
        expect(schedule(warmup + ramp)).toBe(1)
        expect(schedule(1)).toBe(1)
        if (t < warmup) expect(schedule(t)).toBe(0)
        if (t >= warmup + ramp) expect(schedule(t)).toBe(1)
        if (at > w && at < w + r) {
          expect(schedule(t)).toBeCloseTo((at - w) / r, 8)
          expect(schedule((at + 1) / steps)).toBeGreaterThanOrEqual(schedule(t))
        }
      }),
      runs,
    )
    expect(twoPhaseSchedule(0.2, 0.1)(0.2 + 0.1)).toBe(1) // where (t - w) / r rounds to less
    expect(twoPhaseSchedule(0.2, 0.05)(0.25)).toBe(1)
  })
})

describe('warm-ups', () => {
  const kinds: readonly (readonly [string, (w: number) => Schedule, number])[] = [
    ['linear', linearWarmupSchedule, 1],
    ['quadratic', quadraticWarmupSchedule, 2],
  ]
  it.each(kinds)('%s: exactly 0 at the beginning, 1 from w on, rising between', (_, of, power) => {
    fc.assert(
      fc.property(plans, ({ steps, w, at }) => {
        const schedule = of(w / steps)
        expect(schedule(0)).toBe(w === 0 ? 1 : 0)
        expect([schedule(w / steps), schedule(1)]).toEqual([1, 1])
        if (at < w) expect(schedule(at / steps)).toBeCloseTo((at / w) ** power, 12)
        expect(schedule(Math.min(1, (at + 1) / steps))).toBeGreaterThanOrEqual(schedule(at / steps))
      }),
      runs,
    )
  })
})

describe('adaptive', () => {
  it('is exactly `highest` at no entropy and `lowest` at full entropy, falls with entropy, and stays between', () => {
    const positive = fc.double({ min: 0, max: 10, noNaN: true })
    fc.assert(
      fc.property(positive, positive, fc.integer({ min: 2, max: 200_000 }), share, share, (a, b, classes, x, y) => {
        const bounds = { lowest: Math.min(a, b), highest: Math.max(a, b) }
        const weight = (part: number): number => adaptiveWeight(bounds, part * Math.log(classes), classes)
        expect([weight(0), weight(1)]).toEqual([bounds.highest, bounds.lowest])
        const [more, less] = [weight(Math.min(x, y)), weight(Math.max(x, y))]
        expect(more).toBeGreaterThanOrEqual(less - 4e-15)
        expect(more).toBeLessThanOrEqual(bounds.highest + 4e-15)
        expect(less).toBeGreaterThanOrEqual(bounds.lowest - 4e-15)
      }),
      runs,
    )
    expect(adaptiveWeight({ highest: 3 }, Math.log(7), 7)).toBe(0.1 * 3)
  })
})

it('a constant is constant', () => {
  fc.assert(
    fc.property(fc.double({ noNaN: true }), share, (value, t) => constantSchedule(value)(t) === value),
    runs,
  )
})

describe('shares of a run are refused outside of [0, 1]', () => {
  it.each([-0.1, 1.1, Number.NaN])('%d', (bad) => {
    for (const make of [
      () => twoPhaseSchedule(bad, 0),
      () => twoPhaseSchedule(0, bad),
      () => linearWarmupSchedule(bad),
      () => quadraticWarmupSchedule(bad),
    ]) {
      expect(make).toThrow(/must be a share of the run, from 0 to 1\.\n {2}received {2}(warmup|ramp) /)
    }
  })
})
