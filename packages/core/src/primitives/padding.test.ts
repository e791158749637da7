/* Padding against the same thing said element by element, and its gradients against differences. */
import { checkGrads } from '@cotangent/testing'
import { describe, expect, test } from 'vitest'
import { key, normal } from '../random/random.js'
import { array, type Tensor } from '../tensor.js'
import { ones } from './broadcast.js'
import { padWith } from './padding.js'
import { slice } from './sequence.js'

const x = normal(key(3), [2, 3])
const modes = ['reflect', 'replicate', 'circular', -1.5] as const

describe('padWith', () => {
  test.each([
    ['reflect', [3, 2, 1, 2, 3, 2, 1, 2, 3]],
    ['replicate', [1, 1, 1, 2, 3, 3, 3, 3, 3]],
    ['circular', [2, 3, 1, 2, 3, 1, 2, 3, 1]],
    [9, [9, 9, 1, 2, 3, 9, 9, 9, 9]],
  ] as const)('%s, with more than the axis holds', (mode, expected) => {
    expect(padWith(array([1, 2, 3]), [2], [4], mode).toArray()).toEqual(expected)
  })

  test.each(modes)('%s: axes do not depend on each other', (mode) => {
    const both = padWith(x, [1, 2], [2, 0], mode)
    expect(both.shape).toEqual([5, 5])
    const rows = padWith(x, [0, 2], [0, 0], mode)
    expect(slice(both, [1, 0], [3, 5]).toArray()).toEqual(rows.toArray())
    expect(both.toArray()).toEqual(padWith(padWith(x, [1, 0], [2, 0], mode), [0, 2], [0, 0], mode).toArray())
  })

  test.each(modes)('%s: a single element, truth values and whole numbers', (mode) => {
    const around = typeof mode === 'number' ? mode : 4
    expect(padWith(array([4]), [1], [2], mode).toArray()).toEqual([around, 4, around, around])
    expect(padWith(array([4], 'i32'), [1], [0], typeof mode === 'number' ? 7 : mode).dtype).toBe('i32')
    expect(padWith(array([true]), [1], [0], typeof mode === 'number' ? 1 : mode).toArray()).toEqual([true, true])
  })

  test('a number leaves the elements as they are, however large it is', () => {
    expect(padWith(array([1e-30]), [1], [0], Number.POSITIVE_INFINITY).toArray()).toEqual([
      Number.POSITIVE_INFINITY,
      array([1e-30]).item(),
    ])
    expect(padWith(ones([0]), [1], [1], 2).toArray()).toEqual([2, 2])
  })

  test.each(modes)('%s: has the derivative of central differences', (mode) => {
    checkGrads((z: Tensor) => padWith(z, [1, 4], [2, 3], mode), [x])
  })
})
