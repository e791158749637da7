import { fc, test } from '@fast-check/vitest'
import { describe, expect, it } from 'vitest'
import { epochOrder, seedOf, streamOf } from './order.js'

describe('seedOf', () => {
  it('is a whole number of 32 bits, the same for the same name', () => {
    const seed = seedOf(0, 'fine-tuning', 'order', 3)
    expect(Number.isInteger(seed) && seed >= 0 && seed < 2 ** 32).toBe(true)
    expect(seedOf(0, 'fine-tuning', 'order', 3)).toBe(seed)
  })

  it('differs in every part, and parts do not run together', () => {
    const names = [['a', 1], ['a', 2], ['b', 1], [1, 'a'], ['a1'], ['a', 1, ''], ['a', 11], ['a1', 1]]
    expect(new Set(names.map((parts) => seedOf(...parts))).size).toBe(names.length)
  })
})

describe('epochOrder', () => {
  const whole = fc.integer({ min: 1, max: 40 })

  test.prop([whole, fc.integer({ min: 1, max: 12 }), fc.integer({ min: 0, max: 4 }), fc.nat()], {
    seed: 1,
    numRuns: 60,
  })('every epoch sees every row once, in batches of one size', (rows, batch, epochs, seed) => {
    const steps = epochOrder(rows, batch, epochs, streamOf(seed))
    const perEpoch = Math.ceil(rows / batch)
    expect(steps).toHaveLength(perEpoch * epochs)
    for (const step of steps) expect(step).toHaveLength(batch)
    for (let epoch = 0; epoch < epochs; epoch++) {
      const seen = steps.slice(epoch * perEpoch, (epoch + 1) * perEpoch).flat()
      expect(seen.indexOf(-1) === -1 ? rows : seen.indexOf(-1)).toBe(rows) // filler only at the end
      expect(seen.slice(0, rows).sort((a, b) => a - b)).toEqual(Array.from({ length: rows }, (_, i) => i))
    }
  })

  it('orders epochs differently, and the same again from the same stream', () => {
    const order = () => epochOrder(50, 50, 2, streamOf('here'))
    const [first, second] = order()
    expect(first).not.toEqual(second)
    expect(order()).toEqual([first, second])
  })

  it('keeps to these numbers, so that a study can be run again', () => {
    expect(epochOrder(5, 3, 1, streamOf(0, 'order', 1))).toMatchInlineSnapshot(`
      [
        [
          4,
          1,
          2,
        ],
        [
          3,
          0,
          -1,
        ],
      ]
    `)
  })
})
