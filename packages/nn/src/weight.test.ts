import {
  add,
  array,
  countFlops,
  grad,
  key,
  makeIR,
  matmul,
  matrixTranspose,
  mul,
  normal,
  prepareIR,
  scalar,
  split,
  sub,
  sum,
  type Tensor,
  zeros,
} from '@cotangent/core'
import { describe, expect, expectTypeOf, it } from 'vitest'
import { combine, partition } from './partition.js'
import {
  applyWeight,
  type Dense,
  denseWeight,
  hasAdapters,
  isLowRank,
  type LowRank,
  mergeAdapters,
  type Weight,
  withoutAdapters,
} from './weight.js'

const draw = (seed: number, ...shapes: (readonly number[])[]): Tensor[] =>
  split(key(seed), shapes.length).map((k, i) => normal(k, shapes[i] ?? []))

const [x, base, a, b, a0, b0] = draw(1, [2, 3, 5], [4, 5], [2, 5], [4, 2], [2, 5], [4, 2]) as [
  Tensor,
  Tensor,
  Tensor,
  Tensor,
  Tensor,
  Tensor,
]
const lora: LowRank = { base, a, b, scale: scalar(0.5) }
const pissa: LowRank = { ...lora, a0, b0 }

const largest = (t: Tensor): number => Math.max(...[...t.data].map(Math.abs))
const close = (ours: Tensor, expected: Tensor): void => {
  expect(ours.shape).toEqual(expected.shape)
  expect(largest(sub(ours, expected))).toBeLessThan(1e-5)
}

describe('applyWeight', () => {
  it('is a product by hand', () => {
    const weight: LowRank = {
      base: array([[1, 0]]),
      a: array([[0, 1]]),
      b: array([[2]]),
      scale: scalar(10),
    }
    // [3, 5]·[1, 0] + 10 · 2 · ([3, 5]·[0, 1])
    expect(applyWeight(weight, array([3, 5])).toArray()).toEqual([103])
    expect(denseWeight(weight).toArray()).toEqual([[1, 20]])
  })

  it.each([
    ['dense', base],
    ['low rank', lora],
    ['low rank, less its start', pissa],
  ])('%s: the same as the product with denseWeight', (_, weight) => {
    close(applyWeight(weight, x), matmul(x, matrixTranspose(denseWeight(weight))))
  })

  it('denseWeight is base + scale (b a − b0 a0)', () => {
    const delta = sub(matmul(b, a), matmul(b0, a0))
    close(denseWeight(pissa), add(base, mul(delta, 0.5)))
  })

  it('with b = 0 gives the base bit for bit', () => {
    const fresh: LowRank = { ...lora, b: zeros([4, 2]) }
    expect(applyWeight(fresh, x).toArray()).toEqual(applyWeight(base, x).toArray())
  })

  it('takes PiSSA by one pair of small products', () => {
    const names = makeIR((t: Tensor) => applyWeight(pissa, t))(x).equations.map(({ primitive }) => primitive.name)
    expect(names.filter((name) => name === 'dotGeneral')).toHaveLength(3)
  })

  it('does no work for the gradient of a base that is not differentiated', () => {
    const wide = 64
    const [big, xs, aw, bw] = draw(2, [wide, wide], [16, wide], [1, wide], [wide, 1])
    const params = { base: big, a: aw, b: bw, scale: scalar(1) }
    const [trained, rest] = partition(params, (path) => path === 'a' || path === 'b')
    const slope = (part: typeof trained, input: Tensor) =>
      grad((p: typeof trained) => sum(applyWeight(combine(p, rest) as LowRank, input)))(part)
    const flops = countFlops(prepareIR(makeIR(slope)(trained, xs as Tensor), () => true))
    const oneBaseProduct = 2 * 16 * wide * wide
    // forward only; its gradient would be a second one. The value of the sum is not asked for, so even that goes.
    expect(flops).toBeLessThan(oneBaseProduct)
  })

  it('refuses an x of another width', () => {
    expect(() => applyWeight(base, zeros([2, 4]))).toThrowErrorMatchingInlineSnapshot(`
      [ShapeError: applyWeight: the last axis of x must equal the last axis of the weight [out, in].
        received  x f32[2,4], weight f32[4,5]
        to do     check the layer's width, or transpose the weight]
    `)
    expect(() => applyWeight({ ...lora, a0 }, x)).toThrowErrorMatchingInlineSnapshot(`
      [TreeMismatchError: applyWeight: a0 and b0 belong together.
        received  only a0
        to do     give both, or neither]
    `)
  })
})

describe('adapter dropout', () => {
  it('touches the trained pair only', () => {
    const off = { rate: 1, key: key(3) }
    close(applyWeight(lora, x, off), applyWeight(base, x))
    const minusStart: LowRank = { base, a: a0, b: b0, scale: scalar(-0.5) }
    close(applyWeight(pissa, x, off), applyWeight(minusStart, x))
  })

  it('same key, same result; no key, no dropout', () => {
    const some = { rate: 0.5, key: key(3) }
    expect(applyWeight(pissa, x, some).toArray()).toEqual(applyWeight(pissa, x, some).toArray())
    expect(applyWeight(pissa, x, some).toArray()).not.toEqual(
      applyWeight(pissa, x, { rate: 0.5, key: key(4) }).toArray(),
    )
    expect(applyWeight(pissa, x, { rate: 0.5, key: null }).toArray()).toEqual(applyWeight(pissa, x).toArray())
  })
})

describe('trees with adapters', () => {
  const params: { readonly layer: readonly { readonly weight: Weight; readonly bias: Tensor }[] } = {
    layer: [
      { weight: pissa, bias: zeros([4]) },
      { weight: base, bias: zeros([4]) },
    ],
  }

  it('withoutAdapters gives the very base', () => {
    const teacher = withoutAdapters(params)
    expect(teacher.layer[0]?.weight).toBe(base)
    expect(teacher.layer[1]?.weight).toBe(base)
    expect(teacher.layer[0]?.bias).toBe(params.layer[0]?.bias)
    expectTypeOf(teacher.layer).items.toHaveProperty('weight').toEqualTypeOf<Tensor>()
    expectTypeOf<Dense<LowRank>>().toEqualTypeOf<Tensor>()
  })

  it('mergeAdapters gives the effective weights', () => {
    const merged = mergeAdapters(params)
    expect(merged.layer[0]?.weight.toArray()).toEqual(denseWeight(pissa).toArray())
  })

  it('finds them', () => {
    expect(hasAdapters(params)).toBe(true)
    expect(hasAdapters(withoutAdapters(params))).toBe(false)
    expect([isLowRank(lora), isLowRank(base), isLowRank({ base, a, b }), isLowRank(null)]).toEqual([
      true,
      false,
      false,
      false,
    ])
  })
})
