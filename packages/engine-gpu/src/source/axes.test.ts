import { range, type Shape, sizeOf, stridesOf } from '@cotangent/core'
import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { type Axis, joinAxes, lengthsOf, moving, placeIn } from './axes.js'
import { makeEmitter } from './emitter.js'
import { namedPlace, printPlace } from './place.js'

/** Runs generated lines as JavaScript. */
const evaluate = (lines: readonly string[], i: number, text: string): unknown =>
  new Function('quotient', 'i', `${lines.join('\n')}\nreturn ${text}`)((a: number, n: number) => Math.floor(a / n), i)

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
    fc.property(axesArbitrary, (all) => {
      const axes = joinAxes(all)
      const length = sizeOf(lengthsOf(all))
      for (const k of [0, 1]) {
        const emitter = makeEmitter(['i'])
        const coordinates = emitter.coordinates(namedPlace('i', length), lengthsOf(axes), moving(axes))
        const text = printPlace(placeIn(axes, coordinates, k))
        expect(range(length).map((i) => evaluate(emitter.text(), i, text))).toEqual(walked(all, k))
      }
    }),
    { seed: 1 },
  )
})

test('loops visit the same places', () => {
  fc.assert(
    fc.property(axesArbitrary, (all) => {
      const axes = joinAxes(all)
      for (const k of [0, 1]) {
        const emitter = makeEmitter([])
        emitter.line('const seen = [];')
        emitter.loops(lengthsOf(axes), (places) => emitter.line(`seen.push(${printPlace(placeIn(axes, places, k))});`))
        expect(evaluate(emitter.text(), 0, 'seen')).toEqual(walked(all, k))
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
