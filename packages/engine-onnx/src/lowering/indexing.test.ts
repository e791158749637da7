import {
  array,
  compile,
  constant,
  IndexError,
  iota,
  ones,
  scatterAdd,
  scatterAddAlongAxis,
  scatterSet,
  sub,
  type Tensor,
  take,
  takeAlongAxis,
} from '@cotangent/core'
import { afterAll, describe, expect, test } from 'vitest'
import { onnxEngine } from '../engine.js'

const engine = await onnxEngine({ threads: 2 })
afterAll(() => engine.close())

const users: Readonly<Record<string, (x: Tensor, i: Tensor) => Tensor>> = {
  take: (x, i) => take(x, i),
  scatterAdd: (x, i) => scatterAdd(x, i, ones(i.shape)),
  scatterSet: (x, i) => scatterSet(x, i, ones(i.shape)),
  takeAlongAxis: (x, i) => takeAlongAxis(x, i),
  scatterAddAlongAxis: (x, i) => scatterAddAlongAxis(x, i, ones(i.shape)),
}

const x = array([10, 20, 30])

/** The same index as an operand, as a constant of the program, and computed of constants. */
const ways = (index: number): Readonly<Record<string, (f: (x: Tensor, i: Tensor) => Tensor) => Promise<Tensor>>> => {
  const i = array([0, index], 'i32')
  return {
    operand: (f) => compile(f, engine)(x, i),
    constant: (f) => compile((y: Tensor) => f(y, constant(i)), engine)(x),
    computed: (f) => compile((y: Tensor) => f(y, sub(iota(2, 'i32'), 1 - index)), engine)(x),
  }
}

describe.each(Object.entries(users))('%s', (_, f) => {
  test.each(
    [-1, -4, 3].flatMap((index) => Object.entries(ways(index)).map(([how, run]) => [index, how, run] as const)),
  )('refuses %d as %s', async (_index, _how, run) => {
    await expect(run(f)).rejects.toThrow(IndexError)
  })

  test.each(Object.keys(ways(2)))('takes the last index as %s', async (how) => {
    const i = how === 'computed' ? array([1, 2], 'i32') : array([0, 2], 'i32')
    expect((await ways(2)[how]?.(f))?.toArray()).toEqual(f(x, i).toArray())
  })
})
