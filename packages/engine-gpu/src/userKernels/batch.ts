/* The axes that vmap has put in front of a kernel's operands, and of its result. */
import type { Aval } from '@cotangent/core'
import { joinAxes } from '../source/axes.js'
import type { BatchAxis } from './sourceText.js'

/** One vmap around the kernel: the length of its axis, and which operands have it. */
export interface Level {
  readonly size: number
  readonly mapped: readonly boolean[]
}

const levelsOf = (levels: readonly Level[], operand: number): readonly number[] =>
  levels.flatMap(({ size, mapped }) => (mapped[operand] === true ? [size] : []))

/** The operands of one example. */
export const exampleAvals = (operands: readonly Aval[], levels: readonly Level[]): readonly Aval[] =>
  operands.map(({ shape, dtype }, i) => ({ shape: shape.slice(levelsOf(levels, i).length), dtype }))

/** The operands of all examples. */
export const operandAvals = (example: readonly Aval[], levels: readonly Level[]): readonly Aval[] =>
  example.map(({ shape, dtype }, i) => ({ shape: [...levelsOf(levels, i), ...shape], dtype }))

/** Whether the operands begin with the axes that they should have. */
export const hasLevels = (operands: readonly Aval[], levels: readonly Level[]): boolean =>
  operands.every(({ shape }, i) => levelsOf(levels, i).every((size, axis) => shape[axis] === size))

/** The results of all examples, one after the other. */
export const batchedAval = ({ shape, dtype }: Aval, levels: readonly Level[]): Aval => ({
  shape: [...levels.map(({ size }) => size), ...shape],
  dtype,
})

/**
 * The levels as axes of a walk, those of length 1 left out.
 *
 * @param lengths elements of one example's operands
 */
export const batchAxes = (levels: readonly Level[], lengths: readonly number[]): readonly BatchAxis[] =>
  joinAxes(
    levels.map(({ size, mapped }, k) => ({
      length: size,
      steps: lengths.map((length, operand) =>
        mapped[operand] === true ? levelsOf(levels.slice(k + 1), operand).reduce((n, m) => n * m, length) : 0,
      ),
    })),
  )
