import { baLoraSettings } from '@cotangent/experiment'
import { describe, expect, test } from 'vitest'
import { labSettings } from '../settings.js'
import { lastPosition, positionOf, weightAt } from './weightScale.js'

const positions = Array.from({ length: lastPosition + 1 }, (_, i) => i)

describe('the scale of the sliders', () => {
  test('every place has a weight of its own, which leads back to it', () => {
    expect(positions.map((at) => positionOf(weightAt(at)))).toEqual(positions)
  })

  test('weights rise from 0 to 10, by a tenth of a decade in two places', () => {
    expect([weightAt(0), weightAt(lastPosition)]).toEqual([0, 10])
    for (const at of positions.slice(1, -2)) {
      const factor = weightAt(at + 2) / weightAt(at) / 10 ** 0.1
      // two numbers of three digits: half of the last one each
      expect(Math.abs(factor - 1)).toBeLessThanOrEqual(0.01)
    }
  })

  test('the study’s weights are on it', () => {
    const { lambda1, lambda2, lambda3 } = baLoraSettings(labSettings)
    for (const weight of [lambda1, lambda2, lambda3]) expect(weightAt(positionOf(weight))).toBe(weight)
  })

  test('what is beyond an end is at the end; a weight below the smallest is not 0', () => {
    expect([positionOf(-1), positionOf(1e9), positionOf(1e-9)]).toEqual([0, lastPosition, 1])
  })
})
