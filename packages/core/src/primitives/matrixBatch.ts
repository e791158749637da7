/* A batch of matrices, [...b, m, n]: how evaluations go through it, and what public functions ask of it. */
import { type Aval, printAval, type Shape, sizeOf, type TypedArray } from '../aval.js'
import { ShapeError } from '../errors.js'
import type { Tensor } from '../tensor.js'
import { axisLength } from './axes.js'
import { checkKind } from './elementwise.js'
import type { HostArray } from './primitive.js'

/** Rows and columns. */
export const matrixSides = ({ shape }: { readonly shape: Shape }): readonly [m: number, n: number] => [
  axisLength(shape, shape.length - 2),
  axisLength(shape, shape.length - 1),
]

/** Calls f with the storage of each matrix. */
export const eachMatrix = (x: HostArray, f: (matrix: TypedArray, i: number) => void): void => {
  const [m, n] = matrixSides(x)
  const count = sizeOf(x.shape.slice(0, -2))
  for (let i = 0; i < count; i++) f(x.data.subarray(i * m * n, (i + 1) * m * n), i)
}

/** m · n · min(m, n) of all matrices: what factorising them costs, times a factor of its own. */
export const factorFlops = (x: Aval | undefined): number =>
  x === undefined ? 0 : sizeOf(x.shape) * Math.min(...matrixSides(x))

/**
 * Floating, with at least two axes, of which the last two are equal.
 *
 * @throws ShapeError, DTypeError
 */
export const checkSquare = (op: string, a: Tensor, todo: string): void => {
  checkKind(op, 'floating', a, 'a')
  if (a.rank >= 2 && a.shape[a.rank - 1] === a.shape[a.rank - 2]) return
  throw new ShapeError({
    op,
    expected: 'the last two axes must be equal: a square matrix.',
    received: `a ${printAval(a.aval)}`,
    todo,
  })
}

/**
 * Floating, with at least two axes, the last two not empty.
 *
 * @throws ShapeError, DTypeError
 */
export const checkMatrix = (op: string, x: Tensor, name: string): void => {
  checkKind(op, 'floating', x, name)
  if (x.rank >= 2 && Math.min(...x.shape.slice(-2)) > 0) return
  throw new ShapeError({
    op,
    expected: 'the tensor must have at least two axes, the last two not empty.',
    received: `${name} ${printAval(x.aval)}`,
    todo: 'reshape it to a matrix',
  })
}
