/* Small programs whose state is small enough to come and go with each call. */
import {
  add,
  array,
  key,
  matmul,
  mean,
  mul,
  normal,
  sin,
  square,
  sub,
  type Tensor,
  tanh,
  treeFlatten,
  treeLeaves,
  treeUnflatten,
  valueAndGrad,
} from '@cotangent/core'
import { bertClassify, bertConfig, initBert } from '@cotangent/transformer'

/** A step: what it takes, by how it lives, and what it gives. */
export interface SmallProgram {
  readonly name: string
  /** Goes in and comes out again, changed. */
  readonly state: readonly Tensor[]
  /** Is the same in every call. */
  readonly frozen: readonly Tensor[]
  /** Is new in every call. */
  readonly batch: readonly Tensor[]
  /** The new state, then what is read. */
  readonly run: (state: readonly Tensor[], frozen: readonly Tensor[], batch: readonly Tensor[]) => readonly Tensor[]
}

/** x into tanh(x + 0.1 sin x), five times, on 1,000 numbers: fusion makes one kernel of it. */
const elementwise: SmallProgram = {
  name: 'elementwise',
  state: [normal(key(1), [1000])],
  frozen: [],
  batch: [],
  run: (state) => state.map((x) => Array.from({ length: 5 }).reduce<Tensor>((y) => tanh(add(y, mul(0.1, sin(y)))), x)),
}

/** x into tanh(x w), ten times, on 1,024 numbers: each needs a row of those before. */
const chain: SmallProgram = {
  name: 'chain of ten',
  state: [normal(key(1), [32, 32])],
  frozen: [mul(0.25, normal(key(9), [32, 32]))],
  batch: [],
  run: (state, [w = array(0)]) =>
    state.map((x) => Array.from({ length: 10 }).reduce<Tensor>((y) => tanh(matmul(y, w)), x)),
}

/** `inputs` to `inner` to `outputs`, 16 rows: value, gradient, and a step of gradient descent. */
const perceptron = (name: string, inputs: number, inner: number, outputs: number): SmallProgram => {
  const weight = (seed: number, rows: number, columns: number): Tensor =>
    mul(1 / Math.sqrt(rows), normal(key(seed), [rows, columns]))
  return {
    name,
    state: [weight(2, inputs, inner), normal(key(3), [inner]), weight(4, inner, outputs), normal(key(5), [outputs])],
    frozen: [],
    batch: [normal(key(6), [16, inputs]), normal(key(7), [16, outputs])],
    run: (state, _, [x = array(0), y = array(0)]) => {
      const loss = ([w = x, b = x, v = x, c = x]: readonly Tensor[]): Tensor =>
        mean(square(sub(add(matmul(tanh(add(matmul(x, w), b)), v), c), y)))
      const [value, slopes] = valueAndGrad(loss)(state)
      return [...state.map((p, i) => sub(p, mul(0.01, slopes[i] ?? p))), value]
    },
  }
}

const config = bertConfig({
  vocab_size: 50,
  hidden_size: 16,
  num_hidden_layers: 1,
  num_attention_heads: 2,
  intermediate_size: 32,
  max_position_embeddings: 8,
  type_vocab_size: 2,
  hidden_dropout_prob: 0,
  attention_probs_dropout_prob: 0,
  id2label: { 0: 'no', 1: 'yes' },
})
const bert = initBert(key(8), config, 'classify')

/** One encoder layer of width 16 with embeddings and head, 2 x 8 tokens: the answers of fixed weights. */
const encoder: SmallProgram = {
  name: 'encoder layer',
  state: [],
  frozen: treeLeaves(bert),
  batch: [
    array(
      [
        [1, 2, 3, 4, 5, 6, 7, 8],
        [9, 10, 11, 12, 13, 14, 0, 0],
      ],
      'i32',
    ),
    array(
      [
        [1, 1, 1, 1, 1, 1, 1, 1],
        [1, 1, 1, 1, 1, 1, 0, 0],
      ],
      'i32',
    ),
  ],
  run: (_, weights, [inputIds = array(0), attentionMask = array(0)]) => {
    const [, structure] = treeFlatten(bert)
    return [
      bertClassify(config, treeUnflatten<typeof bert>(structure, weights), { inputIds, attentionMask }, { key: null })
        .logits,
    ]
  },
}

/** The last one's state is 260 kB: no longer small. */
export const smallPrograms: readonly SmallProgram[] = [
  elementwise,
  chain,
  perceptron('MLP step', 8, 16, 4),
  encoder,
  perceptron('wide MLP step', 256, 128, 256),
]
