/* Draws from a list: what may come, how often, and that it is the same under jit and vmap. */
import { describe, expect, test } from 'vitest'
import { array, type Tensor } from '../tensor.js'
import { jit } from '../transforms/jit.js'
import { vmap } from '../transforms/vmap.js'
import { choice } from './choice.js'
import { key, permutation, randint, splitKeys } from './random.js'

const count = 20_000
const numbers = (x: Tensor): number[] => Array.from<number>(x.data)
const share = (xs: readonly number[], value: number): number => xs.filter((x) => x === value).length / xs.length
/** More than 5 standard deviations of a share of `count` draws. */
const slack = 5 * Math.sqrt(0.25 / count)

describe('with replacement', () => {
  test('without probabilities it is randint', () => {
    expect(choice(key(1), 7, [3, 4]).data).toEqual(randint(key(1), [3, 4], 0, 7).data)
  })

  test('things come as often as p says, those of probability 0 never', () => {
    const p = [0, 1, 0, 5, 2, 0]
    const draws = numbers(choice(key(2), 6, [count], { p: array(p) }))
    for (const [i, weight] of p.entries()) {
      if (weight === 0) expect(draws).not.toContain(i)
      else expect(Math.abs(share(draws, i) - weight / 8)).toBeLessThan(slack)
    }
  })

  test('from a tensor rows are drawn', () => {
    const rows = array([
      [1, 2],
      [3, 4],
    ])
    const drawn = choice(key(3), rows, [2, 5])
    expect(drawn.shape).toEqual([2, 5, 2])
    const picks = numbers(choice(key(3), 2, [2, 5]))
    expect(numbers(drawn)).toEqual(picks.flatMap((i) => [2 * i + 1, 2 * i + 2]))
  })
})

describe('without replacement', () => {
  const once = { replace: false }

  test('without probabilities it is the front of a permutation', () => {
    expect(numbers(choice(key(4), 9, [2, 3], once))).toEqual(numbers(permutation(key(4), 9)).slice(0, 6))
  })

  test('nothing comes twice, and the second is drawn from what is left', () => {
    const p = [0.5, 0.3, 0.2]
    const pairs = vmap((k: Tensor) => choice(k, 3, [2], { replace: false, p: array(p) }))(splitKeys(key(5), count))
    const drawn = numbers(pairs)
    const firsts = drawn.filter((_, i) => i % 2 === 0)
    const codes = firsts.map((first, i) => 3 * first + (drawn[2 * i + 1] ?? 0))
    for (const [i, pi] of p.entries()) {
      expect(Math.abs(share(firsts, i) - pi)).toBeLessThan(slack)
      for (const [j, pj] of p.entries()) {
        const expected = i === j ? 0 : (pi * pj) / (1 - pi)
        expect(Math.abs(share(codes, 3 * i + j) - expected)).toBeLessThan(i === j ? Number.MIN_VALUE : slack)
      }
    }
  })
})

test.each([true, false])('draws are the same under jit and vmap, with replacement %s', (replace) => {
  const draw = (k: Tensor): Tensor => choice(k, 5, [3], { replace, p: array([1, 2, 3, 4, 5]) })
  const keys = splitKeys(key(6), 4)
  const eager = numbers(vmap(draw)(keys))
  expect(numbers(vmap(jit(draw))(keys))).toEqual(eager)
  expect(numbers(draw(key(7)))).toEqual(numbers(jit(draw)(key(7))))
})
