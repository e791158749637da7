import { array, evalIR, key, makeIR, mean, normal, split, type Tensor } from '@cotangent/core'
import { describe, expect, it } from 'vitest'
import { attention, maskBias } from './attention.js'

const [q, k, v] = split(key(5), 3).map((one) => normal(one, [2, 4, 3, 8])) as [Tensor, Tensor, Tensor]

/** One output element, by the definition, in f64. */
const direct = (mask: readonly (readonly number[])[], batch: number, i: number, head: number, d: number): number => {
  const at = (x: Tensor, position: number, feature: number): number =>
    x.data[((batch * 4 + position) * 3 + head) * 8 + feature] ?? 0
  const scores = [0, 1, 2, 3].map((j) => {
    let dot = 0
    for (let f = 0; f < 8; f++) dot += at(q, i, f) * at(k, j, f)
    return mask[batch]?.[j] === 0 ? Number.NEGATIVE_INFINITY : dot / Math.sqrt(8)
  })
  const top = Math.max(...scores)
  const weights = scores.map((s) => Math.exp(s - top))
  const total = weights.reduce((sum, w) => sum + w, 0)
  return weights.reduce((sum, w, j) => sum + (w / total) * at(v, j, d), 0)
}

describe('attention', () => {
  const mask = [
    [1, 1, 1, 0],
    [1, 0, 1, 1],
  ]

  it('is softmax(q kᵀ / √headDim) v per head, masked keys left out', () => {
    const y = attention(q, k, v, { bias: maskBias(array(mask, 'i32'), 'f32') })
    expect(y.shape).toEqual([2, 4, 3, 8])
    for (const [flat, value] of y.data.entries()) {
      const [d, head, i, batch] = [flat % 8, Math.floor(flat / 8) % 3, Math.floor(flat / 24) % 4, Math.floor(flat / 96)]
      expect(Math.abs(value - direct(mask, batch, i, head, d))).toBeLessThan(1e-6)
    }
  })

  it.each([{}, { floats: 'f64' as const }])('a row with everything masked is uniform (%o)', (options) => {
    const f = (query: Tensor, hidden: Tensor): Tensor => attention(query, k, v, { bias: maskBias(hidden, 'f32') })
    const y = evalIR(
      makeIR(f)(q, array(mask, 'i32')),
      [
        q,
        array(
          [
            [0, 0, 0, 0],
            [1, 1, 1, 1],
          ],
          'i32',
        ),
      ],
      options,
    )
    const average = mean(v, 1)
    for (let i = 0; i < 24; i++) expect(y.data[i]).toBeCloseTo(average.data[i] ?? Number.NaN, 6)
  })

  it('takes masks of any dtype, and gives the bias in that of the scores', () => {
    const bias = maskBias(array([[true, false]]), 'f64')
    expect([bias.dtype, bias.shape, [...bias.data]]).toEqual(['f64', [1, 1, 1, 2], [0, -Number.MAX_VALUE]])
    expect([...maskBias(array([[1, 0]]), 'f32').data]).toEqual([0, Math.fround(-3.4028234663852886e38)])
    expect(() => maskBias(array([[1]], 'i32'), 'i32')).toThrowErrorMatchingInlineSnapshot(`
      [DTypeError: maskBias: scores have a floating dtype (f32 or f64).
        received  i32
        to do     give the dtype of the queries]
    `)
  })

  it('drops probabilities by key', () => {
    const drop = (seed: number): Tensor => attention(q, k, v, { dropout: { rate: 0.5, key: key(seed) } })
    expect(drop(0).data).toEqual(drop(0).data)
    expect(drop(0).data).not.toEqual(drop(1).data)
    expect(attention(q, k, v, { dropout: { rate: 0.5, key: null } }).data).toEqual(attention(q, k, v).data)
  })
})
