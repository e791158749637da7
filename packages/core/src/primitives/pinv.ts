/* Pseudo-inverse, least squares, rank. Letters: p = pinv(a), a [m, n], p [n, m]; leading axes are a batch. */
import { aval, printAval } from '../aval.js'
import { ArgumentError } from '../errors.js'
import { pinvInF64 } from '../reference/pinv.js'
import type { Tensor } from '../tensor.js'
import { bind1 } from '../trace/bind.js'
import { add, mul, sub } from './arithmetic.js'
import { cast, greater } from './choice.js'
import { matmul } from './contraction.js'
import { matrixTranspose } from './matrix.js'
import { checkMatrix, eachMatrix, factorFlops, matrixSides } from './matrixBatch.js'
import { dataAttrs, definePrimitive, notLinear, type Primitive } from './primitive.js'
import { max, sum } from './reduction.js'
import { svd } from './svd.js'
import { checkRightSide } from './systems.js'

export interface PinvAttrs {
  /** Singular values up to this share of the largest count as 0. */
  readonly rtol: number
}

/** (1 - p a) daᵀ and daᵀ (1 - a p), by the smaller of the products that each has. */
const outside = (a: Tensor, p: Tensor, dat: Tensor): readonly [Tensor, Tensor] => {
  const [m, n] = matrixSides(a)
  const [left, right] =
    m >= n
      ? [matmul(matmul(p, a), dat), matmul(matmul(dat, a), p)]
      : [matmul(p, matmul(a, dat)), matmul(dat, matmul(a, p))]
  return [sub(dat, left), sub(dat, right)]
}

export const pinvPrimitive: Primitive<PinvAttrs> = definePrimitive({
  name: 'pinv',
  arity: 1,
  attrs: dataAttrs<PinvAttrs>('rtol'),
  abstractEval: ([a]) => {
    const [m, n] = matrixSides(a)
    return aval([...a.shape.slice(0, -2), n, m], a.dtype)
  },
  evaluate: ([a], { rtol }, [p]) => {
    const [m, n] = matrixSides(a)
    eachMatrix(a, (matrix, i) => p.data.set(pinvInF64(matrix, m, n, rtol), i * m * n))
  },
  // dp = -p da p + p pᵀ daᵀ (1 - a p) + (1 - p a) daᵀ pᵀ p
  jvp: [
    (da, [a], [p]) => {
      const pt = matrixTranspose(p)
      const [left, right] = outside(a, p, matrixTranspose(da))
      const turned = add(matmul(p, matmul(pt, right)), matmul(matmul(left, pt), p))
      return sub(turned, matmul(matmul(p, da), p))
    },
  ],
  transpose: notLinear,
  batch: ([a], _, attrs) => bind1(pinvPrimitive, [a], attrs),
  properties: { flops: ([a]) => 24 * factorFlops(a) },
})

/** What counts as 0. */
export interface RankOptions {
  /**
   * Singular values up to this share of the largest count as 0: by default the longer side times the distance from 1 to
   * the next number of the dtype.
   */
  readonly rtol?: number
}

const toleranceOf = (op: string, a: Tensor, { rtol }: RankOptions): number => {
  const epsilon = a.dtype === 'f64' ? 2 ** -52 : 2 ** -23
  if (rtol === undefined) return Math.max(...matrixSides(a)) * epsilon
  if (rtol >= 0 && rtol < 1) return rtol
  throw new ArgumentError({
    op,
    expected: 'rtol must be from 0 to less than 1: a share of the largest singular value.',
    received: `a ${printAval(a.aval)}, rtol ${rtol}`,
    todo: 'leave it out for what rounding leaves of a zero',
  })
}

/**
 * Pseudo-inverse (Moore and Penrose): p with `a p a = a`, `p a p = p`, and a p and p a symmetric. It is the inverse of a
 * regular matrix. Shape: [...b, m, n] -> [...b, n, m].
 *
 * dp = -p da p + p pᵀ daᵀ (1 - a p) + (1 - p a) daᵀ pᵀ p, where the rank does not change with a; finite where singular
 * values coincide. On every engine it is evaluated on the host, in f64, by singular values.
 *
 * @throws ShapeError for less than two axes or an empty matrix; ArgumentError for another rtol; DTypeError
 * @example pinv(array([[1], [1]])) // => [[0.5, 0.5]]
 */
export const pinv = (a: Tensor, options: RankOptions = {}): Tensor => {
  checkMatrix('pinv', a, 'a')
  return bind1(pinvPrimitive, [a], { rtol: toleranceOf('pinv', a, options) })
}

/**
 * Least squares: the x with the smallest |a x - b|, of several the shortest, `pinv(a) b`.
 * Shapes: a [...l, m, n], b [...l, m, c] -> [...l, n, c], or b [m] -> [...l, n]; leading axes broadcast.
 *
 * @throws ShapeError where the operands do not fit; ArgumentError for another rtol; DTypeError
 * @example lstsq(array([[1, 0], [1, 1], [1, 2]]), array([1, 3, 5])) // => [1, 2]
 */
export const lstsq = (a: Tensor, b: Tensor, options: RankOptions = {}): Tensor => {
  checkMatrix('lstsq', a, 'a')
  checkRightSide('lstsq', a, b)
  return matmul(bind1(pinvPrimitive, [a], { rtol: toleranceOf('lstsq', a, options) }), b)
}

/**
 * Number of singular values that count: those above `rtol` times the largest. Shape: [...b, m, n] -> i32 [...b].
 *
 * @throws ShapeError for less than two axes or an empty matrix; ArgumentError for another rtol; DTypeError
 * @example matrixRank(array([[1, 2], [2, 4]])) // => 1
 */
export const matrixRank = (a: Tensor, options: RankOptions = {}): Tensor => {
  checkMatrix('matrixRank', a, 'a')
  const [, s] = svd(a)
  const least = mul(max(s, -1, { keepDims: true }), toleranceOf('matrixRank', a, options))
  return sum(cast(greater(s, least), 'i32'), -1)
}
