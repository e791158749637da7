import { lawRuns, pytreeArbitrary } from '@cotangent/testing'
import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { mul } from './primitives/arithmetic.js'
import {
  leafCount,
  type Pytree,
  printTree,
  sameTree,
  treeEntries,
  treeFlatten,
  treeLeaves,
  treeMap,
  treeUnflatten,
} from './pytree.js'
import { array, brand, scalar, type Tensor } from './tensor.js'

const runs = lawRuns(200)

describe('pytrees', () => {
  test('flatten and unflatten are inverse', () => {
    fc.assert(
      fc.property(pytreeArbitrary(), (tree) => {
        const [leaves, def] = treeFlatten(tree)
        const back = treeUnflatten<Pytree>(def, leaves)
        const [again, sameDef] = treeFlatten(back)
        expect(again).toEqual(leaves)
        expect(again.every((x, i) => x === leaves[i])).toBe(true)
        expect(sameTree(def, sameDef)).toBe(true)
        expect(leafCount(def)).toBe(leaves.length)
        expect(printTree(sameDef)).toBe(printTree(def))
      }),
      runs,
    )
  })

  test('leaves come in the order of sorted keys, whatever the order they were written in', () => {
    const [a, b, c] = [1, 2, 3].map((x) => scalar(x))
    expect(treeLeaves({ b, a, c }).map((x) => x.item())).toEqual([1, 2, 3])
    expect(treeLeaves({ 10: a, 9: b }).map((x) => x.item())).toEqual([1, 2])
    expect(sameTree(treeFlatten({ b, a })[1], treeFlatten({ a, b })[1])).toBe(true)
  })

  test('paths read as JavaScript', () => {
    const tree = { layers: [{ w: scalar(1) }, { w: scalar(2), b: null }], head: scalar(3) }
    expect(treeEntries(tree).map(([path]) => path)).toEqual(['head', 'layers[0].w', 'layers[1].w'])
    expect(treeEntries([scalar(1)]).map(([path]) => path)).toEqual(['[0]'])
  })

  test('null and undefined are no leaves and come back as null; numbers are scalars', () => {
    const [leaves, def] = treeFlatten({ a: null, b: undefined, c: 2 })
    expect(leaves.map((x) => x.item())).toEqual([2])
    expect(treeUnflatten<unknown>(def, ['x'])).toEqual({ a: null, b: null, c: 'x' })
  })

  test('a key called __proto__ or constructor is a key', () => {
    const tree: unknown = JSON.parse('{"__proto__": {"polluted": [1]}, "constructor": [2]}')
    const [leaves, def] = treeFlatten(tree)
    const back = treeUnflatten<object>(def, leaves)
    expect(Object.keys(back)).toEqual(['__proto__', 'constructor'])
    expect('polluted' in {}).toBe(false)
  })

  test('treeMap works side by side and keeps the structure', () => {
    const tree = { w: array([1, 2]), rest: [scalar(3), null] }
    const twice = treeMap((x: Tensor) => mul(x, 2), tree)
    expect(twice.w.toArray()).toEqual([2, 4])
    expect(treeMap((x, y) => mul(x, y ?? x), tree, twice).w.toArray()).toEqual([2, 8])
    expect(() => treeMap((x: Tensor) => x, tree, { w: scalar(1) })).toThrowErrorMatchingInlineSnapshot(`
      [TreeMismatchError: treeMap: the pytrees must have the same structure.
        received  {rest: [*, null], w: *} and {w: *}
        to do     give both the same keys and lengths]
    `)
  })
})

describe('what is no pytree is refused with its path', () => {
  test('functions, dates, maps, promises', () => {
    expect(() => treeLeaves({ a: [scalar(1), () => 1] })).toThrowErrorMatchingInlineSnapshot(`
      [TreeMismatchError: pytree: a pytree holds tensors, numbers, null, arrays and plain objects only.
        received  at a[1]: function
        to do     turn it into a tensor with array(), or keep it beside the tree]
    `)
    expect(() => treeLeaves({ a: new Map() })).toThrow(/at a: Map/)
    expect(() => treeLeaves('text')).toThrow(/at the root: string/)
    expect(() => treeLeaves({ a: Promise.resolve(scalar(1)) })).toThrow(/await it before the call/)
  })

  test('a tensor of another copy of the package', () => {
    const foreign = new (class Foreign {
      readonly [brand] = '0.0.9'
    })()
    expect(() => treeLeaves([foreign])).toThrowErrorMatchingInlineSnapshot(`
      [TreeMismatchError: pytree: a pytree holds tensors, numbers, null, arrays and plain objects only.
        received  at [0]: a tensor of another copy of @cotangent/core (0.0.9; this one is 0.1.0)
        to do     install one copy: \`npm ls @cotangent/core\` shows who brings the second]
    `)
  })
})
