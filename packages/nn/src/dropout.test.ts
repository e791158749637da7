import { array, grad, key, mean, ones, sum, type Tensor } from '@cotangent/core'
import { describe, expect, it } from 'vitest'
import { dropout } from './dropout.js'

describe('dropout', () => {
  const x = ones([100, 100])

  it('drops the share asked for and keeps the mean', () => {
    const y = dropout(key(0), 0.2, x)
    expect(new Set(y.data)).toEqual(new Set([0, Math.fround(1 / 0.8)]))
    const dropped = [...y.data].filter((value) => value === 0).length / y.size
    expect(Math.abs(dropped - 0.2)).toBeLessThan(0.02) // five standard deviations of 10,000 draws
    expect(Math.abs(mean(y).item() - 1)).toBeLessThan(0.025)
  })

  it('same key, same places; another key, others; no key, none', () => {
    expect(dropout(key(0), 0.5, x).data).toEqual(dropout(key(0), 0.5, x).data)
    expect(dropout(key(0), 0.5, x).data).not.toEqual(dropout(key(1), 0.5, x).data)
    expect(dropout(null, 0.5, x)).toBe(x)
    expect(dropout(key(0), 0, x)).toBe(x)
    expect(sum(dropout(key(0), 1, x)).item()).toBe(0)
  })

  it('has the derivative of its factors', () => {
    const y = dropout(key(2), 0.3, x)
    expect(grad((t: Tensor) => sum(dropout(key(2), 0.3, t)))(x).data).toEqual(y.data)
  })

  it('keeps f64', () => {
    expect(dropout(key(0), 0.5, array([1, 2], 'f64')).dtype).toBe('f64')
  })

  it('refuses what is no probability', () => {
    expect(() => dropout(key(0), 1.5, x)).toThrowErrorMatchingInlineSnapshot(`
      [ArgumentError: dropout: the rate must be a probability, from 0 to 1.
        received  1.5
        to do     give the share of elements to drop, such as 0.1]
    `)
    expect(() => dropout(key(0), Number.NaN, x)).toThrow('from 0 to 1')
  })
})
