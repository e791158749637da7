/* Einstein's summation against the sum it stands for, written out, and its gradients against differences. */
import { checkGrads, oracle } from '@cotangent/testing'
import { describe, expect, test } from 'vitest'
import { printAval } from '../aval.js'
import { key, normal } from '../random/random.js'
import type { HostTensor, Tensor } from '../tensor.js'
import { makeIR } from '../trace/makeIR.js'
import { ones } from './broadcast.js'
import { einsum } from './einsum.js'

const lengthOf: Readonly<Record<string, number>> = { a: 2, b: 3, c: 4, d: 1, e: 5 }

const specs = [
  'aa->a',
  'aa->',
  'bab->a',
  'bab->ba',
  'aaa->a',
  'ab,bb->ab',
  'aab,ba->b',
  'ab,bc,cd->ad',
  'ab,ab,ac->bc',
  'a,b,c->cab',
  'abc,ab,ac,a->b',
  'a,a,a,a->a',
  'ac,cb,be,ea->',
  'ab,,b->a',
]

const shapesOf = (spec: string): readonly number[][] =>
  (spec.split('->')[0] ?? '').split(',').map((term) => [...term].map((letter) => lengthOf[letter] ?? 0))

/** Σ over all values of all letters, of the product of the entries they name. */
const writtenOut = (spec: string, xs: readonly HostTensor[]): number[] => {
  const [from = '', to = ''] = spec.split('->')
  const terms = from.split(',')
  const others = [...new Set(from.replaceAll(',', ''))].filter((letter) => !to.includes(letter))
  const visit = (
    letters: readonly string[],
    at: ReadonlyMap<string, number>,
    f: (at: ReadonlyMap<string, number>) => void,
  ): void => {
    const [letter, ...rest] = letters
    if (letter === undefined) f(at)
    else for (let i = 0; i < (lengthOf[letter] ?? 0); i++) visit(rest, new Map([...at, [letter, i]]), f)
  }
  const entry = (i: number, at: ReadonlyMap<string, number>): number => {
    const place = [...(terms[i] ?? '')].reduce((p, letter) => p * (lengthOf[letter] ?? 0) + (at.get(letter) ?? 0), 0)
    return xs[i]?.data[place] ?? Number.NaN
  }
  const results: number[] = []
  visit([...to], new Map(), (kept) => {
    let total = 0
    visit(others, kept, (at) => {
      total += xs.reduce((product, _, i) => product * entry(i, at), 1)
    })
    results.push(total)
  })
  return results
}

describe.each(specs)('%s', (spec) => {
  const xs = shapesOf(spec).map((shape, i) => normal(key(i), shape) as HostTensor) // border: nothing is traced here

  test('is the sum written out', () => {
    const [ours] = oracle((list) => [einsum(spec, ...list)], xs)
    const theirs = writtenOut(spec, xs)
    expect(ours?.size).toBe(theirs.length)
    for (const [i, y] of theirs.entries()) expect(ours?.data[i]).toBeCloseTo(y, 12)
  })

  test('has the derivatives of central differences', () => {
    checkGrads((list: readonly Tensor[]) => einsum(spec, ...list), [xs])
  })
})

const productsOf = (spec: string, ...shapes: readonly (readonly number[])[]): string[] =>
  makeIR((xs: readonly Tensor[]) => einsum(spec, ...xs))(shapes.map((shape) => ones(shape))).equations.flatMap(
    ({ primitive, results }) => (primitive.name === 'dotGeneral' ? results.map(({ aval }) => printAval(aval)) : []),
  )

test('the cheapest pair is multiplied first', () => {
  // (x y) z takes 100 + 100 products, x (y z) would take 1000 + 1000
  expect(productsOf('ab,bc,cd->ad', [1, 10], [10, 10], [10, 10])).toEqual(['f32[1,10]', 'f32[1,10]'])
  expect(productsOf('ab,bc,cd->ad', [10, 10], [10, 10], [10, 1])).toEqual(['f32[10,1]', 'f32[10,1]'])
})
