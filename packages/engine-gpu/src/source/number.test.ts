import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { numberText } from './number.js'

test('a number is spelled so that it reads back as the f32 it is', () => {
  fc.assert(
    fc.property(fc.float({ noNaN: true, noDefaultInfinity: true }), (x) => {
      const text = numberText(x)
      expect(Object.is(x, -0) ? null : new Function(`return 1 * ${text}`)()).toBe(Object.is(x, -0) ? text : x)
    }),
    { seed: 1 },
  )
  expect(numberText(0.1)).toBe('0.10000000149011612')
  expect(numberText(-0.5)).toBe('(-0.5)')
})

test('what has no portable spelling has none', () => {
  expect([Number.NaN, Number.POSITIVE_INFINITY, 1e39, -0].map(numberText)).toEqual([null, null, null, null])
})
