import { array, key, normal, sub, type Tensor, treeEntries, zeros } from '@cotangent/core'
import {
  applyWeight,
  denseWeight,
  isLowRank,
  type LinearParams,
  type LowRank,
  partition,
  withoutAdapters,
} from '@cotangent/nn'
import { describe, expect, it } from 'vitest'
import { adapt, parameterCount, trainable } from './adapt.js'
import { type AdapterInit, lora, pissa } from './initialise.js'

type Params = {
  readonly layer: readonly { readonly query: LinearParams; readonly key: LinearParams }[]
  readonly head: LinearParams
}

const linear = (seed: number): LinearParams => ({ weight: normal(key(seed), [6, 5]), bias: zeros([6]) })
const params: Params = {
  layer: [
    { query: linear(1), key: linear(2) },
    { query: linear(3), key: linear(4) },
  ],
  head: linear(5),
}
const queries = (path: string): boolean => path.endsWith('query.weight')
const inits: Readonly<Record<string, AdapterInit>> = {
  lora: lora({ rank: 2, alpha: 4, key: key(9) }),
  pissa: pissa({ rank: 2, alpha: 4 }),
}
const largest = (x: Tensor): number => Math.max(...Array.from(x.data, Math.abs))

const adapterOf = (init: AdapterInit): LowRank => {
  const weight = adapt(params, queries, init).params.layer[0]?.query.weight
  if (!isLowRank(weight)) throw new Error('no adapter')
  return weight
}

describe.each(Object.entries(inits))('%s', (_, init) => {
  const adapted = adapt(params, queries, init)

  it('changes the selected weights and shares the others', () => {
    expect(adapted.paths).toEqual(['layer[0].query.weight', 'layer[1].query.weight'])
    expect(adapted.params.layer[0]?.key).toEqual(params.layer[0]?.key)
    expect(adapted.params.layer[0]?.key.weight).toBe(params.layer[0]?.key.weight)
  })

  it('starts as the model, and is it without the adapter', () => {
    const original = params.layer[1]?.query.weight
    const weight = adapted.params.layer[1]?.query.weight
    if (original === undefined || weight === undefined) throw new Error('unreachable')
    expect(largest(sub(denseWeight(weight), denseWeight(original)))).toBeLessThan(1e-6)
    expect(withoutAdapters(adapted.params).layer[1]?.query.weight).toBe(original)
  })

  it('trains A and B, and what else is asked for', () => {
    const paths = (also?: (path: string) => boolean): string[] =>
      treeEntries(partition(adapted.params, trainable(adapted.params, also))[0]).map(([path]) => path)
    const factors = [
      'layer[0].query.weight.a',
      'layer[0].query.weight.b',
      'layer[1].query.weight.a',
      'layer[1].query.weight.b',
    ]
    expect(paths()).toEqual(factors)
    expect(paths((path) => path.startsWith('head.'))).toEqual(['head.bias', 'head.weight', ...factors])
    expect(paths(() => true)).not.toContain('layer[0].query.weight.base')
    expect(parameterCount(partition(adapted.params, trainable(adapted.params))[0])).toBe(2 * (2 * 5 + 6 * 2))
  })
})

describe('lora', () => {
  it('draws A within ±1/√in, of another key for each weight, and starts B at 0', () => {
    const { a, b, scale, a0 } = adapterOf(inits.lora ?? pissa({ rank: 1, alpha: 1 }))
    const second = adapt(params, queries, lora({ rank: 2, alpha: 4, key: key(9) })).params.layer[1]?.query.weight
    expect(largest(a)).toBeLessThan(1 / Math.sqrt(5))
    expect(largest(b)).toBe(0)
    expect([scale.item(), a0]).toEqual([2, undefined])
    expect(isLowRank(second) && second.a.toArray()).not.toEqual(a.toArray())
  })

  it('gives the output of the base bit for bit at first', () => {
    const weight = adapterOf(lora({ rank: 3, alpha: 1, key: key(1) }))
    const x = normal(key(2), [4, 5])
    expect(applyWeight(weight, x).toArray()).toEqual(applyWeight(weight.base, x).toArray())
  })
})

describe('pissa', () => {
  it('of full rank holds the whole weight', () => {
    const { base, a, b, scale } = adapterOf(pissa({ rank: 5, alpha: 10 }))
    expect(largest(sub(denseWeight({ base: zeros([6, 5]), a, b, scale }), base))).toBeLessThan(1e-5)
  })

  it('needs a key for a large weight, and only there', () => {
    const large = { weight: normal(key(1), [513, 514]) }
    expect(() => adapt(large, () => true, pissa({ rank: 1, alpha: 1 }))).toThrowErrorMatchingInlineSnapshot(`
      [ArgumentError: pissa: a weight whose smaller side is above 512 needs a key.
        received  f32[513,514]
        to do     pissa({ rank, alpha, key: key(0) }): its decomposition is randomised]
    `)
    const init = pissa({ rank: 1, alpha: 1, key: key(2), iterations: 1 })
    expect(adapt(large, () => true, init).paths).toEqual(['weight'])
  })
})

describe('what cannot be adapted is refused', () => {
  it('by name', () => {
    const init = pissa({ rank: 2, alpha: 4 })
    expect(() => adapt(params, (path) => path.includes('quary'), init)).toThrowErrorMatchingInlineSnapshot(`
      [ArgumentError: adapt: at least one weight must be selected.
        received  none; there are head.weight, layer[0].key.weight, layer[0].query.weight, layer[1].key.weight, layer[1].query.weight, …
        to do     check the paths]
    `)
    expect(() => adapt(adapt(params, queries, init).params, queries, init)).toThrowErrorMatchingInlineSnapshot(`
      [ArgumentError: adapt: a weight can have one adapter.
        received  layer[0].query.weight has one
        to do     merge() it first]
    `)
    expect(() => adapt(params, queries, pissa({ rank: 6, alpha: 4 }))).toThrowErrorMatchingInlineSnapshot(`
      [ArgumentError: pissa: the rank must be a whole number from 1 to the smaller side of the weight.
        received  rank 6, weight f32[6,5]
        to do     lower the rank, or leave this weight out]
    `)
    expect(() => adapt(params, queries, lora({ rank: 1, alpha: 0, key: key(1) }))).toThrowErrorMatchingInlineSnapshot(`
      [ArgumentError: lora: alpha must be a number above 0.
        received  alpha 0
        to do     alpha = rank gives the scale 1]
    `)
    expect(() => adapt({ bias: array([1, 2]) }, () => true, init)).toThrowErrorMatchingInlineSnapshot(`
      [ShapeError: pissa: an adapter goes on a matrix [out, in] of f32.
        received  f32[2]
        to do     select weights of linear layers only]
    `)
  })
})
