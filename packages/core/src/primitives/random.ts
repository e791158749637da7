/* Draws from keys, always evaluated on the host. A key is u32[2]; leading axes of a key are a batch of keys. */
import { aval, type Shape, sizeOf } from '../aval.js'
import { randomWords, splitWords, threefryBlock } from '../random/threefry.js'
import type { Tensor } from '../tensor.js'
import { bind1 } from '../trace/bind.js'
import { exp, mul } from './arithmetic.js'
import { broadcastTo } from './broadcast.js'
import { checkKind, elementwiseProperties } from './elementwise.js'
import { erfInvF32, erfInvNumber } from './erf.js'
import {
  dataAttrs,
  definePrimitive,
  type HostArray,
  type NoAttrs,
  noAttrs,
  notLinear,
  type Primitive,
  type Properties,
  zeroTangent,
} from './primitive.js'

export interface Draw {
  readonly shape: Shape
}

/** Calls `draw(k0, k1, i)` for each key of a batch. */
const eachKey = ({ data }: HostArray, draw: (k0: number, k1: number, i: number) => void): void => {
  for (let i = 0; i * 2 < data.length; i++) draw(data[2 * i] ?? 0, data[2 * i + 1] ?? 0, i)
}

const host: Properties<never> = { host: true, flops: () => 0 }

/** A primitive that draws an array from one key. */
const drawn = <A extends Draw>(
  name: string,
  dtype: 'u32' | 'i32' | 'f32',
  keys: readonly (keyof A & string)[],
  draw: (k0: number, k1: number, attrs: A) => ArrayLike<number>,
): Primitive<A> => {
  const primitive: Primitive<A> = definePrimitive({
    name,
    arity: 1,
    attrs: dataAttrs<A>(...keys),
    abstractEval: ([key], { shape }: A) => aval([...key.shape.slice(0, -1), ...shape], dtype),
    evaluate: ([key], attrs, [y]) => {
      const size = sizeOf(attrs.shape)
      eachKey(key, (k0, k1, i) => y.data.set(draw(k0, k1, attrs), i * size))
    },
    jvp: [zeroTangent],
    transpose: notLinear,
    batch: ([key], _, attrs) => bind1(primitive, [key], attrs),
    properties: host,
  })
  return primitive
}

export const randomBitsPrimitive = drawn<Draw>('randomBits', 'u32', ['shape'], (k0, k1, { shape }) =>
  randomWords(k0, k1, sizeOf(shape)),
)

/** From `low` to `high`: f32 numbers. */
export interface DrawInterval extends Draw {
  readonly low: number
  readonly high: number
}

/**
 * u (high - low) + low, not below low; u the 23 high bits as a fraction. Product and sum are rounded once, as the fused
 * multiply-add that XLA makes of JAX's expression (in f64 both are exact to beyond f32).
 */
export const randomUniformPrimitive = drawn<DrawInterval>(
  'randomUniform',
  'f32',
  ['shape', 'low', 'high'],
  (k0, k1, { shape, low, high }) => {
    const span = Math.fround(high - low)
    return Float32Array.from(randomWords(k0, k1, sizeOf(shape)), (word) =>
      Math.max((word >>> 9) * 2 ** -23 * span + low, low),
    )
  },
)

export interface DrawRange extends Draw {
  readonly minimum: number
  readonly maximum: number
}

/** `(high mod span) · (2^32 mod span) + (low mod span)`, all modulo 2^32, then modulo span: as JAX folds two words into a range. */
export const randomIntegersPrimitive = drawn<DrawRange>(
  'randomIntegers',
  'i32',
  ['shape', 'minimum', 'maximum'],
  (k0, k1, { shape, minimum, maximum }) => {
    const [a0 = 0, a1 = 0, b0 = 0, b1 = 0] = splitWords(k0, k1, 2)
    const [high, low] = [randomWords(a0, a1, sizeOf(shape)), randomWords(b0, b1, sizeOf(shape))]
    const span = maximum - minimum
    const half = 2 ** 16 % span
    const multiplier = (Math.imul(half, half) >>> 0) % span
    return Int32Array.from(high, (word, i) => {
      const product = Math.imul(word % span, multiplier) >>> 0
      return minimum + (((product + ((low[i] ?? 0) % span)) >>> 0) % span)
    })
  },
)

/** Sorts by random words, as often as JAX does: so often that equal words do not matter. */
export const randomPermutationPrimitive = drawn<Draw>('randomPermutation', 'i32', ['shape'], (k0, k1, { shape }) => {
  const n = sizeOf(shape)
  const rounds = Math.ceil((3 * Math.log(Math.max(1, n))) / Math.log(2 ** 32 - 1))
  let order = Int32Array.from({ length: n }, (_, i) => i)
  let key: readonly [number, number] = [k0, k1]
  for (let round = 0; round < rounds; round++) {
    const [next0 = 0, next1 = 0, sub0 = 0, sub1 = 0] = splitWords(key[0], key[1], 2)
    const words = randomWords(sub0, sub1, n)
    const before = order
    const places = Int32Array.from({ length: n }, (_, i) => i).sort(
      (i, j) => (words[i] ?? 0) - (words[j] ?? 0) || i - j,
    )
    order = places.map((i) => before[i] ?? 0)
    key = [next0, next1]
  }
  return order
})

export const threefryPrimitive = definePrimitive({
  name: 'threefry',
  arity: 2,
  attrs: dataAttrs<Record<never, never>>(),
  abstractEval: ([, counts]) => aval([...counts.shape, 2], 'u32'),
  evaluate: ([key, counts], _, [y]) => {
    const n = counts.shape[counts.shape.length - 1] ?? 0
    eachKey(key, (k0, k1, i) => {
      for (let j = i * n; j < (i + 1) * n; j++) threefryBlock(k0, k1, 0, counts.data[j] ?? 0, y.data, 2 * j)
    })
  },
  jvp: [zeroTangent, zeroTangent],
  transpose: notLinear,
  batch: ([key, counts], [keyMapped, countsMapped], attrs, size): Tensor => {
    const each = (x: Tensor, mapped: boolean): Tensor => (mapped ? x : broadcastTo(x, [size, ...x.shape]))
    return bind1(threefryPrimitive, [each(key, keyMapped), each(counts, countsMapped)], attrs)
  },
  properties: host,
})

// ---------------------------------------------------------------- the inverse of erf, which turns uniform into normal

/** No engine has it; normal numbers come from keys, so it runs on the host anyway. In f32 it is XLA's. */
export const erfInvPrimitive: Primitive<NoAttrs> = definePrimitive({
  name: 'erfInv',
  arity: 1,
  attrs: noAttrs,
  abstractEval: ([x]) => x,
  evaluate: ([x], _, [y]) => {
    const f = y.data instanceof Float32Array ? erfInvF32 : erfInvNumber
    for (let i = 0; i < y.data.length; i++) y.data[i] = f(x.data[i] ?? 0)
  },
  // y = erf⁻¹ x: dy = √π/2 e^(y²) dx
  jvp: [(dx, _, [y]) => mul(dx, mul(exp(mul(y, y)), Math.sqrt(Math.PI) / 2))],
  transpose: notLinear,
  batch: ([x]) => bind1(erfInvPrimitive, [x], {}),
  properties: { ...elementwiseProperties(), host: true },
})

/**
 * Inverse of erf, for x in (-1, 1); ±inf at ±1.
 *
 * @example erfInv(array([0, 0.5])) // => [0, 0.476936]
 */
export const erfInv = (x: Tensor): Tensor => {
  checkKind('erfInv', 'floating', x)
  return bind1(erfInvPrimitive, [x], {})
}
