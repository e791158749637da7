import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { prepareIR } from '../compile/prepare.js'
import { evaluateIR } from '../reference/evaluate.js'
import { array, HostTensor, type Tensor } from '../tensor.js'
import { makeIR } from '../trace/makeIR.js'
import { grad } from '../transforms/vjp.js'
import { vmap } from '../transforms/vmap.js'
import { mul } from './arithmetic.js'
import { sum } from './reduction.js'
import { argsort } from './sorting.js'
import { topK } from './topK.js'

const { NaN: nan, POSITIVE_INFINITY: inf } = Number
const both = (rows: number[] | number[][], k: number): unknown[] => topK(array(rows), k).map((x) => x.toArray())

describe('topK', () => {
  it('gives values and places, the first of equal ones first', () => {
    expect(both([3, 9, 1, 9], 3)).toEqual([
      [9, 9, 3],
      [1, 3, 0],
    ])
    expect(
      both(
        [
          [0, -0, -inf],
          [-inf, -inf, 5],
        ],
        2,
      ),
    ).toEqual([
      [
        [0, -0],
        [5, -inf],
      ],
      [
        [0, 1],
        [2, 0],
      ],
    ])
  })

  it('takes NaN as larger than infinity', () => {
    expect(both([1, inf, nan, inf, nan], 4)).toEqual([
      [nan, nan, inf, inf],
      [2, 4, 1, 3],
    ])
  })

  it('agrees with a stable sort, also where it is made of other operations', () => {
    const value = fc.constantFrom(0, -0, 1, 2, -3, inf, -inf, nan)
    fc.assert(
      fc.property(fc.array(value, { minLength: 1, maxLength: 9 }), fc.nat(), (row, some) => {
        const k = 1 + (some % row.length)
        const x = array(row)
        const order = [...argsort(x, -1, { descending: true }).data]
        const ir = makeIR((y: Tensor) => topK(y, k)[1])(x)
        const ways = [ir, prepareIR(ir, ({ name }) => name !== 'topKIndices')]
        for (const way of ways) expect([...(evaluateIR(way, [x])[0]?.data ?? [])]).toEqual(order.slice(0, k))
      }),
      { seed: 1, numRuns: 200 },
    )
  })

  it('passes the derivative to the values it took, also at ties, and works under vmap', () => {
    const weighted = (x: Tensor): Tensor => sum(mul(topK(x, 2)[0], array([10, 1])))
    expect(grad(weighted)(array([1, 5, 5, 5])).toArray()).toEqual([0, 10, 1, 0])
    const rows = array([
      [1, 5, 3],
      [7, 0, 7],
    ])
    expect(vmap(grad(weighted))(rows).toArray()).toEqual([
      [0, 10, 1],
      [10, 0, 1],
    ])
    expect(vmap((x: Tensor) => topK(x, 1))(rows).map((x) => x.toArray())).toEqual([
      [[5], [7]],
      [[1], [0]],
    ])
  })

  it('refuses what cannot be', () => {
    expect(() => topK(array([1, 2]), 3)).toThrowErrorMatchingInlineSnapshot(`
      [ArgumentError: topK: k must be a whole number from 1 to 2, the length of the last axis.
        received  x f32[2], k 3
        to do     Math.min(k, x.shape.at(-1)) takes all where there are fewer]
    `)
    expect(() => topK(array(1), 1)).toThrowErrorMatchingInlineSnapshot(`
      [ShapeError: topK: the tensor must have a last axis, and elements.
        received  x f32[], k 1
        to do     reshape(x, [-1]) for all of its elements]
    `)
    expect(() => topK(new HostTensor(new Int32Array([1]), [1], 'i32'), 1)).toThrowErrorMatchingInlineSnapshot(`
      [DTypeError: topK: x must have a floating dtype (f32 or f64).
        received  x i32[1]
        to do     cast(x, 'f32') first]
    `)
  })
})
