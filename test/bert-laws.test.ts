import {
  add,
  array,
  concat,
  countFlops,
  evalIR,
  grad,
  key,
  makeIR,
  mul,
  normal,
  prepareIR,
  reshape,
  scalar,
  slice,
  split,
  sub,
  type Tensor,
  take,
  treeEntries,
  treeMap,
  zeros,
} from '@cotangent/core'
import { combine, type LowRank, mergeAdapters, partition, type Weight, withoutAdapters } from '@cotangent/nn'
import {
  type BertClassifierParams,
  type BertInputs,
  bertClassify,
  bertConfig,
  bertMaskedWords,
  classificationLoss,
  initBert,
  maskedWordsLoss,
  nameOfPath,
} from '@cotangent/transformer'
import { describe, expect, it } from 'vitest'
import { scaledError } from './support/fixtures.js'
import { rowsWhere } from './support/masked.js'

const config = bertConfig({
  vocab_size: 50,
  hidden_size: 16,
  num_hidden_layers: 2,
  num_attention_heads: 2,
  intermediate_size: 24,
  max_position_embeddings: 12,
  num_labels: 3,
  initializer_range: 0.3,
})
const params = initBert(key(1), config, 'classify')
const inputs: BertInputs = {
  inputIds: array(
    [
      [2, 7, 9, 3, 0],
      [2, 11, 3, 0, 0],
      [2, 12, 13, 14, 3],
    ],
    'i32',
  ),
  attentionMask: array(
    [
      [1, 1, 1, 1, 0],
      [1, 1, 1, 0, 0],
      [1, 1, 1, 1, 1],
    ],
    'i32',
  ),
}
const labels = array([0, 2, 1], 'i32')

/** The ids with other tokens and more of them on the padding. */
const padded = (more: number, filler: number): BertInputs => {
  const [batch = 0] = inputs.inputIds.shape
  const fill = (x: Tensor, value: number): Tensor => concat([x, add(zeros([batch, more], 'i32'), value)], 1)
  const ids = add(inputs.inputIds, mul(sub(1, inputs.attentionMask), filler))
  return { inputIds: fill(ids, filler), attentionMask: fill(inputs.attentionMask, 0) }
}

/** The query and value weights in low-rank form, everything else as it is. */
const adapted = (tree: BertClassifierParams, form: (base: Tensor, seed: number) => Weight): BertClassifierParams => ({
  ...tree,
  bert: {
    ...tree.bert,
    encoder: {
      layer: tree.bert.encoder.layer.map((layer, i) => {
        const { self } = layer.attention
        const of = (weight: Weight, seed: number): Weight => ('base' in weight ? weight : form(weight, seed))
        return {
          ...layer,
          attention: {
            ...layer.attention,
            self: {
              ...self,
              query: { ...self.query, weight: of(self.query.weight, 2 * i) },
              value: { ...self.value, weight: of(self.value.weight, 2 * i + 1) },
            },
          },
        }
      }),
    },
  },
})

const lowRank = (base: Tensor, seed: number): LowRank => {
  const [ka, kb] = split(key(100 + seed))
  const [out = 0, inside = 0] = base.shape
  const draw = (k: Tensor | undefined, shape: readonly number[]): Tensor =>
    k ? mul(normal(k, shape), 0.3) : zeros(shape)
  return { base, a: draw(ka, [2, inside]), b: draw(kb, [out, 2]), scale: scalar(1.5) }
}

const logitsOf = (tree: BertClassifierParams, batch: BertInputs = inputs): Tensor =>
  bertClassify(config, tree, batch).logits

describe('padding', () => {
  it.each([
    [0, 7],
    [4, 0],
    [7, 20],
  ])('%d positions more, filled with token %d, change nothing', (more, filler) => {
    const [plain, filled] = [bertClassify(config, params, inputs), bertClassify(config, params, padded(more, filler))]
    expect(scaledError(filled.logits, plain.logits)).toBeLessThan(1e-5)
    const states = slice(filled.lastHiddenState, [0, 0, 0], [3, 5, 16])
    const mask = inputs.attentionMask
    expect(scaledError(rowsWhere(mask, states), rowsWhere(mask, plain.lastHiddenState))).toBeLessThan(1e-5)
  })

  it('rows of a batch do not see each other', () => {
    const order = array([2, 0, 1], 'i32')
    const permuted = {
      inputIds: take(inputs.inputIds, order),
      attentionMask: take(inputs.attentionMask, order),
    }
    expect(scaledError(logitsOf(params, permuted), take(logitsOf(params), order))).toBeLessThan(1e-6)
  })

  it('a row longer than the table of positions is refused', () => {
    expect(() => logitsOf(params, padded(8, 0))).toThrowErrorMatchingInlineSnapshot(`
      [ShapeError: BERT: inputIds must be [batch, seq] with seq at most 12 (max_position_embeddings).
        received  inputIds i32[3,13]
        to do     cut longer texts when encoding them]
    `)
  })

  it('token types of 0 are the same as none', () => {
    const typed = { ...inputs, tokenTypeIds: zeros([3, 5], 'i32') }
    expect(scaledError(logitsOf(params, typed), logitsOf(params))).toBeLessThan(1e-6)
  })
})

describe('dropout', () => {
  const drop = (seed: number, rates: Partial<typeof config> = {}): Tensor =>
    bertClassify({ ...config, ...rates }, params, inputs, { key: key(seed) }).logits
  const none = { hidden_dropout_prob: 0, attention_probs_dropout_prob: 0 }

  it('same key, same logits; another key, others', () => {
    expect(drop(0).data).toEqual(drop(0).data)
    expect(drop(0).data).not.toEqual(drop(1).data)
  })

  it('no key or no rate is evaluation', () => {
    expect(bertClassify(config, params, inputs, { key: null }).logits.data).toEqual(logitsOf(params).data)
    expect(drop(0, none).data).toEqual(logitsOf(params).data)
  })

  it.each([{ hidden_dropout_prob: 0.3 }, { attention_probs_dropout_prob: 0.3 }, { classifier_dropout: 0.3 }])(
    'is where the configuration says: %o',
    (rate) => {
      expect(drop(0, { ...none, ...rate }).data).not.toEqual(logitsOf(params).data)
    },
  )

  it('the average over keys comes near to the logits', () => {
    const only = { ...none, classifier_dropout: 0.3 }
    const runs = Array.from({ length: 200 }, (_, seed) => drop(seed, only))
    const average = mul(runs.reduce(add), 1 / 200)
    expect(scaledError(average, logitsOf(params))).toBeLessThan(0.15) // the head is linear, so only sampling differs
  })

  it('adapters have their own', () => {
    const student = adapted(params, lowRank)
    const run = (seed: number, adapterDropout: number): Tensor =>
      bertClassify({ ...config, ...none }, student, inputs, { key: key(seed), adapterDropout }).logits
    expect(run(0, 0.5).data).toEqual(run(0, 0.5).data)
    expect(run(0, 0.5).data).not.toEqual(run(1, 0.5).data)
    expect(run(0, 0).data).toEqual(logitsOf(student).data)
    expect(scaledError(run(0, 1), logitsOf(params))).toBeLessThan(1e-6)
  })
})

describe('adapters', () => {
  it('with b = 0 give the logits of the base bit for bit', () => {
    const fresh = adapted(params, (base, seed) => ({ ...lowRank(base, seed), b: zeros([16, 2]) }))
    expect(logitsOf(fresh).data).toEqual(logitsOf(params).data)
  })

  it('give what the merged weights give', () => {
    const student = adapted(params, lowRank)
    expect(scaledError(logitsOf(student), logitsOf(mergeAdapters(student)))).toBeLessThan(2e-5)
    expect(scaledError(logitsOf(student), logitsOf(params))).toBeGreaterThan(0.01)
  })

  it('left out, they give the teacher, exactly', () => {
    const student = adapted(params, lowRank)
    expect(logitsOf(withoutAdapters(student)).data).toEqual(logitsOf(params).data)
  })

  it('that started away from zero begin at the teacher', () => {
    const student = adapted(params, (base, seed) => {
      const { a, b, scale } = lowRank(base, seed)
      return { base, a, b, scale, a0: a, b0: b }
    })
    expect(scaledError(logitsOf(student), logitsOf(params))).toBeLessThan(1e-5)
  })

  const student = adapted(params, lowRank)
  const [trained, frozen] = partition(student, (path) => /\.weight\.[ab]$|^classifier/.test(path))
  const loss = (part: typeof trained, batch: BertInputs): Tensor =>
    classificationLoss(config, bertClassify(config, combine(part, frozen), batch).logits, labels)

  it('train alone: gradients have their names and agree with those of the whole', () => {
    const slopes = treeEntries(grad(loss)(trained, inputs))
    expect(slopes.map(([path]) => nameOfPath(path))).toEqual(treeEntries(trained).map(([path]) => nameOfPath(path)))
    expect(slopes).toHaveLength(10)
    const all = new Map(
      treeEntries(
        grad((p: BertClassifierParams) => classificationLoss(config, bertClassify(config, p, inputs).logits, labels))(
          student,
        ),
      ),
    )
    for (const [path, slope] of slopes) expect(scaledError(slope, all.get(path) ?? zeros([])), path).toBeLessThan(1e-6)
  })

  it('cost no gradient work for the base', () => {
    const flops = (f: (...args: never[]) => unknown, ...args: unknown[]): number =>
      countFlops(prepareIR(makeIR(f as (...xs: unknown[]) => unknown)(...args), () => true))
    const forward = flops((batch: BertInputs) => logitsOf(params, batch), inputs)
    const adapterStep = flops(grad(loss), trained, inputs)
    const fullStep = flops(
      grad((p: BertClassifierParams, batch: BertInputs) =>
        classificationLoss(config, bertClassify(config, p, batch).logits, labels),
      ),
      params,
      inputs,
    )
    // forward and the gradient through activations, not that of the frozen weights
    expect(adapterStep / forward).toBeLessThan(2.5)
    expect(fullStep / forward).toBeGreaterThan(2.5)
  })

  it('have the gradient of central differences', () => {
    const program = makeIR(loss)(trained, inputs)
    const slope = evalIR(makeIR(grad(loss))(trained, inputs), [trained, inputs], { floats: 'f64' })
    const eps = 1e-3 // exact in f32 weights of this size up to 1e-8, and evaluated in f64
    for (const wanted of ['bert.encoder.layer[0].attention.self.query.weight.a', 'classifier.bias']) {
      const nudged = (sign: number): number => {
        let at = -1
        const paths = treeEntries(trained).map(([path]) => path)
        const moved = treeMap((x) => {
          at += 1
          if (paths[at] !== wanted) return x
          return add(x, reshape(concat([array([sign * eps]), zeros([x.size - 1])]), x.shape))
        }, trained)
        return evalIR(program, [moved, inputs], { floats: 'f64' }).item()
      }
      const expected = (nudged(1) - nudged(-1)) / (2 * eps)
      const ours = new Map(treeEntries(slope)).get(wanted)?.data[0] ?? Number.NaN
      expect(Math.abs(ours - expected), wanted).toBeLessThan(1e-4 * Math.max(1, Math.abs(expected)))
    }
  })
})

describe('masked words', () => {
  const words = initBert(key(2), config, 'maskedWords')
  const places = array([1, 6, 14], 'i32')
  const targets = array([8, 10, 4], 'i32')

  it('at positions asked for are those of all', () => {
    const all = bertMaskedWords(config, words, inputs).logits
    const some = bertMaskedWords(config, words, inputs, { positions: places }).logits
    expect(all.shape).toEqual([3, 5, 50])
    expect(scaledError(some, take(reshape(all, [15, 50]), places))).toBeLessThan(1e-6)
  })

  it('have the same loss and gradient either way', () => {
    const dense = Array.from({ length: 15 }, (_, i) => {
      const at = [...places.data].indexOf(i)
      return at < 0 ? -100 : (targets.data[at] ?? -100)
    })
    const everywhere = (p: typeof words): Tensor =>
      maskedWordsLoss(bertMaskedWords(config, p, inputs).logits, reshape(array(dense, 'i32'), [3, 5]))
    const there = (p: typeof words): Tensor =>
      maskedWordsLoss(bertMaskedWords(config, p, inputs, { positions: places }).logits, targets)
    expect(there(words).item()).toBeCloseTo(everywhere(words).item(), 5)
    const slopes = new Map(treeEntries(grad(everywhere)(words)))
    const largest = Math.max(...[...slopes.values()].flatMap((slope) => [...slope.data].map(Math.abs)))
    for (const [path, slope] of treeEntries(grad(there)(words))) {
      const difference = sub(slope, slopes.get(path) ?? zeros([]))
      expect(Math.max(...[...difference.data].map(Math.abs)) / largest, path).toBeLessThan(1e-5)
    }
  })
})
