/* Texts of kernels stay short, and loops run once, whatever the program. */
import {
  add,
  array,
  compile,
  concat,
  constant,
  cumsum,
  evalIR,
  makeIR,
  mul,
  prepareIR,
  range,
  roll,
  sin,
  slice,
  sub,
  sum,
  type Tensor,
  take,
  tensor,
} from '@cotangent/core'
import { expect, test } from 'vitest'
import { gpuEngine } from '../gpuEngine.js'
import { hasLowering } from '../lowerings/index.js'
import { lowerIR } from '../program/lowerIR.js'
import { maximumParameters } from '../program/value.js'
import { fuse } from './fuse.js'

const wave = (...shape: number[]): Tensor =>
  tensor(
    Float32Array.from({ length: shape.reduce((a, b) => a * b) }, (_, i) => Math.sin(i * 1.3 + 0.2)),
    shape,
  )

const repeated =
  (times: number, f: (x: Tensor) => Tensor) =>
  (x: Tensor): Tensor =>
    range(times).reduce((y) => f(y), x)

const kernelsOf = (f: (x: Tensor) => Tensor, x: Tensor) =>
  fuse(lowerIR(prepareIR(makeIR(f)(x), hasLowering))).kernels.map(({ spec, inputs }) => ({
    lines: spec.source.split('\n').length,
    loops: spec.source.split('for (').length - 1,
    depth: Math.max(...spec.source.split('\n').map((line) => (line.length - line.trimStart().length) / 2)),
    inputs: inputs.length,
  }))

const halved = (x: Tensor): Tensor => add(mul(x, 0.5), mul(roll(x, 1, 0), 0.5))
const row = constant(array([2, 0, 1], 'i32'))

/** Each step needs the one before at two places or more. */
const doubling: Readonly<Record<string, readonly [(x: Tensor) => Tensor, Tensor]>> = {
  'a stencil, 24 times': [repeated(24, halved), wave(1000)],
  'differences, 24 times': [
    repeated(24, (x) => mul(sub(slice(x, [1], x.shape), slice(x, [0], [x.size - 1])), 0.5)),
    wave(100),
  ],
  'a cumulative sum': [(x) => cumsum(x, 0), wave(1024)],
  'look-ups that are added': [repeated(24, (x) => add(mul(x, 0.5), take(x, row, 0))), wave(3, 5)],
}

test.each(Object.entries(doubling))('%s: the text does not double with each step', (_, [f, x]) => {
  const kernels = kernelsOf(f, x)
  expect(Math.max(...kernels.map(({ lines }) => lines))).toBeLessThan(600)
  expect(kernels.length).toBeLessThanOrEqual(16)
})

/** Each step puts the one before into a block, or a row of them. */
const nested: Readonly<Record<string, readonly [(x: Tensor) => Tensor, Tensor]>> = {
  'look-ups of look-ups': [repeated(90, (x) => take(x, row, 0)), wave(3, 4)],
  'a row that moves on': [
    repeated(40, (x) => {
      const first = slice(x, [0], [1])
      return concat([first, first, first, first, first, first, slice(x, [0], [9])])
    }),
    wave(15),
  ],
}

test.each(Object.entries(nested))('%s: no more blocks in each other than WGSL allows', (_, [f, x]) => {
  expect(Math.max(...kernelsOf(f, x).map(({ depth }) => depth))).toBeLessThan(50)
})

test('a long chain is cut, in time that grows with its length', () => {
  const kernels = kernelsOf(
    repeated(2000, (x) => add(mul(x, 0.9), sin(x))),
    wave(10),
  )
  expect(Math.max(...kernels.map(({ lines }) => lines))).toBeLessThan(200)
  expect(kernels.length).toBeLessThanOrEqual(100)
})

test('sums of sums of sums are not done again and again', () => {
  const kernels = kernelsOf((x) => range(60).reduce((s) => sum(sin(mul(x, s))), sum(x)), wave(50))
  expect(kernels.map(({ loops }) => loops).reduce((a, b) => a + b)).toBeLessThanOrEqual(2 * 61)
})

test('many small values share kernels of a bounded number of branches', () => {
  const many = (x: Tensor): Tensor => range(200).reduce((y, k) => add(y, sum(mul(x, k + 1))), sum(x))
  const kernels = kernelsOf(many, wave(100))
  expect(Math.max(...kernels.map(({ depth }) => depth))).toBeLessThan(20)
  expect(Math.max(...kernels.map(({ lines }) => lines))).toBeLessThan(300)
  expect(Math.max(...kernels.map(({ inputs }) => inputs))).toBeLessThanOrEqual(maximumParameters)
})

test('what was cut computes the same', async () => {
  const engine = await gpuEngine({ mode: 'cpu' })
  for (const [f, x] of Object.values({ ...doubling, ...nested })) {
    const received = await (await compile(f, engine)(x)).read()
    const expected = evalIR(makeIR(f)(x), [x], { floats: 'f64' })
    for (const [i, value] of expected.data.entries()) {
      expect(Math.abs((received.data[i] ?? Number.NaN) - value)).toBeLessThanOrEqual(
        1e-5 * Math.max(1, Math.abs(value)),
      )
    }
  }
  await engine.close()
})
