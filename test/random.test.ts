/* Random numbers against JAX's (test/fixtures/random, made with jax 0.10.2). */
import {
  array,
  bernoulli,
  broadcastTo,
  categorical,
  compile,
  type Engine,
  exponential,
  foldIn,
  grad,
  gumbel,
  type HostTensor,
  jit,
  key,
  mean,
  mul,
  normal,
  ones,
  permutation,
  randint,
  randomBits,
  referenceEngine,
  split,
  splitKeys,
  square,
  stack,
  sum,
  type Tensor,
  truncatedNormal,
  uniform,
  vmap,
  where,
} from '@cotangent/core'
import { onnxEngine } from '@cotangent/engine-onnx'
import { ulpOf } from '@cotangent/testing'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { fixtureTensors, need } from './support/fixtures.js'

const expected = fixtureTensors('random/keys.safetensors')
const seeds = [0, 1, 42, 2147483647, 3406882694]
const shapes: readonly (readonly number[])[] = [[], [1], [2], [5], [3, 4], [17, 1, 3], [1001]]

/** Words as the fixtures store them: int32 with the same bits. */
const words = (x: Tensor): Int32Array => Int32Array.from(x.data)

/** What the reference data holds of a key. */
const namesOf = (number: number): readonly string[] =>
  [...expected.keys()].filter((name) => name.startsWith(`${number}.`)).map((name) => name.slice(2))

const plain = (x: Tensor): number[] => Array.from(x.data)

type Draw = (k: Tensor, shape: readonly number[]) => Tensor

/** What agrees bit for bit, by its name in the reference data. */
const exactDraws: Readonly<Record<string, Draw>> = {
  bits: (k, shape) => randomBits(k, shape),
  uniform: (k, shape) => uniform(k, shape),
  'bernoulli_0.1': (k, shape) => bernoulli(k, 0.1, shape),
  'randint_-3_1000': (k, shape) => randint(k, shape, -3, 1000),
  uniform_range: (k, shape) => uniform(k, shape, -2.5, 7.25),
}

interface Rounded {
  readonly draw: Draw
  /** Units in the last place, of the number or of `atLeast` where that is larger. */
  readonly within: number
  readonly atLeast: number
}

/** XLA's log differs from the correctly rounded one by an ULP or two; where -log(-log u) is near 0 that ULP is of 1. */
const roundedDraws: Readonly<Record<string, Rounded>> = {
  normal: { draw: (k, shape) => normal(k, shape), within: 3, atLeast: 0 },
  truncated_normal: { draw: (k, shape) => truncatedNormal(k, -2, 2, shape), within: 3, atLeast: 0 },
  exponential: { draw: (k, shape) => exponential(k, shape), within: 1, atLeast: 0 },
  gumbel: { draw: (k, shape) => gumbel(k, shape), within: 2, atLeast: 1 },
}

const lengths = [1, 2, 10, 1000]
const counts = [2, 5]
const data = [0, 1, 7, 2147483647]

/** All draws from one key, by their names in the reference data; one program. */
const allDraws = (k: Tensor, logits: Tensor): Readonly<Record<string, Tensor>> =>
  Object.fromEntries([
    ['key', k],
    ...counts.map((count) => [`split_${count}`, splitKeys(k, count)] as const),
    ...data.map((n) => [`fold_in_${n}`, foldIn(k, n)] as const),
    ...lengths.map((n) => [`permutation_${n}`, permutation(k, n)] as const),
    ['categorical', categorical(k, logits)], // exact where no two candidates tie
    ...shapes.flatMap((shape) => {
      const name = shape.join('x') || 'scalar'
      return [
        ...Object.entries(exactDraws).map(([what, draw]) => [`${what}.${name}`, draw(k, shape)] as const),
        ...Object.entries(roundedDraws).map(([what, { draw }]) => [`${what}.${name}`, draw(k, shape)] as const),
      ]
    }),
  ])

const ulpsApart = (ours: Tensor, theirs: Tensor, atLeast: number): number =>
  plain(theirs).reduce((worst, x, i) => {
    const difference = Math.abs(x - (ours.data[i] ?? Number.NaN)) / ulpOf(Math.max(Math.abs(x), atLeast))
    return Math.max(worst, difference)
  }, 0)

let onnx: Engine
beforeAll(async () => {
  onnx = await onnxEngine({ threads: 1 })
})
afterAll(() => onnx.close())

describe.each([
  ['evaluated at once', async (k: Tensor, logits: Tensor) => allDraws(k, logits)],
  ['on the ONNX engine', (k: Tensor, logits: Tensor) => compile(allDraws, onnx)(k, logits)],
] as const)('%s', (_, drawAll) => {
  test.each([...seeds.entries()])('all draws from key %d, seed %d', async (number, seed) => {
    const right = (name: string): HostTensor => need(expected, `${number}.${name}`)
    const drawn = await drawAll(key(seed), right('categorical_logits'))
    for (const [name, ours] of Object.entries(drawn)) {
      const theirs = right(name)
      expect(ours.size, name).toBe(theirs.size) // words of shape [] are stored as [1]
      const rounded = roundedDraws[name.slice(0, name.indexOf('.'))]
      if (rounded !== undefined)
        expect(ulpsApart(ours, theirs, rounded.atLeast), name).toBeLessThanOrEqual(rounded.within)
      else expect(theirs.dtype === 'i32' ? words(ours) : ours.data, name).toEqual(theirs.data)
    }
    expect(new Set([...Object.keys(drawn), 'categorical_logits'])).toEqual(new Set(namesOf(number)))
  })
})

describe('draws are the same', () => {
  const k = key(7)
  const draw = (key: Tensor): readonly Tensor[] => [
    randomBits(key, [3]),
    uniform(key, [2, 2]),
    normal(key, [3]),
    randint(key, [4], 0, 10),
    permutation(key, 5),
    bernoulli(key, 0.5, [6]),
    foldIn(key, 3),
    categorical(key, array([0.1, 2, -1])),
  ]
  const arrays = (xs: readonly Tensor[]): unknown => xs.map((x) => x.toArray())

  test('under jit, and compiled', async () => {
    expect(arrays(jit(draw)(k))).toEqual(arrays(draw(k)))
    expect(arrays(await compile(draw, referenceEngine())(k))).toEqual(arrays(draw(k)))
  })

  test('under vmap over keys, as in a loop', () => {
    const keys = split(k, 3)
    const mapped = vmap(draw)(stack(keys))
    for (const [i, one] of keys.entries()) {
      expect(draw(one).map((x) => x.toArray())).toEqual(mapped.map((x) => (x.toArray() as readonly unknown[])[i]))
    }
  })

  test('forward and backward: a dropout mask multiplies the cotangent', () => {
    const dropout = (x: Tensor): Tensor => sum(where(bernoulli(k, 0.5, [100]), mul(x, 2), 0))
    const mask = bernoulli(k, 0.5, [100])
    const slopes = grad(dropout)(ones([100]))
    expect(Array.from<number>(slopes.data)).toEqual(Array.from<number>(mask.data).map((kept) => 2 * kept))
  })
})

describe('what is drawn looks random', () => {
  const count = 100_000

  test('uniform words fill 64 boxes evenly (chi-square, p > 1e-6)', () => {
    const boxes = new Float64Array(64)
    for (const u of uniform(key(11), [count]).data) boxes[Math.floor(u * 64)] = (boxes[Math.floor(u * 64)] ?? 0) + 1
    let chi = 0
    for (const n of boxes) chi += (n - count / 64) ** 2 / (count / 64)
    expect(chi).toBeLessThan(131) // 63 degrees of freedom: exceeded with probability 1e-6
  })

  test('normal numbers have mean 0 and variance 1; categorical draws follow softmax', () => {
    const z = normal(key(12), [count])
    expect(Math.abs(mean(z).item())).toBeLessThan(5 / Math.sqrt(count))
    expect(Math.abs(mean(square(z)).item() - 1)).toBeLessThan(5 * Math.sqrt(2 / count))
    const logits = array([0, Math.log(2), Math.log(5)])
    const draws = categorical(key(13), broadcastTo(logits, [count, 3]))
    const shares = [0, 1, 2].map((c) => Array.from<number>(draws.data).filter((d) => d === c).length / count)
    for (const [c, share] of [1 / 8, 2 / 8, 5 / 8].entries())
      expect(Math.abs((shares[c] ?? 0) - share)).toBeLessThan(0.01)
  })

  test('keys split from one are not correlated', () => {
    const [a, b] = split(key(14)).map((k) => normal(k, [count]))
    if (a === undefined || b === undefined) throw new Error('two keys')
    expect(Math.abs(mean(mul(a, b)).item())).toBeLessThan(5 / Math.sqrt(count))
  })
})

test('what is refused', () => {
  expect(() => key(-1)).toThrowErrorMatchingInlineSnapshot(`
    [ArgumentError: key: a seed must be a whole number from 0 to 4294967295.
      received  seed -1
      to do     use foldIn(key, n) for more than one number]
  `)
  expect(() => key(1.5)).toThrowErrorMatchingInlineSnapshot(`
    [ArgumentError: key: a seed must be a whole number from 0 to 4294967295.
      received  seed 1.5
      to do     use foldIn(key, n) for more than one number]
  `)
  expect(() => randint(key(0), [2], 3, 3)).toThrowErrorMatchingInlineSnapshot(`
    [ArgumentError: randint: minimum must be a whole number below maximum.
      received  minimum 3, maximum 3
      to do     the range is [minimum, maximum)]
  `)
})
