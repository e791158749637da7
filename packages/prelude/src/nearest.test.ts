import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { editDistance, nearest, suggestion } from './nearest.js'

describe('nearest', () => {
  it('is a distance: symmetric, 0 only for equal words, and within the triangle of a step', () => {
    const word = fc.string({ unit: fc.constantFrom('a', 'b', 'c'), maxLength: 6 })
    fc.assert(
      fc.property(word, word, (a, b) => {
        expect(editDistance(a, b)).toBe(editDistance(b, a))
        expect(editDistance(a, b) === 0).toBe(a === b)
        expect(editDistance(`${a}x`, b)).toBeLessThanOrEqual(editDistance(a, b) + 1)
        expect(editDistance(a, b)).toBeLessThanOrEqual(Math.max(a.length, b.length))
      }),
      { seed: 4 },
    )
    expect(editDistance('kitten', 'sitting')).toBe(3)
    expect(editDistance('rank', 'rnak')).toBe(1)
  })

  it('finds the word that was meant, or none', () => {
    expect(nearest('hiden_size', ['vocab_size', 'hidden_size'])).toBe('hidden_size')
    expect(nearest('--Engin', ['--engine', '--seeds'])).toBe('--engine')
    expect(nearest('colour', ['rank', 'alpha'])).toBe(undefined)
    expect(nearest('a', ['b'])).toBe(undefined)
    expect(nearest('x'.repeat(1_000_000), ['x'])).toBe(undefined)
    expect(suggestion('onx', ['onnx', 'gpu'])).toBe('did you mean "onnx"? (known: onnx, gpu)')
    expect(suggestion('tpu9000', ['onnx'])).toBe('known: onnx')
  })
})
