/* Axes: batch, seq (queries), keys (positions attended to), heads, headDim; in einsum b, q, k, h, d. */
import {
  add,
  type DType,
  DTypeError,
  einsum,
  equal,
  full,
  mul,
  reshape,
  softmax,
  type Tensor,
  where,
} from '@cotangent/core'
import { dropout } from './dropout.js'

/** What attention may be told. */
export interface AttentionOptions {
  /** Added to the scores before the softmax; broadcasts to [batch, heads, seq, keys]. See `maskBias`. */
  readonly bias?: Tensor
  /** Factor of the scores; 1 / sqrt(headDim) unless given. */
  readonly scale?: number
  /** Dropout on the probabilities, where there is a key. */
  readonly dropout?: { readonly rate: number; readonly key: Tensor | null }
}

/**
 * Multi-head attention: softmax(scale · q kᵀ + bias) v, each head for itself.
 *
 * @param query [batch, seq, heads, headDim]
 * @param key [batch, keys, heads, headDim]
 * @param value [batch, keys, heads, headDim]
 * @returns [batch, seq, heads, headDim]
 * @throws ShapeError
 * @example attention(q, k, v, { bias: maskBias(attentionMask, 'f32') })
 */
export const attention = (query: Tensor, key: Tensor, value: Tensor, options: AttentionOptions = {}): Tensor => {
  const headDim = query.shape[3] ?? 1
  // the queries are smaller than the scores wherever headDim < keys
  const scaled = mul(query, options.scale ?? 1 / Math.sqrt(headDim))
  const scores = einsum('bqhd,bkhd->bhqk', scaled, key)
  const probabilities = softmax(options.bias === undefined ? scores : add(scores, options.bias))
  const { rate, key: random } = options.dropout ?? { rate: 0, key: null }
  return einsum('bhqk,bkhd->bqhd', dropout(random, rate, probabilities), value)
}

const lowest: Readonly<Partial<Record<DType, number>>> = {
  f32: -3.4028234663852886e38,
  f64: -Number.MAX_VALUE,
}

/**
 * The bias that hides masked positions: 0 where the mask is not 0, the dtype's lowest number elsewhere. That number
 * swallows any score, so a row with everything masked is uniform and not NaN.
 *
 * @param mask [batch, keys], any dtype; 0 means hidden
 * @param dtype that of the scores
 * @returns [batch, 1, 1, keys]
 * @throws DTypeError unless the dtype is floating
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
  const [batch = 0, keys = 0] = mask.shape
  return reshape(where(equal(mask, 0), full([], hidden, dtype), full([], 0, dtype)), [batch, 1, 1, keys])
}
