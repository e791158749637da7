import { range, type Shape, sizeOf, stridesOf } from '@cotangent/core'
import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { type Axis, joinAxes, loops, places, sumText } from './walk.js'

/** Runs generated lines as JavaScript. */
const evaluate = (lines: readonly string[], i: number, text: string): unknown =>
  new Function('i', `${lines.join('\n')}\nreturn ${text}`)(i)

/** Σ coordinate · step of every element, walked in row-major order by nested loops. */
const walked = (axes: readonly Axis[], operand: number): readonly number[] =>
  axes.reduce<readonly number[]>(
    (offsets, { length, steps }) => offsets.flatMap((at) => range(length).map((c) => at + c * (steps[operand] ?? 0))),
    [0],
  )

const axisArbitrary: fc.Arbitrary<Axis> = fc.record({
  length: fc.integer({ min: 1, max: 4 }),
  steps: fc.tuple(fc.integer({ min: 0, max: 20 }), fc.integer({ min: 0, max: 20 })),
})
const axesArbitrary = fc.array(axisArbitrary, { maxLength: 4 })

test('the place of element i is what a walk over the axes gives', () => {
  fc.assert(
    fc.property(axesArbitrary, (axes) => {
      const { lines, terms } = places(axes, 2)
      const length = sizeOf(axes.map((axis) => axis.length))
      for (const k of [0, 1]) {
        const text = sumText(terms[k] ?? [])
        expect(range(length).map((i) => evaluate(lines, i, text))).toEqual(walked(axes, k))
      }
    }),
    { seed: 1 },
  )
})

test('loops visit the same places', () => {
  fc.assert(
    fc.property(axesArbitrary, (axes) => {
      const { terms, around } = loops(axes, 2)
      for (const k of [0, 1]) {
        const lines = ['const seen = [];', ...around([`seen.push(${sumText(terms[k] ?? [])});`])]
        expect(evaluate(lines, 0, 'seen')).toEqual(walked(axes, k))
      }
    }),
    { seed: 1 },
  )
})

test('axes that follow each other in memory become one', () => {
  const axesOf = (shape: Shape): readonly Axis[] =>
    shape.map((length, k) => ({ length, steps: [stridesOf(shape)[k] ?? 0] }))
  expect(joinAxes(axesOf([2, 3, 1, 4]))).toEqual([{ length: 24, steps: [1] }])
  const [a, b, c] = axesOf([2, 3, 4])
  if (a === undefined || b === undefined || c === undefined) throw new Error('three axes')
  expect(joinAxes([b, a, c]).map(({ length }) => length)).toEqual([3, 2, 4])
})
