import {
  add,
  array,
  grad,
  key,
  mul,
  normal,
  reshape,
  scalar,
  slice,
  split,
  type Tensor,
  take,
  treeEntries,
  vmap,
  zeros,
} from '@cotangent/core'
import {
  combine,
  isLowRank,
  type LowRank,
  mergeAdapters,
  nextTokenLoss,
  partition,
  withoutAdapters,
} from '@cotangent/nn'
import { checkGrads, lawRuns } from '@cotangent/testing'
import {
  initLlama,
  type LlamaConfig,
  type LlamaInputs,
  type LlamaParams,
  llamaConfig,
  llamaHead,
  llamaLogits,
  nameOfPath,
} from '@cotangent/transformer'
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { rowOf, scaledError } from './support/fixtures.js'

const [vocab, embed] = [40, 16]
const config = llamaConfig({
  vocab_size: vocab,
  hidden_size: embed,
  num_hidden_layers: 2,
  num_attention_heads: 4,
  num_key_value_heads: 2,
  intermediate_size: 24,
  initializer_range: 0.3,
})
const params = initLlama(key(1), config)

const logitsOf = (inputs: LlamaInputs, tree: LlamaParams = params, settings: LlamaConfig = config): Tensor =>
  llamaLogits(settings, tree, inputs).logits

/** One text without padding. */
const text = (ids: readonly number[]): LlamaInputs => ({
  inputIds: array([ids], 'i32'),
  attentionMask: array([ids.map(() => 1)], 'i32'),
})

/** Logits of some positions of the only row, [count, vocab]. */
const positions = (x: Tensor, from: number, to: number): Tensor => slice(x, [0, from, 0], [1, to, x.shape[2] ?? 0])

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

describe('the head', () => {
  const inputs = text([3, 1, 4, 1, 5])

  it('gives for some hidden states what it gives for all', () => {
    const { logits, lastHiddenState } = llamaLogits(config, params, inputs)
    expect(llamaHead(params, slice(lastHiddenState, [0, 2, 0], [1, 4, embed])).data).toEqual(
      positions(logits, 2, 4).data,
    )
  })

  it('is the table of embeddings where they are tied', () => {
    const tied = { model: params.model }
    const copied = { ...tied, lm_head: { weight: params.model.embed_tokens.weight } }
    expect(logitsOf(inputs, tied).data).toEqual(logitsOf(inputs, copied).data)
    // the table's gradient is that of both its uses
    const loss = (p: LlamaParams): Tensor => nextTokenLoss(logitsOf(inputs, p), inputs.inputIds)
    const [one, two] = [grad(loss)(tied), grad(loss)(copied)]
    const head = two.lm_head?.weight
    if (head === undefined || isLowRank(head)) throw new Error('the head is a matrix')
    expect(scaledError(one.model.embed_tokens.weight, add(two.model.embed_tokens.weight, head))).toBeLessThan(1e-6)
  })
})

describe('derivatives', () => {
  const small = llamaConfig({
    vocab_size: 5,
    hidden_size: 4,
    num_hidden_layers: 1,
    num_attention_heads: 2,
    num_key_value_heads: 1,
    head_dim: 4,
    intermediate_size: 3,
    attention_bias: true,
    mlp_bias: true,
    tie_word_embeddings: true,
    initializer_range: 0.5,
    rms_norm_eps: 0.01,
    rope_scaling: { type: 'linear', factor: 2 },
  })
  const inputIds = array(
    [
      [1, 2, 3],
      [0, 4, 1],
    ],
    'i32',
  )
  const attentionMask = array(
    [
      [1, 1, 1],
      [0, 1, 1],
    ],
    'i32',
  )
  const labels = array(
    [
      [1, 2, 3],
      [-100, -100, 1],
    ],
    'i32',
  )
  const tree = initLlama(key(3), small)
  const loss = (p: LlamaParams, ids: Tensor, mask: Tensor, targets: Tensor): Tensor =>
    nextTokenLoss(llamaLogits(small, p, { inputIds: ids, attentionMask: mask }).logits, targets)

  it('are central differences, to second order', () => {
    checkGrads((p: LlamaParams) => loss(p, inputIds, attentionMask, labels), [tree])
  })

  it('of each text by vmap are those of each text alone', () => {
    const one = (p: LlamaParams, ...row: readonly [Tensor, Tensor, Tensor]): Tensor => {
      const [ids, mask, targets] = row.map((x) => reshape(x, [1, 3])) as [Tensor, Tensor, Tensor]
      return loss(p, ids, mask, targets)
    }
    const together = vmap(grad(one), { inAxes: [null, 0, 0, 0] })(tree, inputIds, attentionMask, labels)
    for (const row of [0, 1]) {
      const alone = grad(one)(
        tree,
        ...([inputIds, attentionMask, labels].map((x) => rowOf(x, row)) as [Tensor, Tensor, Tensor]),
      )
      const mapped = new Map(treeEntries(together))
      for (const [path, slope] of treeEntries(alone)) {
        expect(scaledError(rowOf(mapped.get(path) ?? zeros([]), row), slope), path).toBeLessThan(1e-5)
      }
    }
  })
})

describe('dropout', () => {
  const inputs = text([3, 1, 4, 1, 5])
  const run = (seed: number | null, rate: number): readonly number[] => {
    const settings = { ...config, attention_dropout: rate }
    return [...llamaLogits(settings, params, inputs, { key: seed === null ? null : key(seed) }).logits.data]
  }

  it('same key, same logits; another key, others; no key or no rate, evaluation', () => {
    expect(run(0, 0.3)).toEqual(run(0, 0.3))
    expect(run(0, 0.3)).not.toEqual(run(1, 0.3))
    expect(run(null, 0.3)).toEqual([...logitsOf(inputs).data])
    expect(run(0, 0)).toEqual([...logitsOf(inputs).data])
  })
})

// ---------------------------------------------------------------- adapters

const parts = ['q_proj', 'k_proj', 'v_proj', 'o_proj', 'gate_proj', 'up_proj', 'down_proj', 'lm_head']

const lowRank = (base: Tensor, seed: number): LowRank => {
  const [ka, kb] = split(key(100 + seed))
  const [out = 0, inside = 0] = base.shape
  const draw = (k: Tensor | undefined, shape: readonly number[]): Tensor =>
    k ? mul(normal(k, shape), 0.3) : zeros(shape)
  return { base, a: draw(ka, [2, inside]), b: draw(kb, [out, 2]), scale: scalar(1.5) }
}

/** Every matrix whose name ends in one of the parts, in another form. */
const adapted = (tree: LlamaParams, form: (base: Tensor, seed: number) => LowRank, names = parts): LlamaParams => {
  let seed = 0
  const visit = (node: unknown, name: string): unknown => {
    if (typeof node !== 'object' || node === null || 'aval' in node) return node
    if (Array.isArray(node)) return node.map((item: unknown) => visit(item, name))
    return Object.fromEntries(
      Object.entries(node).map(([field, item]: [string, unknown]) => {
        if (field === 'weight' && names.includes(name)) {
          seed += 1
          return [field, form(item as Tensor, seed)] // border: these weights are matrices
        }
        return [field, visit(item, field)]
      }),
    )
  }
  return visit(tree, '') as LlamaParams // border: weights changed their form alone
}

describe('adapters on every projection', () => {
  const inputs = text([3, 1, 4, 1, 5, 9])
  const student = adapted(params, lowRank)

  it('are as many as there are matrices', () => {
    const names = treeEntries(student).map(([path]) => nameOfPath(path))
    expect(names.filter((name) => name.endsWith('.weight.a'))).toHaveLength(2 * 7 + 1)
    expect(names).toContain('model.layers.1.mlp.down_proj.weight.base')
  })

  it('with b = 0 give the logits of the base bit for bit', () => {
    const fresh = adapted(params, (base, seed) => ({ ...lowRank(base, seed), b: zeros([base.shape[0] ?? 0, 2]) }))
    expect(logitsOf(inputs, fresh).data).toEqual(logitsOf(inputs).data)
  })

  it.each(parts)('%s gives what its merged weight gives', (part) => {
    const one = adapted(params, lowRank, [part])
    expect(scaledError(logitsOf(inputs, one), logitsOf(inputs, mergeAdapters(one)))).toBeLessThan(2e-5)
    expect(scaledError(logitsOf(inputs, one), logitsOf(inputs))).toBeGreaterThan(1e-3)
  })

  it('left out, they give the teacher, exactly', () => {
    expect(logitsOf(inputs, withoutAdapters(student)).data).toEqual(logitsOf(inputs).data)
  })

  it('have dropout of their own', () => {
    const run = (seed: number, adapterDropout: number): Tensor =>
      llamaLogits(config, student, inputs, { key: key(seed), adapterDropout }).logits
    expect(run(0, 0.5).data).toEqual(run(0, 0.5).data)
    expect(run(0, 0.5).data).not.toEqual(run(1, 0.5).data)
    expect(run(0, 0).data).toEqual(logitsOf(inputs, student).data)
    expect(scaledError(run(0, 1), logitsOf(inputs))).toBeLessThan(1e-6)
  })

  it('train alone: their gradients are those of the whole', () => {
    const loss = (p: LlamaParams): Tensor => nextTokenLoss(logitsOf(inputs, p), inputs.inputIds)
    const [trained, frozen] = partition(student, (path) => /\.weight\.[ab]$/.test(path))
    const slopes = treeEntries(grad((part: typeof trained) => loss(combine(part, frozen)))(trained))
    expect(slopes).toHaveLength(2 * 15)
    const all = new Map(treeEntries(grad(loss)(student)))
    for (const [path, slope] of slopes) expect(scaledError(slope, all.get(path) ?? zeros([])), path).toBeLessThan(1e-6)
  })
})
