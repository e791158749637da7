import { type Aval, printAval, type Shape } from '../aval.js'
import { AxisError, ShapeError } from '../errors.js'

/** One axis, or several; negative ones count from the end. */
export type Axes = number | readonly number[]

/**
 * The axes as sorted non-negative numbers.
 *
 * @throws AxisError if one does not exist or is named twice
 */
export const normalAxes = (op: string, x: Aval, axes: Axes | undefined): number[] => {
  const rank = x.shape.length
  if (axes === undefined) return x.shape.map((_, i) => i)
  const given = typeof axes === 'number' ? [axes] : axes
  const normal = given.map((axis) => normalAxis(op, x, axis))
  if (new Set(normal).size < normal.length) {
    throw new AxisError({
      op,
      expected: 'each axis must be named once.',
      received: `axes [${given.join(',')}] of ${printAval(x)}`,
      todo: `remember that -1 is axis ${rank - 1} here`,
    })
  }
  return normal.sort((a, b) => a - b)
}

export const normalAxis = (op: string, x: Aval, axis: number): number => {
  const rank = x.shape.length
  const normal = axis < 0 ? axis + rank : axis
  if (!Number.isInteger(axis) || normal < 0 || normal >= rank) {
    throw new AxisError({
      op,
      expected: rank === 0 ? 'a scalar has no axes.' : `an axis must be an integer from ${-rank} to ${rank - 1}.`,
      received: `axis ${axis} of ${printAval(x)}`,
      todo: 'check the axis, or expandDims the tensor first',
    })
  }
  return normal
}

/**
 * Lengths a caller gives for a new tensor.
 *
 * @throws ShapeError unless they are whole numbers from 0 on
 */
export const checkLengths = (op: string, shape: Shape, name = 'shape'): void => {
  if (shape.every((n) => Number.isInteger(n) && n >= 0)) return
  throw new ShapeError({
    op,
    expected: 'a length must be a whole number, 0 or more.',
    received: `${name} [${shape.join(',')}]`,
    todo: 'give each axis its length; only reshape takes -1',
  })
}

/** Length of an axis that is known to exist. */
export const axisLength = (shape: Shape, axis: number): number => {
  const length = shape[axis]
  if (length === undefined) throw new Error(`no axis ${axis} in [${shape.join(',')}]`)
  return length
}
