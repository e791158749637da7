/* What a position sees: causality, padding, rotary positions, shared heads. */
import { array, grad, slice, type Tensor, take, treeEntries } from '@cotangent/core'
import { isLowRank, nextTokenLoss } from '@cotangent/nn'
import { lawRuns } from '@cotangent/testing'
import { type LlamaConfig, type LlamaInputs, type LlamaParams, llamaConfig, llamaLogits } from '@cotangent/transformer'
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { scaledError } from './support/fixtures.js'
import { config, logitsOf, params, text } from './support/smallLlama.js'

/** Logits of some positions of the only row, [count, vocab]. */
const positions = (x: Tensor, from: number, to: number): Tensor => slice(x, [0, from, 0], [1, to, x.shape[2] ?? 0])

const vocab = config.vocab_size

const tokens = (shortest: number, longest: number): fc.Arbitrary<number[]> =>
  fc.array(fc.nat(vocab - 1), { minLength: shortest, maxLength: longest })

describe('causality', () => {
  it('logits do not change with what comes after, bit for bit', () => {
    fc.assert(
      fc.property(tokens(1, 24), tokens(1, 8), tokens(8, 8), (before, one, other) => {
        const after = other.slice(0, one.length)
        const [a, b] = [logitsOf(text([...before, ...one])), logitsOf(text([...before, ...after]))]
        expect(positions(b, 0, before.length).data).toEqual(positions(a, 0, before.length).data)
      }),
      lawRuns(25),
    )
  })

  it('and only up to rounding with how much comes after', () => {
    fc.assert(
      fc.property(tokens(1, 16), tokens(1, 16), (before, after) => {
        const whole = positions(logitsOf(text([...before, ...after])), 0, before.length)
        expect(scaledError(whole, logitsOf(text(before)))).toBeLessThan(1e-5)
      }),
      lawRuns(25),
    )
  })

  it('what comes before does change them', () => {
    const [a, b] = [logitsOf(text([1, 2, 3])), logitsOf(text([4, 2, 3]))]
    for (const at of [0, 1, 2]) {
      expect(scaledError(positions(a, at, at + 1), positions(b, at, at + 1))).toBeGreaterThan(1e-3)
    }
    expect(
      scaledError(positions(logitsOf(text([2, 1, 3])), 2, 3), positions(logitsOf(text([1, 2, 3])), 2, 3)),
    ).toBeGreaterThan(1e-3)
  })
})

describe('padding', () => {
  const row = (ids: readonly number[], left: number, right: number, filler: number): LlamaInputs => {
    const fill = (count: number, value: number): number[] => new Array<number>(count).fill(value)
    return {
      inputIds: array([[...fill(left, filler), ...ids, ...fill(right, filler)]], 'i32'),
      attentionMask: array([[...fill(left, 0), ...ids.map(() => 1), ...fill(right, 0)]], 'i32'),
    }
  }
  const pads = fc.nat(20)
  const padding = [tokens(1, 20), pads, pads, fc.nat(vocab - 1)] as const

  it('left or right changes nothing, whatever token stands there', () => {
    fc.assert(
      fc.property(...padding, (ids, left, right, filler) => {
        const padded = logitsOf(row(ids, left, right, filler))
        expect(scaledError(positions(padded, left, left + ids.length), logitsOf(text(ids)))).toBeLessThan(1e-5)
      }),
      lawRuns(40),
    )
  })

  it('changes no loss and no gradient', () => {
    const loss = (p: LlamaParams, inputs: LlamaInputs, labels: Tensor): Tensor =>
      nextTokenLoss(llamaLogits(config, p, inputs).logits, labels)
    fc.assert(
      fc.property(...padding, (ids, left, right, filler) => {
        // the position in front of the first token is padding: it predicts nothing
        const labels = [
          ...new Array<number>(left).fill(-100),
          -100,
          ...ids.slice(1),
          ...new Array<number>(right).fill(-100),
        ]
        const plain = grad(loss)(params, text(ids), array([[-100, ...ids.slice(1)]], 'i32'))
        const padded = grad(loss)(params, row(ids, left, right, filler), array([labels], 'i32'))
        const largest = Math.max(...treeEntries(plain).flatMap(([, x]) => [...x.data].map(Math.abs)))
        const expected = new Map(treeEntries(plain))
        for (const [path, slope] of treeEntries(padded)) {
          const reference = expected.get(path)?.data ?? []
          const worst = Math.max(...[...slope.data].map((x, i) => Math.abs(x - (reference[i] ?? Number.NaN))))
          expect(worst, path).toBeLessThanOrEqual(1e-5 * largest)
        }
      }),
      lawRuns(8),
    )
  })

  it('alone, as in a row that fills up a batch, gives finite logits, loss and gradient', () => {
    const inputs: LlamaInputs = {
      inputIds: array(
        [
          [1, 2, 3],
          [0, 0, 0],
        ],
        'i32',
      ),
      attentionMask: array(
        [
          [1, 1, 1],
          [0, 0, 0],
        ],
        'i32',
      ),
    }
    const slopes = grad((p: LlamaParams) =>
      nextTokenLoss(
        llamaLogits(config, p, inputs).logits,
        array(
          [
            [1, 2, 3],
            [4, 5, 6],
          ],
          'i32',
        ),
      ),
    )(params)
    for (const x of [logitsOf(inputs), ...treeEntries(slopes).map(([, slope]) => slope)]) {
      expect([...x.data].every(Number.isFinite)).toBe(true)
    }
  })

  it('rows of a batch do not see each other', () => {
    const inputs: LlamaInputs = {
      inputIds: array(
        [
          [1, 2, 3, 4],
          [5, 6, 7, 0],
          [0, 0, 8, 9],
        ],
        'i32',
      ),
      attentionMask: array(
        [
          [1, 1, 1, 1],
          [1, 1, 1, 0],
          [0, 0, 1, 1],
        ],
        'i32',
      ),
    }
    const order = array([2, 0, 1], 'i32')
    const permuted = { inputIds: take(inputs.inputIds, order), attentionMask: take(inputs.attentionMask, order) }
    expect(scaledError(logitsOf(permuted), take(logitsOf(inputs), order))).toBeLessThan(1e-6)
  })
})

describe('positions', () => {
  const scalings: readonly (readonly [string, Partial<LlamaConfig>])[] = [
    ['plain', {}],
    ['linear', { rope_scaling: { type: 'linear', factor: 4 } }],
    [
      'llama3',
      {
        rope_theta: 500,
        rope_scaling: {
          rope_type: 'llama3',
          factor: 8,
          low_freq_factor: 1,
          high_freq_factor: 4,
          original_max_position_embeddings: 16,
        },
      },
    ],
  ]

  it.each(scalings)('count by their differences alone: %s', (_, more) => {
    const settings = llamaConfig({ ...config, ...more })
    fc.assert(
      fc.property(tokens(2, 12), fc.integer({ min: 1, max: 200 }), (ids, shift) => {
        const plain = text(ids)
        const positionIds = array([ids.map((_, i) => i + shift)], 'i32')
        const shifted = logitsOf({ ...plain, positionIds }, params, settings)
        expect(scaledError(shifted, logitsOf(plain, params, settings))).toBeLessThan(1e-5 * shift)
      }),
      lawRuns(15),
    )
  })

  it('are 0, 1, 2, ... unless given', () => {
    const plain = text([3, 1, 4, 1, 5])
    expect(logitsOf({ ...plain, positionIds: array([[0, 1, 2, 3, 4]], 'i32') }).data).toEqual(logitsOf(plain).data)
    const stretched = logitsOf({ ...plain, positionIds: array([[0, 2, 4, 6, 8]], 'i32') })
    expect(scaledError(stretched, logitsOf(plain))).toBeGreaterThan(1e-3)
  })

  it('scaled linearly by f, are those divided by f', () => {
    const plain = text([3, 1, 4, 1, 5])
    const settings = llamaConfig({ ...config, rope_scaling: { type: 'linear', factor: 2 } })
    const positionIds = array([[0, 2, 4, 6, 8]], 'i32')
    expect(scaledError(logitsOf({ ...plain, positionIds }, params, settings), logitsOf(plain))).toBeLessThan(1e-6)
  })

  it('may be more than the model was trained for', () => {
    const long = Array.from({ length: 70 }, (_, i) => i % vocab)
    const short = llamaConfig({ ...config, max_position_embeddings: 64 })
    expect(logitsOf(text(long), params, short).data).toEqual(logitsOf(text(long)).data)
  })
})

describe('heads of keys and values', () => {
  it('fewer of them are the same as each repeated for its group', () => {
    const repeated: LlamaParams = {
      ...params,
      model: {
        ...params.model,
        layers: params.model.layers.map((layer) => {
          const { k_proj, v_proj } = layer.self_attn
          // rows 0-3 are head 0, rows 4-7 head 1
          const rows = array([0, 1, 2, 3, 0, 1, 2, 3, 4, 5, 6, 7, 4, 5, 6, 7], 'i32')
          const twice = (part: typeof k_proj): typeof k_proj => ({
            weight: isLowRank(part.weight) ? part.weight : take(part.weight, rows),
          })
          return { ...layer, self_attn: { ...layer.self_attn, k_proj: twice(k_proj), v_proj: twice(v_proj) } }
        }),
      },
    }
    const inputs = text([3, 1, 4, 1, 5])
    const full = logitsOf(inputs, repeated, { ...config, num_key_value_heads: 4 })
    expect(scaledError(logitsOf(inputs), full)).toBeLessThan(1e-6)
  })
})
