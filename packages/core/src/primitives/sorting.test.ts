import { forAll, lawRuns, tensorOf } from '@cotangent/testing'
import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { prepareIR } from '../compile/prepare.js'
import { evaluateIR } from '../reference/evaluate.js'
import { array, type Tensor } from '../tensor.js'
import { makeIR } from '../trace/makeIR.js'
import { grad } from '../transforms/vjp.js'
import { vmap } from '../transforms/vmap.js'
import { mul } from './arithmetic.js'
import { ones, zeros } from './broadcast.js'
import { sum } from './reduction.js'
import { argsort, searchSorted, sort } from './sorting.js'

const { NaN: nan, POSITIVE_INFINITY: inf } = Number
const hostile = fc.constantFrom(0, -0, 1, 2, -3, inf, -inf, nan)
const list = (max: number, min = 0) => fc.integer({ min, max }).chain((n) => tensorOf([n], hostile))

test('NaN lies behind infinity, in front if descending; of equal ones the first comes first', () => {
  const x = array([nan, 1, inf, 0, nan, -0, 1])
  expect(argsort(x).toArray()).toEqual([3, 5, 1, 6, 2, 0, 4])
  expect(argsort(x, -1, { descending: true }).toArray()).toEqual([0, 4, 2, 1, 6, 3, 5])
})

test('a sorted row holds the same elements, in order; comparing each with each gives the same', () => {
  forAll(
    [list(9), fc.boolean()],
    (x, descending) => {
      const order = Array.from(argsort(x, 0, { descending }).data)
      expect([...order].sort((a, b) => a - b)).toEqual(order.map((_, i) => i))
      const values = Array.from(sort(x, 0, { descending }).data)
      expect(values).toEqual(order.map((i) => x.data[i]))
      const rank = (value: number): number => (Number.isNaN(value) ? 2e9 : Math.max(-1e9, Math.min(1e9, value)))
      for (const [i, value] of values.entries()) {
        const step = i === 0 ? 0 : rank(value) - rank(values[i - 1] ?? 0)
        expect(descending ? -step : step).toBeGreaterThanOrEqual(0)
        if (i > 0 && step === 0) expect(order[i]).toBeGreaterThan(order[i - 1] ?? 0)
      }
      const ir = makeIR((y: Tensor) => argsort(y, 0, { descending }))(x)
      const plain = prepareIR(ir, ({ name }) => name !== 'argsort')
      expect(plain.equations.some(({ primitive }) => primitive.name === 'argsort')).toBe(false)
      expect(Array.from(evaluateIR(plain, [x])[0]?.data ?? [])).toEqual(order)
    },
    lawRuns(200),
  )
})

test('a long row stays one equation: n² comparisons would be too many', () => {
  const ir = makeIR((y: Tensor) => argsort(y))(ones([257]))
  expect(prepareIR(ir, () => false).equations.map(({ primitive }) => primitive.name)).toEqual(['argsort'])
})

test('the derivative goes to where an element came from', () => {
  const weighted = (x: Tensor): Tensor => sum(mul(sort(x), array([1, 10, 100])))
  expect(grad(weighted)(array([5, 7, 5])).toArray()).toEqual([1, 100, 10])
  const rows = array([
    [3, 1, 2],
    [1, 2, 3],
  ])
  expect(vmap(grad(weighted))(rows).toArray()).toEqual([
    [100, 1, 10],
    [1, 10, 100],
  ])
})

test('searchSorted counts what lies before a value', () => {
  forAll(
    [list(12), list(5)],
    (given, values) => {
      const sorted = sort(given)
      const key = (x: number | undefined): number => (Number.isNaN(x) ? 2e9 : Math.max(-1e9, Math.min(1e9, x ?? 0)))
      for (const side of ['left', 'right'] as const) {
        const expected = Array.from(values.data, (value) => {
          const count = Array.from(sorted.data).filter((s) =>
            side === 'left' ? key(s) < key(value) : key(s) <= key(value),
          )
          return count.length
        })
        expect(searchSorted(sorted, values, { side }).toArray()).toEqual(expected)
      }
    },
    lawRuns(200),
  )
  expect(searchSorted(zeros([0]), array([[1, 2]])).toArray()).toEqual([[0, 0]])
  const lists = array([
    [1, 2, 3],
    [2, 4, 6],
  ])
  expect(vmap((s: Tensor, v: Tensor) => searchSorted(s, v))(lists, array([3, 3])).toArray()).toEqual([2, 1])
})
