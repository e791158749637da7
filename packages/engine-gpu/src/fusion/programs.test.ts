/*
 * Random programs of views: slices with steps of flips of transposes of pads of concatenations, within products and sums
 * and behind them, several of them results, with their gradients; against the evaluator in f64.
 */
import {
  add,
  array,
  broadcastTo,
  compile,
  concat,
  constant,
  cumsum,
  div,
  expandDims,
  flip,
  grad,
  makeIR,
  matmul,
  max,
  mean,
  mul,
  neg,
  pad,
  prepareIR,
  reshape,
  roll,
  scatterAdd,
  sin,
  slice,
  softmax,
  standardize,
  sum,
  type Tensor,
  take,
  tanh,
  tensordot,
  transpose,
} from '@cotangent/core'
import { forAllAsync, type ListFunction, lawRuns, oracle, tensorArbitrary } from '@cotangent/testing'
import * as fc from 'fast-check'
import { afterAll, expect, test } from 'vitest'
import { gpuEngine } from '../gpuEngine.js'
import { hasLowering } from '../lowerings/index.js'
import { lowerIR } from '../program/lowerIR.js'
import { maximumParameters } from '../program/value.js'
import { fuse } from './fuse.js'

const engine = await gpuEngine({ mode: 'cpu' })
afterAll(() => engine.close())

/** What a step draws: `n(3)` is a whole number below 3, always the same one. */
type Draw = (k: number) => (below: number) => number

type StepOf = (x: Tensor, other: Tensor, draw: Draw) => Tensor

const largest = 150

const axisOf = ({ rank }: Tensor, draw: Draw): number => draw(0)(rank)

const table = (n: number, draw: Draw): Tensor =>
  constant(
    array(
      [1, 2, 3].map((k) => draw(k)(n)),
      'i32',
    ),
  )

/** From a random place to another, with steps of up to 5. */
const window = (x: Tensor, draw: Draw): Tensor => {
  const starts = x.shape.map((n, i) => draw(i)(Math.min(n, 4)))
  return slice(
    x,
    starts,
    x.shape.map((n, i) => n - draw(i + 2)(Math.min(4, n - (starts[i] ?? 0)))),
    x.shape.map((_, i) => 1 + draw(i + 4)(5)),
  )
}

/** Elements in other places, and often. On tensors with axes and elements, as all steps. */
const views: Readonly<Record<string, StepOf>> = {
  window: (x, _, draw) => window(x, draw),
  windowOfFlat: (x, _, draw) => window(reshape(x, [-1]), draw),
  windowOfTurned: (x, _, draw) => window(reshape(transpose(x), [-1]), draw),
  flip: (x, _, draw) =>
    flip(
      x,
      x.shape.map((_, i) => i).filter((i) => draw(i)(2) === 0),
    ),
  pad: (x, _, draw) =>
    x.size * 3 > largest
      ? x
      : pad(
          x,
          x.shape.map((_, i) => draw(i)(3)),
          x.shape.map((_, i) => draw(i + 3)(2)),
          x.shape.map((_, i) => draw(i + 6)(3)),
        ),
  transpose: (x, _, draw) => {
    const by = draw(0)(x.rank)
    return transpose(
      x,
      x.shape.map((_, i) => (i + by) % x.rank),
    )
  },
  reversed: (x) => transpose(x),
  folded: (x) => (x.size % 2 === 0 ? reshape(x, [2, -1]) : reshape(x, [1, -1])),
  otherShape: (x) => reshape(x, x.shape.toReversed()),
  spread: (x, _, draw) => {
    const wide = expandDims(x, draw(0)(x.rank + 1))
    return x.rank > 2 || x.size * 3 > largest
      ? wide
      : broadcastTo(
          wide,
          wide.shape.map((n) => (n === 1 ? 3 : n)),
        )
  },
  concat: (x, _, draw) =>
    x.size * 5 > largest ? x : concat([x, flip(x), tanh(x), x, mul(x, 0.5)].slice(draw(5)(4)), axisOf(x, draw)),
  take: (x, _, draw) => take(x, table(x.shape[axisOf(x, draw)] ?? 1, draw), axisOf(x, draw)),
}

/** Arithmetic: the results are of the size of a few units, and smooth in x. */
const work: Readonly<Record<string, StepOf>> = {
  tanh,
  sin,
  neg,
  scale: (x, _, draw) => mul(x, [0.5, -0, 1.25, -1][draw(0)(4)] ?? 1),
  roll: (x, _, draw) => add(mul(x, 0.5), roll(x, 1 + draw(1)(3), axisOf(x, draw))),
  cumulative: (x, _, draw) => (x.size > 40 ? x : mul(cumsum(x, axisOf(x, draw)), 0.2)),
  scatter: (x, _, draw) => {
    const [axis, rows] = [axisOf(x, draw), table(x.shape[axisOf(x, draw)] ?? 1, draw)]
    return scatterAdd(x, rows, take(sin(x), rows, axis), axis)
  },
  softmax: (x, _, draw) => softmax(x, axisOf(x, draw)),
  standardize: (x) => standardize(x, 0.1),
  mean: (x, _, draw) => mean(x, axisOf(x, draw), { keepDims: true }),
  meanOf: (x, _, draw) => (x.rank > 1 ? mean(x, axisOf(x, draw)) : x),
  gram: (x) => (x.rank === 2 ? div(matmul(flip(x, 1), transpose(x)), x.shape[1] ?? 1) : x),
  product: (x, y, draw) => {
    const [axis, along] = [axisOf(x, draw), axisOf(y, draw)]
    const [n = 1, m = 1] = [x.shape[axis], y.shape[along]]
    return n !== m || (x.size * y.size) / n ** 2 > largest ? x : div(tensordot(x, y, [[axis], [along]]), n)
  },
  add: (x, y) => add(x, x.shape.join() === y.shape.join() ? y : mean(y)),
  mul: (x, y) => mul(x, tanh(x.shape.join() === y.shape.join() ? y : mean(y))),
}

/** Rounding may choose another slope, but hardly another value. */
const kinked: Readonly<Record<string, StepOf>> = {
  max: (x, _, draw) => max(x, axisOf(x, draw), { keepDims: true }),
}

interface Program {
  readonly f: ListFunction
  readonly args: readonly Tensor[]
  toString(): string
}

/** Up to 14 steps on two tensors; the results are the last value and some before it. */
const programs = (other: Readonly<Record<string, StepOf>>): fc.Arbitrary<Program> => {
  const of = { ...views, ...other }
  const name = fc.oneof(fc.constantFrom(...Object.keys(views)), fc.constantFrom(...Object.keys(other)))
  const step = fc.tuple(name, fc.nat(2), fc.nat(4), fc.nat(2 ** 20))
  const args = fc.array(tensorArbitrary({ minRank: 1, maxRank: 3, minLength: 1, maxLength: 7, maxSize: 40 }), {
    minLength: 1,
    maxLength: 2,
  })
  return fc.tuple(args, fc.array(step, { minLength: 1, maxLength: 14, size: 'max' }), fc.nat(3)).map(
    ([xs, list, results]): Program => ({
      args: xs.map((x) => tanh(x)),
      f: (inputs) => {
        const values = inputs.map((x) => (x.rank === 0 ? reshape(x, [1]) : x))
        const back = (k: number): Tensor => values[Math.max(0, values.length - 1 - k)] ?? array([1])
        for (const [name, a, b, seed] of list) {
          const draw: Draw = (k) => (below) => Math.floor(seed / 7 ** (k % 7)) % Math.max(1, below)
          const y = of[name]?.(back(a), back(b), draw)
          if (y !== undefined) values.push(y.rank === 0 ? reshape(y, [1]) : y)
        }
        return [0, ...[2, 1, 3].slice(0, results)].map(back)
      },
      toString: () =>
        `${list.map((each) => each.join(' ')).join(', ')}; ${results} more results, of ${xs.map((x) => `[${x.shape}]`)}`,
    }),
  )
}

const gradients =
  (f: ListFunction): ListFunction =>
  (xs) => [
    ...f(xs),
    ...grad((list: readonly Tensor[]) =>
      f(list).reduce<Tensor>((total, y) => add(total, mean(sin(y))), sum(array([0]))),
    )(xs),
  ]

/** Blocks of a text that are one inside of the other. */
const depthOf = (source: string): number =>
  Math.max(...source.split('\n').map((line) => (line.length - line.trimStart().length) / 2))

const check = async (f: ListFunction, args: readonly Tensor[]): Promise<void> => {
  const listed = (xs: readonly Tensor[]) => [...f(xs)]
  for (const { spec, inputs } of fuse(lowerIR(prepareIR(makeIR(listed)(args), hasLowering))).kernels) {
    expect(inputs.length).toBeLessThanOrEqual(maximumParameters)
    expect(new Set(inputs).size).toBe(inputs.length)
    expect(depthOf(spec.source)).toBeLessThan(50)
  }
  const results = await compile(listed, engine)(args)
  for (const [k, expected] of oracle(f, args).entries()) {
    const received = await results[k]?.read()
    expect(received?.shape).toEqual(expected.shape)
    const size = Math.max(1, ...expected.data.map(Math.abs))
    for (const [i, value] of expected.data.entries()) {
      // each step is well conditioned: within 1e-5 of its largest element
      if (!(Math.abs((received?.data[i] ?? Number.NaN) - value) <= 1e-4 * size)) {
        expect.fail(`element ${i} of result ${k} is ${received?.data[i]}, not ${value}`)
      }
    }
  }
}

test('what is computed is what the evaluator computes', () =>
  forAllAsync([programs({ ...work, ...kinked })], ({ f, args }) => check(f, args), lawRuns(100)))

test('also for gradients', () => forAllAsync([programs(work)], ({ f, args }) => check(gradients(f), args), lawRuns(50)))
