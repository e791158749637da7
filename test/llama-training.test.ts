/* What training rests on: the head, derivatives, dropout, adapters. */
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
import { checkGrads } from '@cotangent/testing'
import { initLlama, type LlamaParams, llamaConfig, llamaHead, llamaLogits, nameOfPath } from '@cotangent/transformer'
import { describe, expect, it } from 'vitest'
import { rowOf, scaledError } from './support/fixtures.js'
import { config, logitsOf, params, text } from './support/smallLlama.js'

describe('the head', () => {
  const inputs = text([3, 1, 4, 1, 5])

  it('gives for some hidden states what it gives for all', () => {
    const { logits, lastHiddenState } = llamaLogits(config, params, inputs)
    expect(llamaHead(params, slice(lastHiddenState, [0, 2, 0], [1, 4, 16])).data).toEqual(
      slice(logits, [0, 2, 0], [1, 4, 40]).data,
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

  it('are central differences', () => {
    checkGrads((p: LlamaParams) => loss(p, inputIds, attentionMask, labels), [tree], { order: 1 })
  })

  it('of each text by vmap are those of each text alone', () => {
    const row = (x: Tensor): Tensor => reshape(x, [1, 3])
    const one = (p: LlamaParams, ids: Tensor, mask: Tensor, targets: Tensor): Tensor =>
      loss(p, row(ids), row(mask), row(targets))
    const together = vmap(grad(one), { inAxes: [null, 0, 0, 0] })(tree, inputIds, attentionMask, labels)
    const mapped = new Map(treeEntries(together))
    for (const i of [0, 1]) {
      const alone = grad(one)(tree, rowOf(inputIds, i), rowOf(attentionMask, i), rowOf(labels, i))
      for (const [path, slope] of treeEntries(alone)) {
        expect(scaledError(rowOf(mapped.get(path) ?? zeros([]), i), slope), path).toBeLessThan(1e-5)
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
