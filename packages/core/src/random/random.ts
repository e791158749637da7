/*
 * Random numbers from keys. Same key, same numbers, on every engine; a key is used once: split it first.
 * Key, split, foldIn, bits, uniform (any interval), bernoulli, randint and permutation equal those of jax.random 0.10.2
 * (threefry2x32, jax_threefry_partitionable on) bit for bit; normal and truncatedNormal are within 3 units in the last
 * place, exponential within 1, gumbel within 2 of max(1, |x|).
 */
import { isFloating, printAval, type Shape } from '../aval.js'
import { ArgumentError, DTypeError } from '../errors.js'
import { add, log, log1p, maximum, minimum, mul, neg } from '../primitives/arithmetic.js'
import { checkLengths } from '../primitives/axes.js'
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
import { notATensor, Tensor, tensor } from '../tensor.js'
import { bind1 } from '../trace/bind.js'

const isWord = (n: number): boolean => Number.isInteger(n) && n >= 0 && n < 2 ** 32

/**
 * A key from a seed.
 *
 * @param seed a whole number from 0 to 2^32 - 1
 * @returns u32[2]
 * @throws ArgumentError
 * @example key(0) // => [0, 0]
 */
export const key = (seed: number): Tensor => {
  if (!isWord(seed)) {
    throw new ArgumentError({
      op: 'key',
      expected: 'a seed must be a whole number from 0 to 4294967295.',
      received: `seed ${seed}`,
      todo: 'use foldIn(key, n) for more than one number',
    })
  }
  return tensor(Uint32Array.of(0, seed), [2])
}

/** The key of a draw, and the shape that is drawn. */
const checkKey = (op: string, k: Tensor, shape: Shape = [], name = 'shape'): void => {
  if (!(k instanceof Tensor)) throw notATensor(op, 'key', k, 'a key')
  checkLengths(op, shape, name)
  if (k.dtype === 'u32' && k.rank === 1 && k.shape[0] === 2) return
  throw new DTypeError({
    op,
    expected: 'a key must be u32[2].',
    received: `key ${printAval(k.aval)}`,
    todo: 'key(seed) makes one; split(key) makes several of one',
  })
}

/**
 * `count` keys that have nothing to do with each other: u32[count, 2].
 *
 * @throws DTypeError for what is no key; ShapeError unless count is a whole number from 0 on
 * @example splitKeys(key(0), 2) // => [[1797259609, 2579123966], [928981903, 3453687069]]
 */
export const splitKeys = (k: Tensor, count: number): Tensor => {
  checkKey('splitKeys', k, [count], 'count')
  return bind1(threefryPrimitive, [k, iota(count, 'u32')], {})
}

/**
 * Two or more new keys from one, which is not used again.
 *
 * @throws DTypeError for what is no key; ShapeError unless count is a whole number from 0 on
 * @example split(key(0)) // => [[1797259609, 2579123966], [928981903, 3453687069]]
 */
export const split = (k: Tensor, count = 2): readonly Tensor[] => {
  checkKey('split', k, [count], 'count')
  const keys = splitKeys(k, count)
  return Array.from({ length: count }, (_, i) => reshape(slice(keys, [i, 0], [i + 1, 2]), [2]))
}

/**
 * A key for a numbered use (a step, a layer) of another.
 *
 * @param data a whole number from 0 to 2^32 - 1, or an integer scalar
 * @throws ArgumentError for another number; DTypeError for a float, or what is no key
 * @example foldIn(key(0), 1) // => [928981903, 3453687069]
 */
export const foldIn = (k: Tensor, data: number | Tensor): Tensor => {
  checkKey('foldIn', k)
  checkData(data)
  const count = data instanceof Tensor ? reshape(cast(data, 'u32'), [1]) : tensor(Uint32Array.of(data), [1])
  return reshape(bind1(threefryPrimitive, [k, count], {}), [2])
}

const checkData = (data: number | Tensor): void => {
  if (typeof data === 'number' && !isWord(data)) {
    throw new ArgumentError({
      op: 'foldIn',
      expected: 'the number must be a whole number from 0 to 4294967295.',
      received: `data ${data}`,
      todo: 'number the uses from 0 on',
    })
  }
  if (data instanceof Tensor && (data.size !== 1 || isFloating(data.dtype) || data.dtype === 'bool')) {
    throw new DTypeError({
      op: 'foldIn',
      expected: 'the data must be an integer scalar.',
      received: `data ${printAval(data.aval)}`,
      todo: "cast(data, 'i32')",
    })
  }
}

/**
 * Random 32-bit words: u32.
 *
 * @example randomBits(key(0), [2]) // => [4070199207, 4202968722]
 */
export const randomBits = (k: Tensor, shape: Shape): Tensor => {
  checkKey('randomBits', k, shape)
  return bind1(randomBitsPrimitive, [k], { shape: [...shape] })
}

const between = (op: string, k: Tensor, shape: Shape, low: number, high: number): Tensor => {
  checkKey(op, k, shape)
  return bind1(randomUniformPrimitive, [k], { shape: [...shape], low: Math.fround(low), high: Math.fround(high) })
}

/**
 * Uniform on [low, high): f32.
 *
 * @example uniform(key(0), [2]) // => [0.947667, 0.97858]
 */
export const uniform = (k: Tensor, shape: Shape, low = 0, high = 1): Tensor => between('uniform', k, shape, low, high)

/** The f32 next to -1, towards 0. */
const aboveMinusOne = -1 + 2 ** -24

/**
 * Normal with mean 0 and variance 1: √2 erf⁻¹(u), u uniform on (-1, 1).
 *
 * @example normal(key(0), [2]) // => [1.622642, 2.025265]
 */
export const normal = (k: Tensor, shape: Shape): Tensor =>
  mul(erfInv(between('normal', k, shape, aboveMinusOne, 1)), Math.SQRT2)

/**
 * Normal, conditioned on [low, high].
 *
 * @example truncatedNormal(key(0), -1, 1, [2]) // => [0.861859, 0.941288]
 */
export const truncatedNormal = (k: Tensor, low: number, high: number, shape: Shape): Tensor => {
  const [a = 0, b = 0] = [erfNumber(low * Math.SQRT1_2), erfNumber(high * Math.SQRT1_2)].map(Math.fround)
  const x = mul(erfInv(between('truncatedNormal', k, shape, a, b)), Math.SQRT2)
  return minimum(maximum(x, low), high)
}

/**
 * true with probability p.
 *
 * @throws ArgumentError unless p is from 0 to 1
 * @example bernoulli(key(0), 0.5, [4]) // => [false, false, true, true]
 */
export const bernoulli = (k: Tensor, p: number, shape: Shape): Tensor => {
  if (!(p >= 0 && p <= 1)) {
    throw new ArgumentError({
      op: 'bernoulli',
      expected: 'a probability must be from 0 to 1.',
      received: `p ${p}`,
      todo: 'divide per cents by 100',
    })
  }
  return less(between('bernoulli', k, shape, 0, 1), p)
}

const tiny = 2 ** -126

/**
 * Gumbel: -log(-log u).
 *
 * @example gumbel(key(0), [2]) // => [2.923373, 3.832618]
 */
export const gumbel = (k: Tensor, shape: Shape): Tensor => neg(log(neg(log(between('gumbel', k, shape, tiny, 1)))))

/**
 * Exponential with rate 1: -log(1 - u).
 *
 * @example exponential(key(0), [2]) // => [2.950128, 3.843425]
 */
export const exponential = (k: Tensor, shape: Shape): Tensor => neg(log1p(neg(between('exponential', k, shape, 0, 1))))

/**
 * Whole numbers from `minimum` to `maximum - 1`: i32.
 *
 * @example randint(key(0), [4], 0, 10) // => [9, 0, 2, 3]
 */
export const randint = (k: Tensor, shape: Shape, minimum: number, maximum: number): Tensor => {
  if (!(Number.isInteger(minimum) && Number.isInteger(maximum) && minimum < maximum)) {
    throw new ArgumentError({
      op: 'randint',
      expected: 'minimum must be a whole number below maximum.',
      received: `minimum ${minimum}, maximum ${maximum}`,
      todo: 'the range is [minimum, maximum)',
    })
  }
  checkKey('randint', k, shape)
  return bind1(randomIntegersPrimitive, [k], { shape: [...shape], minimum, maximum })
}

/**
 * 0 to n - 1 in random order: i32[n].
 *
 * @example permutation(key(0), 4) // => [0, 1, 3, 2]
 */
export const permutation = (k: Tensor, n: number): Tensor => {
  checkKey('permutation', k, [n], 'n')
  return bind1(randomPermutationPrimitive, [k], { shape: [n] })
}

/**
 * Draws from softmax(logits) along the last axis: i32.
 *
 * @example categorical(key(0), array([[0, 0, 0], [0, 100, 0]])) // => [1, 1]
 */
export const categorical = (k: Tensor, logits: Tensor): Tensor => argmax(add(gumbel(k, logits.shape), logits), -1)
