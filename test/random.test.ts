/* Random numbers against JAX's (test/fixtures/random, made with jax 0.10.2). */
import {
  array,
  bernoulli,
  broadcastTo,
  categorical,
  compile,
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
import { ulpOf } from '@cotangent/testing'
import { describe, expect, test } from 'vitest'
import { fixtureTensors, need } from './support/fixtures.js'

const expected = fixtureTensors('random/keys.safetensors')
const seeds = [0, 1, 42, 2147483647, 3406882694]
const shapes: readonly (readonly number[])[] = [[], [1], [2], [5], [3, 4], [17, 1, 3], [1001]]

/** Words as the fixtures store them: int32 with the same bits. */
const words = (x: Tensor): Int32Array => Int32Array.from(x.data)

const plain = (x: Tensor): number[] => Array.from(x.data)

describe.each([...seeds.entries()])('key %d, seed %d', (number, seed) => {
  const k = key(seed)
  const right = (name: string): HostTensor => need(expected, `${number}.${name}`)

  test('key, split and foldIn are exact', () => {
    expect(words(k)).toEqual(right('key').data)
    for (const count of [2, 5]) {
      expect(words(splitKeys(k, count))).toEqual(right(`split_${count}`).data)
      expect(words(stack(split(k, count)))).toEqual(right(`split_${count}`).data)
    }
    for (const data of [0, 1, 7, 2147483647]) expect(words(foldIn(k, data))).toEqual(right(`fold_in_${data}`).data)
  })

  test('permutation is exact', () => {
    for (const n of [1, 2, 10, 1000]) expect(permutation(k, n).data).toEqual(right(`permutation_${n}`).data)
  })

  test('categorical is exact where no two candidates tie', () => {
    expect(categorical(k, right('categorical_logits')).data).toEqual(right('categorical').data)
  })

  test.each(shapes.map((shape) => [shape.join('x') || 'scalar', shape] as const))(
    'draws of shape %s',
    (name, shape) => {
      expect(words(randomBits(k, shape))).toEqual(right(`bits.${name}`).data)
      expect(uniform(k, shape).data).toEqual(right(`uniform.${name}`).data)
      expect(words(bernoulli(k, 0.1, shape))).toEqual(right(`bernoulli_0.1.${name}`).data)
      expect(randint(k, shape, -3, 1000).data).toEqual(right(`randint_-3_1000.${name}`).data)
    },
  )

  // XLA's log differs from the correctly rounded one by an ULP or two; where -log(-log u) is near 0 that ULP is of 1
  test.each([
    ['uniform_range', 0, 0, (shape: readonly number[]) => uniform(k, shape, -2.5, 7.25)],
    ['normal', 3, 0, (shape: readonly number[]) => normal(k, shape)],
    ['truncated_normal', 3, 0, (shape: readonly number[]) => truncatedNormal(k, -2, 2, shape)],
    ['exponential', 1, 0, (shape: readonly number[]) => exponential(k, shape)],
    ['gumbel', 2, 1, (shape: readonly number[]) => gumbel(k, shape)],
  ])('%s is within %d ULP (of %d at least)', (name, bound, smallest, draw) => {
    let worst = 0
    for (const shape of shapes) {
      const [ours, theirs] = [plain(draw(shape)), plain(right(`${name}.${shape.join('x') || 'scalar'}`))]
      expect(ours.length).toBe(theirs.length)
      for (const [i, x] of theirs.entries()) {
        const size = ulpOf(Math.max(Math.abs(x), smallest))
        worst = Math.max(worst, Math.abs(x - (ours[i] ?? Number.NaN)) / size)
      }
    }
    expect(worst).toBeLessThanOrEqual(bound)
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
