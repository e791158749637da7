import { array, mul, type Tensor, valueAndGrad } from '@cotangent/core'
import { describe, expect, it } from 'vitest'
import { consistency } from './consistency.js'
import { diversity } from './diversity.js'
import { spectral } from './spectral.js'

const student = array([
  [3, -1, 2],
  [0.5, 4, -2],
  [-1, 1, 1],
  [2, 2, 0],
])
const teacher = array([
  [1, 0, 2],
  [1, 3, -1],
  [-2, 1, 0],
  [0, 2, 1],
])
const all = (x: Tensor): boolean => [...x.data].every(Number.isFinite)
const zero = (x: Tensor): boolean => [...x.data].every((v) => v === 0)

describe('by hand', () => {
  it('consistency', () => {
    expect(consistency(array([[3, 0]]), array([[0, 2]])).item()).toBe(1)
    expect(consistency(array([[1, 0]]), array([[-5, 0]])).item()).toBe(2) // 4 / d, the largest
  })

  it('diversity', () => {
    expect(
      diversity(
        array([
          [1, 0],
          [0, 1],
        ]),
      ).item(),
    ).toBe(0.25)
  })

  it('spectral', () => {
    const x = array([
      [3, 0],
      [0, 1],
    ])
    expect(spectral(x, { k: 1 }).item()).toBeCloseTo(-0.75, 6)
    expect(spectral(x, { k: 1, norm: 'frobenius' }).item()).toBeCloseTo(-3 / Math.sqrt(10), 6)
    expect(spectral(x, { k: 5 }).item()).toBeCloseTo(-1, 6)
  })
})

describe('consistency', () => {
  it.each([1e-20, 1e-12, 1, 1e12, 1e20])('does not change when rows are scaled by %d, and stays finite', (c) => {
    const [value, slope] = valueAndGrad((x: Tensor) => consistency(x, teacher))(mul(student, c))
    expect(value.item()).toBeCloseTo(consistency(student, teacher).item(), 6)
    expect(all(slope)).toBe(true)
  })

  it('is exactly 0, with gradient 0, where student and teacher agree', () => {
    const [value, slope] = valueAndGrad((x: Tensor) => consistency(x, student))(student)
    expect([value.item(), zero(slope)]).toEqual([0, true])
  })

  it('is finite for a row of zeros', () => {
    const [value, slope] = valueAndGrad((x: Tensor) => consistency(x, teacher))(mul(student, 0))
    expect([value.item() > 0, all(slope)]).toEqual([true, true])
  })
})

describe('what does not act is 0, with gradient 0', () => {
  const cases: readonly (readonly [string, (x: Tensor) => Tensor, Tensor])[] = [
    ['diversity of one row', (x) => diversity(x), array([[1, 2, 3]])],
    ['diversity of one counted row', (x) => diversity(x, { mask: array([0, 1, 0, 0]) }), student],
    ['diversity of one class', (x) => diversity(x), array([[1], [2]])],
    ['spectral of one row', (x) => spectral(x, { k: 1 }), array([[1, 2, 3]])],
    ['spectral of one counted row', (x) => spectral(x, { k: 1, mask: array([0, 1, 0, 0]) }), student],
    ['spectral of one class', (x) => spectral(x, { k: 1 }), array([[1], [2]])],
    ['spectral of zeros', (x) => spectral(x, { k: 1 }), mul(student, 0)],
    ['spectral of zeros, Frobenius', (x) => spectral(x, { k: 1, norm: 'frobenius' }), mul(student, 0)],
    ['spectral below 1e-8', (x) => spectral(x, { k: 1 }), mul(student, 1e-10)],
    ['consistency of no row', (x) => consistency(x, teacher, { mask: array([0, 0, 0, 0]) }), student],
    ['diversity of no row', (x) => diversity(x, { mask: array([0, 0, 0, 0]) }), student],
    ['spectral of no row', (x) => spectral(x, { k: 1, mask: array([0, 0, 0, 0]) }), student],
  ]
  it.each(cases)('%s', (_, loss, x) => {
    const [value, slope] = valueAndGrad(loss)(x)
    expect([value.item(), zero(slope)]).toEqual([0, true])
  })
})

it.each([1e-6, 1, 1e6, 1e20])('spectral does not change with the scale %d', (c) => {
  for (const norm of ['nuclear', 'frobenius'] as const) {
    const [value, slope] = valueAndGrad((x: Tensor) => spectral(x, { k: 1, norm }))(mul(student, c))
    expect(value.item()).toBeCloseTo(spectral(student, { k: 1, norm }).item(), 5)
    expect(all(slope)).toBe(true)
  }
})

it('rows that do not count may hold anything', () => {
  const dirty = array([[Number.NaN, 1, Number.POSITIVE_INFINITY], ...(student.toArray() as number[][])])
  const dirtyTeacher = array([[Number.NaN, 1, 0], ...(teacher.toArray() as number[][])])
  const mask = array([false, true, true, true, true])
  const pairs: readonly (readonly [(x: Tensor) => Tensor, number])[] = [
    [(x) => consistency(x, dirtyTeacher, { mask }), consistency(student, teacher).item()],
    [(x) => diversity(x, { mask }), diversity(student).item()],
    [(x) => spectral(x, { k: 1, mask }), spectral(student, { k: 1 }).item()],
  ]
  for (const [loss, expected] of pairs) {
    const [value, slope] = valueAndGrad(loss)(dirty)
    expect(value.item()).toBeCloseTo(expected, 6)
    expect(all(slope)).toBe(true)
  }
})

describe('wrong calls', () => {
  it('are refused', () => {
    expect(() => consistency(student, array([[1, 2, 3]]))).toThrowErrorMatchingInlineSnapshot(`
      [ShapeError: consistency: student and teacher must have one shape and dtype.
        received  student f32[4,3], teacher f32[1,3]
        to do     give the logits of both for the same rows and classes]
    `)
    expect(() => diversity(array([1, 2]))).toThrowErrorMatchingInlineSnapshot(`
      [ShapeError: diversity: student must be floating, [n, d], with at least one row and one class.
        received  student f32[2]
        to do     reshape(x, [-1, d]): one row per example or position]
    `)
    expect(() => spectral(student, { k: 0 })).toThrowErrorMatchingInlineSnapshot(`
      [ArgumentError: spectral: k must be a whole number above 0.
        received  k 0
        to do     leave the term out to do without it]
    `)
    expect(() => diversity(student, { mask: array([1]) })).toThrowErrorMatchingInlineSnapshot(`
      [ShapeError: diversity: the mask must have one entry per row.
        received  student f32[4,3], mask f32[1]
        to do     give a mask of shape [n]]
    `)
  })
})
