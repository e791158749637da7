/*
 * Axes: batch, seq (queries), keys (positions attended to), heads, headDim; in einsum b, q, k, h, d. Where several heads
 * share a key and a value, h are these and g the heads of a group: heads = h · g.
 */
import {
  add,
  type DType,
  DTypeError,
  einsum,
  equal,
  full,
  iota,
  lessEqual,
  logicalAnd,
  mul,
  notEqual,
  printAval,
  reshape,
  ShapeError,
  softmax,
  type Tensor,
  transpose,
  where,
} from '@cotangent/core'
import { dropout } from './dropout.js'

/** What attention may be told. */
export interface AttentionOptions {
  /** Added to the scores before the softmax; broadcasts to [batch, heads, seq, keys]. See `maskBias`. */
  readonly bias?: Tensor
  /** Query i sees keys 0 … i alone, counted from the first; false unless given. Padding is hidden by a bias. */
  readonly causal?: boolean
  /** Factor of the scores; 1 / sqrt(headDim) unless given. */
  readonly scale?: number
  /** Dropout on the probabilities, where there is a key. */
  readonly dropout?: { readonly rate: number; readonly key: Tensor | null }
}

/** q kᵀ of each head: [batch, heads, seq, keys]. Keys are not repeated; the heads of a group come after each other. */
const scoresOf = (query: Tensor, key: Tensor): Tensor => {
  const [batch = 0, seq = 0, heads = 0, headDim = 0] = query.shape
  const [, keys = 0, shared = 0] = key.shape
  if (heads === shared) return einsum('bqhd,bkhd->bhqk', query, key)
  const groups = transpose(reshape(query, [batch, seq, shared, heads / shared, headDim]), [0, 2, 3, 1, 4])
  return reshape(einsum('bhgqd,bkhd->bhgqk', groups, key), [batch, heads, seq, keys])
}

/** The values, weighted: [batch, heads, seq, keys] and [batch, keys, shared, headDim] -> [batch, seq, heads, headDim]. */
const weighted = (probabilities: Tensor, value: Tensor): Tensor => {
  const [batch = 0, heads = 0, seq = 0, keys = 0] = probabilities.shape
  const [, , shared = 0, headDim = 0] = value.shape
  if (heads === shared) return einsum('bhqk,bkhd->bqhd', probabilities, value)
  const groups = reshape(probabilities, [batch, shared, heads / shared, seq, keys])
  return reshape(einsum('bhgqk,bkhd->bqhgd', groups, value), [batch, seq, heads, headDim])
}

const checkHeads = (query: Tensor, key: Tensor, value: Tensor): void => {
  const [heads, keyHeads, valueHeads] = [query, key, value].map((x) => x.shape[2])
  if (heads === undefined || !keyHeads || keyHeads !== valueHeads || heads % keyHeads !== 0) {
    throw new ShapeError({
      op: 'attention',
      expected: 'the heads of key and value (axis 2) must be as many, and divide those of query.',
      received: `query ${printAval(query.aval)}, key ${printAval(key.aval)}, value ${printAval(value.aval)}`,
      todo: 'split features into heads: [batch, positions, heads, headDim]',
    })
  }
}

/**
 * Multi-head attention: softmax(scale · q kᵀ + bias) v, each head for itself; scaled dot-product attention. With fewer heads of keys and values than
 * of queries (grouped-query attention), query head i uses key head ⌊i · keyHeads / heads⌋.
 *
 * @param query [batch, seq, heads, headDim]
 * @param key [batch, keys, keyHeads, headDim], keyHeads a divisor of heads
 * @param value [batch, keys, keyHeads, headDim]
 * @returns [batch, seq, heads, headDim]
 * @throws ShapeError
 * @see torch.nn.functional.scaled_dot_product_attention, with heads in front of positions; jax.nn.dot_product_attention
 * @example
 * const keys = array([[[[1, 0]], [[0, 1]]]])
 * attention(array([[[[1, 0]]]]), keys, keys) // => [[[[0.669762, 0.330238]]]]
 * @example attention(q, k, v, { bias: maskBias(attentionMask, 'f32') })
 */
export const attention = (query: Tensor, key: Tensor, value: Tensor, options: AttentionOptions = {}): Tensor => {
  checkHeads(query, key, value)
  const headDim = query.shape[3] ?? 1
  // the queries are smaller than the scores wherever headDim < keys
  const scaled = mul(query, options.scale ?? 1 / Math.sqrt(headDim))
  const scores = scoresOf(scaled, key)
  const biased = options.bias === undefined ? scores : add(scores, options.bias)
  const probabilities = softmax(options.causal === true ? pastAlone(biased) : biased)
  const { rate, key: random } = options.dropout ?? { rate: 0, key: null }
  return weighted(dropout(random, rate, probabilities), value)
}

const lowest: Readonly<Partial<Record<DType, number>>> = {
  f32: -3.4028234663852886e38,
  f64: -Number.MAX_VALUE,
}

/** The lowest number in place of scores of keys that come after the query: [..., seq, keys]. */
const pastAlone = (scores: Tensor): Tensor => {
  const [seq = 0, keys = 0] = scores.shape.slice(-2)
  const past = lessEqual(reshape(iota(keys), [1, keys]), reshape(iota(seq), [seq, 1]))
  return where(past, scores, lowest[scores.dtype] ?? 0)
}

/**
 * The bias that hides masked positions: 0 where the mask is not 0, the dtype's lowest number elsewhere. That number
 * swallows any score, so a row with everything masked is uniform and not NaN.
 *
 * @param mask [batch, keys], or [batch, seq, keys] where it differs by query (see `causalMask`); any dtype, 0 means hidden
 * @param dtype that of the scores
 * @returns [batch, 1, 1, keys] or [batch, 1, seq, keys]
 * @throws DTypeError unless the dtype is floating, ShapeError for a mask of another rank
 * @example maskBias(array([[1, 0]], 'i32'), 'f32') // => [[[[0, -3.4028235e38]]]]
 */
export const maskBias = (mask: Tensor, dtype: DType): Tensor => {
  const hidden = lowest[dtype]
  if (hidden === undefined) {
    throw new DTypeError({
      op: 'maskBias',
      expected: 'scores have a floating dtype (f32 or f64).',
      received: dtype,
      todo: 'give the dtype of the queries',
    })
  }
  if (mask.rank !== 2 && mask.rank !== 3) {
    throw new ShapeError({
      op: 'maskBias',
      expected: 'the mask must be [batch, keys] or [batch, seq, keys].',
      received: `mask ${printAval(mask.aval)}`,
      todo: 'give one row of the mask per example',
    })
  }
  const [batch = 0, ...positions] = mask.shape
  const shape = mask.rank === 2 ? [batch, 1, 1, ...positions] : [batch, 1, ...positions]
  return reshape(where(equal(mask, 0), full([], hidden, dtype), full([], 0, dtype)), shape)
}

/**
 * What each position sees in a model that writes from left to right: itself and what is before it, but no padding.
 *
 * visible[b, i, j] = j ≤ i and mask[b, j] ≠ 0
 *
 * @param mask [batch, seq], any dtype; 0 on padding
 * @returns [batch, seq, seq] bool, for `maskBias`
 * @throws ShapeError unless the mask has two axes
 * @example causalMask(array([[0, 1]], 'i32')) // => [[[false, false], [false, true]]]
 */
export const causalMask = (mask: Tensor): Tensor => {
  const [batch = 0, seq = 0] = mask.shape
  if (mask.rank !== 2) {
    throw new ShapeError({
      op: 'causalMask',
      expected: 'the mask must be [batch, seq].',
      received: `mask ${printAval(mask.aval)}`,
      todo: 'give one row of the mask per example',
    })
  }
  const positions = iota(seq)
  const past = lessEqual(reshape(positions, [1, 1, seq]), reshape(positions, [1, seq, 1]))
  return logicalAnd(past, reshape(notEqual(mask, 0), [batch, 1, seq]))
}
