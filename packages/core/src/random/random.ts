/*
 * Random numbers from keys. Same key, same numbers, on every engine; a key is used once: split it first.
 * Key, split, foldIn, bits, uniform (any interval), bernoulli, randint and permutation equal those of jax.random 0.10.2
 * (threefry2x32, jax_threefry_partitionable on) bit for bit; normal and truncatedNormal are within 3 units in the last
 * place, exponential within 1, gumbel within 2 of max(1, |x|).
 */
import type { Shape } from '../aval.js'
import { ArgumentError } from '../errors.js'
import { add, log, log1p, maximum, minimum, mul, neg } from '../primitives/arithmetic.js'
import { reshape } from '../primitives/broadcast.js'
import { cast, less } from '../primitives/choice.js'
import { erfNumber } from '../primitives/erf.js'
import {
  erfInv,
  randomBitsPrimitive,
  randomIntegersPrimitive,
  randomPermutationPrimitive,
  randomUniformPrimitive,
  threefryPrimitive,
} from '../primitives/random.js'
import { argmax } from '../primitives/reduction.js'
import { iota, slice } from '../primitives/sequence.js'
import { Tensor, tensor } from '../tensor.js'
import { bind1 } from '../trace/bind.js'

/**
 * A key from a seed.
 *
 * @param seed a whole number from 0 to 2^32 - 1
 * @returns u32[2]
 * @throws ArgumentError
 * @example normal(key(0), [3])
 */
export const key = (seed: number): Tensor => {
  if (!Number.isInteger(seed) || seed < 0 || seed >= 2 ** 32) {
    throw new ArgumentError({
      op: 'key',
      expected: 'a seed must be a whole number from 0 to 4294967295.',
      received: String(seed),
      todo: 'use foldIn(key, n) for more than one number',
    })
  }
  return tensor(Uint32Array.of(0, seed), [2])
}

/** `count` keys that have nothing to do with each other: u32[count, 2]. */
export const splitKeys = (k: Tensor, count: number): Tensor => bind1(threefryPrimitive, [k, iota(count, 'u32')], {})

/**
 * Two or more new keys from one, which is not used again.
 *
 * @example const [k1, k2] = split(key(0))
 */
export const split = (k: Tensor, count = 2): readonly Tensor[] => {
  const keys = splitKeys(k, count)
  return Array.from({ length: count }, (_, i) => reshape(slice(keys, [i, 0], [i + 1, 2]), [2]))
}

/**
 * A key for a numbered use (a step, a layer) of another.
 *
 * @param data a whole number from 0 to 2^32 - 1, or an integer scalar
 */
export const foldIn = (k: Tensor, data: number | Tensor): Tensor => {
  const count = data instanceof Tensor ? reshape(cast(data, 'u32'), [1]) : tensor(Uint32Array.of(data), [1])
  return reshape(bind1(threefryPrimitive, [k, count], {}), [2])
}

/** Random 32-bit words: u32. */
export const randomBits = (k: Tensor, shape: Shape): Tensor => bind1(randomBitsPrimitive, [k], { shape: [...shape] })

/** Uniform on [low, high): f32. */
export const uniform = (k: Tensor, shape: Shape, low = 0, high = 1): Tensor =>
  bind1(randomUniformPrimitive, [k], { shape: [...shape], low: Math.fround(low), high: Math.fround(high) })

/** The f32 next to -1, towards 0. */
const aboveMinusOne = -1 + 2 ** -24

/** Normal with mean 0 and variance 1: √2 erf⁻¹(u), u uniform on (-1, 1). */
export const normal = (k: Tensor, shape: Shape): Tensor => mul(erfInv(uniform(k, shape, aboveMinusOne, 1)), Math.SQRT2)

/** Normal, conditioned on [low, high]. */
export const truncatedNormal = (k: Tensor, low: number, high: number, shape: Shape): Tensor => {
  const [a, b] = [erfNumber(low * Math.SQRT1_2), erfNumber(high * Math.SQRT1_2)].map(Math.fround)
  const x = mul(erfInv(uniform(k, shape, a, b)), Math.SQRT2)
  return minimum(maximum(x, low), high)
}

/** true with probability p. */
export const bernoulli = (k: Tensor, p: number, shape: Shape): Tensor => less(uniform(k, shape), p)

const tiny = 2 ** -126

/** Gumbel: -log(-log u). */
export const gumbel = (k: Tensor, shape: Shape): Tensor => neg(log(neg(log(uniform(k, shape, tiny, 1)))))

/** Exponential with rate 1: -log(1 - u). */
export const exponential = (k: Tensor, shape: Shape): Tensor => neg(log1p(neg(uniform(k, shape))))

/** Whole numbers from `minimum` to `maximum - 1`: i32. */
export const randint = (k: Tensor, shape: Shape, minimum: number, maximum: number): Tensor => {
  if (!(Number.isInteger(minimum) && Number.isInteger(maximum) && minimum < maximum)) {
    throw new ArgumentError({
      op: 'randint',
      expected: 'minimum must be a whole number below maximum.',
      received: `minimum ${minimum}, maximum ${maximum}`,
      todo: 'the range is [minimum, maximum)',
    })
  }
  return bind1(randomIntegersPrimitive, [k], { shape: [...shape], minimum, maximum })
}

/** 0 to n - 1 in random order: i32[n]. */
export const permutation = (k: Tensor, n: number): Tensor => bind1(randomPermutationPrimitive, [k], { shape: [n] })

/** Draws from softmax(logits) along the last axis: i32. */
export const categorical = (k: Tensor, logits: Tensor): Tensor => argmax(add(gumbel(k, logits.shape), logits), -1)
