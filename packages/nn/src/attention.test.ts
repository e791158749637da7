import {
  add,
  array,
  evalIR,
  grad,
  key,
  makeIR,
  mean,
  mul,
  normal,
  slice,
  split,
  sum,
  type Tensor,
  take,
} from '@cotangent/core'
import { checkGrads } from '@cotangent/testing'
import { describe, expect, it } from 'vitest'
import { attention, causalMask, maskBias } from './attention.js'

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

describe('attention with fewer heads of keys and values', () => {
  const [query, shared, values] = split(key(6), 3).map((one, i) => normal(one, [2, 4, i === 0 ? 6 : 2, 8])) as [
    Tensor,
    Tensor,
    Tensor,
  ]
  const bias = maskBias(
    array(
      [
        [1, 1, 1, 0],
        [1, 0, 1, 1],
      ],
      'i32',
    ),
    'f32',
  )
  /** Each head of keys for three heads of queries in a row. */
  const repeated = (x: Tensor): Tensor => take(x, array([0, 0, 0, 1, 1, 1], 'i32'), 2)
  const weights = normal(key(9), [2, 4, 6, 8])
  type Three = readonly [Tensor, Tensor, Tensor]
  const total = ([a, b, c]: Three): Tensor => sum(mul(attention(a, b, c, { bias }), weights))

  it('is attention with each of them repeated, gradients too', () => {
    const y = attention(query, shared, values, { bias })
    const plain = attention(query, repeated(shared), repeated(values), { bias })
    expect(y.shape).toEqual([2, 4, 6, 8])
    for (const [i, value] of plain.data.entries())
      expect(Math.abs(value - (y.data[i] ?? Number.NaN))).toBeLessThan(1e-6)
    const ours = grad(total)([query, shared, values])
    const theirs = grad(([a, b, c]: Three) => total([a, repeated(b), repeated(c)]))([query, shared, values])
    for (const [i, slope] of theirs.entries()) {
      const largest = Math.max(...[...slope.data].map(Math.abs))
      for (const [at, value] of slope.data.entries()) {
        expect(Math.abs(value - (ours[i]?.data[at] ?? Number.NaN)) / largest).toBeLessThan(1e-6)
      }
    }
  })

  it('has the gradient of central differences', () => {
    checkGrads((a: Tensor, b: Tensor, c: Tensor) => attention(a, b, c, { bias }), [query, shared, values])
  })

  it('needs heads that go round', () => {
    expect(() => attention(query, slice(q, [0, 0, 0, 0], [2, 4, 3, 8]), values)).toThrowErrorMatchingInlineSnapshot(`
      [ShapeError: attention: the heads of key and value (axis 2) must be as many, and divide those of query.
        received  query f32[2,4,6,8], key f32[2,4,3,8], value f32[2,4,2,8]
        to do     split features into heads: [batch, positions, heads, headDim]]
    `)
    expect(() => attention(slice(query, [0, 0, 0, 0], [2, 4, 5, 8]), shared, values)).toThrow('divide those of query')
  })
})

describe('causalMask', () => {
  const padded = array(
    [
      [1, 1, 1, 0],
      [0, 1, 1, 1],
    ],
    'i32',
  )

  it('shows itself and what is before, but no padding', () => {
    expect(causalMask(padded).toArray()).toEqual(
      [
        [
          [1, 0, 0, 0],
          [1, 1, 0, 0],
          [1, 1, 1, 0],
          [1, 1, 1, 0],
        ],
        [
          [0, 0, 0, 0],
          [0, 1, 0, 0],
          [0, 1, 1, 0],
          [0, 1, 1, 1],
        ],
      ].map((row) => row.map((places) => places.map((place) => place === 1))),
    )
    expect(maskBias(causalMask(padded), 'f32').shape).toEqual([2, 1, 4, 4])
    expect(() => causalMask(array([1], 'i32'))).toThrowErrorMatchingInlineSnapshot(`
      [ShapeError: causalMask: the mask must be [batch, seq].
        received  mask i32[1]
        to do     give one row of the mask per example]
    `)
    expect(() => maskBias(array([1], 'i32'), 'f32')).toThrowErrorMatchingInlineSnapshot(`
      [ShapeError: maskBias: the mask must be [batch, keys] or [batch, seq, keys].
        received  mask i32[1]
        to do     give one row of the mask per example]
    `)
  })

  it('makes attention that does not see what comes after, exactly', () => {
    const bias = maskBias(causalMask(padded), 'f32')
    const run = (a: Tensor, b: Tensor): Tensor => attention(q, a, b, { bias })
    const changed = (x: Tensor): Tensor =>
      add(x, mul(normal(key(8), [2, 1, 3, 8]), array([[[[0]], [[0]], [[0]], [[50]]]])))
    const [before, after] = [run(k, v), run(changed(k), changed(v))]
    const first = (y: Tensor): Tensor => slice(y, [0, 1, 0, 0], [2, 3, 3, 8])
    expect(first(after).data).toEqual(first(before).data)
    expect(slice(after, [1, 3, 0, 0], [2, 4, 3, 8]).data).not.toEqual(slice(before, [1, 3, 0, 0], [2, 4, 3, 8]).data)
  })

  it('leaves a position that sees nothing finite, its gradient too', () => {
    const bias = maskBias(causalMask(padded), 'f32')
    const slopes = grad(([a, b, c]: readonly [Tensor, Tensor, Tensor]) => sum(attention(a, b, c, { bias })))([q, k, v])
    for (const x of [attention(q, k, v, { bias }), ...slopes]) expect([...x.data].every(Number.isFinite)).toBe(true)
  })
})
