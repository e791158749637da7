import { array, cast, einsum, iota, key, normal, type Tensor } from '@cotangent/core'
import { checkGrads, lawRuns, tensorOf } from '@cotangent/testing'
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type RopeSettings, rope, ropeFrequencies, ropeTable } from './rope.js'

const settings: RopeSettings = { headDim: 8, theta: 10000 }
const at = (positions: readonly number[], dtype: 'f32' | 'f64' = 'f32') =>
  ropeTable(settings, array(positions, 'i32'), dtype)

/** One head at one position: [1, 1, headDim]. */
const head = tensorOf([1, 1, 8])
const turned = (x: Tensor, position: number, dtype: 'f32' | 'f64' = 'f32'): Tensor =>
  rope(cast(x, dtype), at([position], dtype))
const dot = (x: Tensor, y: Tensor): number => einsum('shd,shd->', x, y).item()

describe('ropeFrequencies', () => {
  it('fall from 1 by one factor a pair', () => {
    const frequencies = ropeFrequencies({ headDim: 6, theta: 1000 })
    for (const [i, wanted] of [1, 0.1, 0.01].entries()) expect(frequencies[i]).toBeCloseTo(wanted, 15)
    expect(frequencies).toHaveLength(3)
  })

  it('linear: all divided by the factor', () => {
    const plain = ropeFrequencies(settings)
    const scaled = ropeFrequencies({ ...settings, scaling: { kind: 'linear', factor: 4 } })
    expect(scaled).toEqual(plain.map((frequency) => frequency / 4))
  })

  it('llama3: fast ones kept, slow ones divided, a line in the number of turns between', () => {
    const [low, high, factor] = [1, 4, 8]
    const of = (turns: number): number => {
      // the first frequency is 1, so the text is 2π · turns long
      const scaling = {
        kind: 'llama3',
        factor,
        lowFrequency: low,
        highFrequency: high,
        trainedLength: 2 * Math.PI * turns,
      } as const
      return ropeFrequencies({ headDim: 2, theta: 10000, scaling })[0] ?? Number.NaN
    }
    expect([4, 5, 1000].map(of)).toEqual([1, 1, 1])
    expect([1, 0.5, 1e-6].map(of)).toEqual([1 / 8, 1 / 8, 1 / 8])
    expect(of(2.5)).toBeCloseTo((1 + 1 / 8) / 2, 15)
  })

  it('need an even number of features', () => {
    expect(() => ropeFrequencies({ headDim: 3, theta: 10000 })).toThrowErrorMatchingInlineSnapshot(`
      [ArgumentError: ropeFrequencies: headDim must be even: features turn in pairs.
        received  headDim 3
        to do     use an even number of features per head]
    `)
  })
})

describe('rope', () => {
  it('turns each pair by its angle', () => {
    const [p, x1, x2, y1, y2] = [3, 0.5, -2, 1.5, 1]
    const table = ropeTable({ headDim: 4, theta: 100 }, array([[p]], 'i32'), 'f64')
    const y = rope(cast(array([[[[x1, y1, x2, y2]]]]), 'f64'), table) // pairs (x1, x2), (y1, y2)
    const wanted = [
      x1 * Math.cos(p) - x2 * Math.sin(p),
      y1 * Math.cos(p / 10) - y2 * Math.sin(p / 10),
      x2 * Math.cos(p) + x1 * Math.sin(p),
      y2 * Math.cos(p / 10) + y1 * Math.sin(p / 10),
    ]
    for (const [i, value] of wanted.entries()) expect(y.data[i]).toBeCloseTo(value, 14)
  })

  it('keeps norms', () => {
    fc.assert(
      fc.property(head, fc.nat(100_000), (x, position) => {
        const y = turned(x, position)
        expect(Math.abs(dot(y, y) - dot(x, x))).toBeLessThan(1e-6 * Math.max(dot(x, x), 1e-30))
      }),
      lawRuns(),
    )
  })

  it('leaves position 0 as it is', () => {
    fc.assert(
      fc.property(head, (x) => {
        expect([...turned(x, 0).data].map((value) => value + 0)).toEqual([...x.data].map((value) => value + 0)) // -0 + 0 is 0
      }),
      lawRuns(),
    )
  })

  it('makes products that depend on the difference of positions alone', () => {
    const size = (x: Tensor): number => Math.sqrt(dot(x, x))
    fc.assert(
      fc.property(head, head, fc.nat(500), fc.nat(500), fc.nat(500), (q, k, i, j, shift) => {
        for (const [dtype, tolerance] of [
          ['f32', 1e-7 * Math.max(i, j, 1) + 1e-6],
          ['f64', 1e-13 * Math.max(i, j, shift, 1)],
        ] as const) {
          const [near, far] = [
            dot(turned(q, i, dtype), turned(k, j, dtype)),
            dot(turned(q, i + shift, dtype), turned(k, j + shift, dtype)),
          ]
          const bound = (tolerance + (dtype === 'f32' ? 1e-7 * shift : 0)) * Math.max(size(q) * size(k), 1e-30)
          expect(Math.abs(near - far)).toBeLessThan(bound)
        }
      }),
      lawRuns(),
    )
  })

  it('takes a position for each row, or one for all', () => {
    const x = normal(key(3), [2, 3, 2, 8])
    const rows = array(
      [
        [0, 1, 2],
        [0, 1, 2],
      ],
      'i32',
    )
    const one = rope(x, ropeTable(settings, iota(3), 'f32'))
    expect(rope(x, ropeTable(settings, rows, 'f32')).data).toEqual(one.data)
    expect(one.shape).toEqual(x.shape)
  })

  it('has the gradient of central differences', () => {
    checkGrads((x: Tensor) => rope(x, ropeTable(settings, iota(3), 'f32')), [normal(key(1), [2, 3, 2, 8])])
  })

  it('refuses a table of another headDim', () => {
    expect(() => rope(normal(key(1), [1, 2, 3, 6]), at([0, 1]))).toThrowErrorMatchingInlineSnapshot(`
      [ShapeError: rope: x must be [...batch, seq, heads, 8]: two features for each angle of the table.
        received  x f32[1,2,3,6], table f32[2,1,4]
        to do     make the table with the headDim of x]
    `)
  })
})
