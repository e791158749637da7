import { fc, test } from '@fast-check/vitest'
import { describe, expect } from 'vitest'
import { linePath } from './linePath.js'

/** The points of a path of straight lines. */
const pointsOf = (path: string): readonly (readonly [number, number])[] =>
  path
    .slice(1)
    .split('L')
    .map((point) => point.split(' ').map(Number))
    .map(([x = Number.NaN, y = Number.NaN]) => [x, y] as const)

describe('linePath', () => {
  test('nothing is no line; one value is a line across; equal values lie in the middle', () => {
    expect(linePath([], 300, 100).path).toBe('')
    expect(linePath([Number.NaN], 300, 100).path).toBe('')
    expect(linePath([5], 300, 100).path).toBe('M0 50H300')
    expect(linePath([5, 5], 300, 100).path).toBe('M0 50L300 50')
  })

  test('0 has a height only between the lowest and the highest', () => {
    expect(linePath([1, 2], 300, 100).zero).toBeNull()
    expect(linePath([-1, 1], 300, 100).zero).toBe(50)
  })

  test('what is not finite leaves its neighbours where they are', () => {
    expect(pointsOf(linePath([0, Number.POSITIVE_INFINITY, 1], 300, 100).path)).toEqual([
      [0, 97],
      [300, 3],
    ])
  })

  test.prop([fc.array(fc.double({ noNaN: true, min: -1e6, max: 1e6 }), { minLength: 2, maxLength: 50 })], { seed: 1 })(
    'is within the drawing, from left to right, higher for more',
    (values) => {
      const points = pointsOf(linePath(values, 300, 100).path)
      expect(points).toHaveLength(values.length)
      for (const [i, [x, y]] of points.entries()) {
        expect(y).toBeGreaterThanOrEqual(3)
        expect(y).toBeLessThanOrEqual(97)
        if (i > 0) expect(x).toBeGreaterThan(points[i - 1]?.[0] ?? Number.NaN)
        for (const [j, [, other]] of points.entries()) {
          // to the tenth that places are rounded to
          if ((values[i] ?? 0) > (values[j] ?? 0)) expect(y).toBeLessThanOrEqual(other + 0.1)
        }
      }
    },
  )
})
