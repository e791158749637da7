import { array, grad, sum, type Tensor, treeEntries } from '@cotangent/core'
import { describe, expect, expectTypeOf, it } from 'vitest'
import { combine, type Part, partition } from './partition.js'

const params = {
  layer: [
    { w: array([1, 2]), b: array([3]) },
    { w: array([4, 5]), b: array([6]) },
  ],
  head: array([7]),
}
type Params = typeof params

describe('partition and combine', () => {
  it('take a tree apart by path and put it together', () => {
    const [biases, rest] = partition(params, (path) => path.endsWith('.b'))
    expect(treeEntries(biases).map(([path]) => path)).toEqual(['layer[0].b', 'layer[1].b'])
    expect(treeEntries(rest).map(([path]) => path)).toEqual(['head', 'layer[0].w', 'layer[1].w'])
    const whole = combine(biases, rest)
    expect(whole).toEqual(params)
    expect(whole.head).toBe(params.head)
    expectTypeOf(biases).toEqualTypeOf<Part<Params>>()
    expectTypeOf(whole).toEqualTypeOf<Params>()
    const untyped: unknown = biases
    expect(combine(untyped, rest)).toEqual(params)
  })

  it('select by leaf', () => {
    const [long] = partition(params, (_, leaf) => leaf.size > 1)
    expect(treeEntries(long).map(([path]) => path)).toEqual(['layer[0].w', 'layer[1].w'])
  })

  it('a gradient is taken of one part alone, and has its structure', () => {
    const [trained, frozen] = partition(params, (path) => path.startsWith('layer[1]'))
    const loss = (part: typeof trained): Tensor => {
      const { layer } = combine(part, frozen)
      return sum(layer[1]?.w ?? array([0]))
    }
    const slope = grad(loss)(trained)
    expect(treeEntries(slope).map(([path, g]) => [path, g.toArray()])).toEqual([
      ['layer[1].b', [0]],
      ['layer[1].w', [1, 1]],
    ])
    expect(combine(slope, frozen).head).toBe(params.head)
  })

  it('everything and nothing', () => {
    const [all, none] = partition(params, () => true)
    expect(all).toEqual(params)
    expect(treeEntries(none)).toEqual([])
    expect(combine(none, all)).toEqual(params)
  })

  it('refuse parts that overlap or do not fit', () => {
    const [biases] = partition(params, (path) => path.endsWith('.b'))
    expect(() => combine(biases, biases)).toThrowErrorMatchingInlineSnapshot(`
      [TreeMismatchError: combine: the parts must have one structure, and a leaf in one of them at each place.
        received  at layer[0].b: Tensor f32[1] [3] and Tensor f32[1] [3]
        to do     combine what partition gave, after updates that keep the structure]
    `)
    expect(() => combine({ a: [null] }, { a: [null, null] })).toThrowErrorMatchingInlineSnapshot(`
      [TreeMismatchError: combine: the parts must have one structure, and a leaf in one of them at each place.
        received  at a: a list of 1 and a list of 2
        to do     combine what partition gave, after updates that keep the structure]
    `)
  })
})
