/*
 * Operands of linear systems, a x = b: a [...l, n, n], b [...l, n, m] or one vector [n]. Primitives take both with the
 * same leading axes; public functions bring them there.
 */
import { type Aval, printAval, sizeOf } from '../aval.js'
import { DTypeError, ShapeError } from '../errors.js'
import type { Tensor } from '../tensor.js'
import { axisLength } from './axes.js'
import { broadcastTo, expandDims, moveAxis, reshape, squeeze } from './broadcast.js'
import { checkKind, commonShape } from './elementwise.js'
import { checkSquare, matrixSides } from './matrixBatch.js'
import type { BatchRule } from './primitive.js'

/**
 * b is a vector, or matrices, with as many elements or rows as a has rows, and of a's dtype.
 *
 * @throws ShapeError, DTypeError
 */
export const checkRightSide = (op: string, a: Tensor, b: Tensor): void => {
  checkKind(op, 'floating', b, 'b')
  const received = `a ${printAval(a.aval)}, b ${printAval(b.aval)}`
  if (a.dtype !== b.dtype) {
    throw new DTypeError({
      op,
      expected: 'both operands must have the same dtype.',
      received,
      todo: 'cast one of them; nothing is promoted by itself',
    })
  }
  if (b.rank > 0 && b.shape[Math.max(0, b.rank - 2)] === axisLength(a.shape, a.rank - 2)) return
  throw new ShapeError({
    op,
    expected: 'b must have as many rows as a (a vector: as many elements).',
    received,
    todo: 'a batch of vectors needs an axis of length 1 behind it: expandDims(b, -1)',
  })
}

/** The rows of a batch [...l, n, m] of right sides next to each other: [n, size of l · m]. */
const sideBySide = (b: Tensor): Tensor => reshape(moveAxis(b, -2, 0), [axisLength(b.shape, b.rank - 2), -1])

/**
 * Solves for right sides of any batch by `solve`, which takes operands with the same leading axes. One matrix for a
 * batch of right sides is taken once, with more columns.
 *
 * @throws ShapeError where the operands do not fit; DTypeError
 */
export const solveSystems = (op: string, a: Tensor, b: Tensor, solve: (a: Tensor, b: Tensor) => Tensor): Tensor => {
  checkSquare(op, a, 'use lstsq for a matrix that is not square')
  checkRightSide(op, a, b)
  if (b.rank === 1) return squeeze(solveSystems(op, a, expandDims(b, 1), solve), -1)
  if (a.rank === 2 && b.rank > 2) {
    const lead = b.shape.slice(0, -2)
    const [n, m] = matrixSides(b)
    return moveAxis(reshape(solve(a, sideBySide(b)), [n, ...lead, m]), 0, -2)
  }
  const lead = commonShape([a.shape.slice(0, -2), b.shape.slice(0, -2)])
  if (lead === null) {
    throw new ShapeError({
      op,
      expected: 'the leading axes must be equal, but for axes of length 1 or missing in front.',
      received: `a ${printAval(a.aval)}, b ${printAval(b.aval)}`,
      todo: 'add axes of length 1 with expandDims, or transpose one of them',
    })
  }
  return solve(broadcastTo(a, [...lead, ...a.shape.slice(-2)]), broadcastTo(b, [...lead, ...b.shape.slice(-2)]))
}

/** Under vmap: a batch of right sides of the same matrices is taken as more columns. */
export const systemsBatch =
  <A>(solve: (a: Tensor, b: Tensor, attrs: A) => Tensor): BatchRule<2, A> =>
  ([a, b], [aMapped, bMapped], attrs, size) => {
    if (aMapped) return solve(a, bMapped ? b : broadcastTo(b, [size, ...b.shape]), attrs)
    const [n, m] = matrixSides(b)
    const lead = b.shape.slice(1, -2)
    const columns = reshape(moveAxis(b, 0, -2), [...lead, n, size * m])
    return moveAxis(reshape(solve(a, columns, attrs), [...lead, n, size, m]), -2, 0)
  }

/** Multiplications and additions of a triangular solve: n² a column. */
export const substitutionFlops = ([, b]: readonly Aval[]): number => {
  if (b === undefined) return 0
  return sizeOf(b.shape) * axisLength(b.shape, b.shape.length - 2)
}
