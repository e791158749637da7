/*
 * Walks over arrays. An axis has a length and, for each operand, the step that one place along it makes in the operand's
 * flat array: its stride, or 0 where the operand is repeated.
 */
import { combine, type Place } from './place.js'

export interface Axis {
  readonly length: number
  readonly steps: readonly number[]
}

/** Leaves out axes of length 1 and joins neighbours that are one longer axis in every operand. */
export const joinAxes = (axes: readonly Axis[]): readonly Axis[] => {
  const joined: Axis[] = []
  for (const axis of axes) {
    if (axis.length === 1) continue
    const outer = joined.at(-1)
    if (outer?.steps.every((step, k) => step === (axis.steps[k] ?? 0) * axis.length)) {
      joined[joined.length - 1] = { length: outer.length * axis.length, steps: axis.steps }
    } else {
      joined.push(axis)
    }
  }
  return joined
}

export const lengthsOf = (axes: readonly Axis[]): readonly number[] => axes.map(({ length }) => length)

/** Axes along which some operand moves: only these coordinates are needed. */
export const moving = (axes: readonly Axis[]): readonly boolean[] =>
  axes.map(({ steps }) => steps.some((step) => step !== 0))

/** Where a walk at these coordinates stands in operand k. */
export const placeIn = (axes: readonly Axis[], coordinates: readonly Place[], operand: number, first = 0): Place =>
  combine(
    coordinates,
    axes.map(({ steps }) => steps[operand] ?? 0),
    first,
  )
