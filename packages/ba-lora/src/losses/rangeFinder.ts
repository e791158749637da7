/*
 * Singular values of a matrix whose sides are both large, within a random subspace. Letters: x the matrix, turned so
 * that it is tall: [m, n], m >= n; omega [n, q]; y [m, q], z with the same span and almost orthonormal columns, o with
 * orthonormal ones.
 *
 * Source: Halko, Martinsson, Tropp, SIAM Review 53 (2011), algorithms 4.4 and 5.1.
 */
import {
  add,
  cast,
  div,
  expandDims,
  eye,
  greater,
  matmul,
  matrixTranspose,
  max,
  mul,
  normal,
  printAval,
  rsqrt,
  ShapeError,
  scan,
  singularValues,
  stopGradient,
  sub,
  sum,
  type Tensor,
  where,
  zeros,
} from '@cotangent/core'

/** Columns beyond the values that are asked for. */
const oversampling = 5
/** Each one sharpens the gap between the values that are kept and the others. */
const powerIterations = 2

/** Columns of the subspace for the k largest singular values of x [n, d]: k + 5, or the smaller side. */
export const sketchWidth = (shape: readonly number[], k: number): number => Math.min(k + oversampling, ...shape)

/**
 * The random matrix for the k largest singular values of an x: normal, [min(n, d), k + 5].
 *
 * @param key u32[2], for this use alone
 * @param shape that of x, [n, d]
 * @example gaussianSketch(key(0), [512, 32000], 10).shape // => [512, 15]
 */
export const gaussianSketch = (key: Tensor, shape: readonly number[], k: number): Tensor =>
  normal(key, [Math.min(...shape), sketchWidth(shape, k)])

/** In f32 a direction of less than this share of the largest is noise: its column is left out. */
const negligible = 1e-6

/**
 * Orthonormal columns with the span of y [m, q], in f64. The matrix that makes them so at this point, from yᵀy, is a
 * constant for the derivative: it does not change the span. What it leaves, two Newton-Schulz steps towards
 * z (zᵀz)^(-1/2) take away, with their derivative: exact to third order, and free of 1 / (w_i - w_j). A column that
 * depends on those before it becomes 0.
 */
export const orthonormal = (y: Tensor): Tensor => {
  const wide = cast(y, 'f64')
  const fixed = stopGradient(wide)
  const z = matmul(wide, gramSchmidt(matmul(matrixTranspose(fixed), fixed)))
  return cast(towardsOrthonormal(towardsOrthonormal(z)), y.dtype)
}

/**
 * Upper triangular s with sᵀ g s = 1, or a column of 0 where one depends on those before it. Each unit vector in turn
 * loses, twice, its part along the columns that are there: v ← v - s sᵀ g v.
 */
const gramSchmidt = (g: Tensor): Tensor => {
  const [q = 0] = g.shape
  const least = mul(max(g), negligible ** 2)
  const step = (s: Tensor, unit: Tensor): readonly [Tensor, null] => {
    const rest = (v: Tensor): Tensor => sub(v, matmul(s, matmul(matrixTranspose(s), matmul(g, v))))
    const v = rest(rest(unit))
    const squared = sum(mul(v, matmul(g, v)))
    const keep = greater(squared, least)
    const column = where(keep, mul(v, rsqrt(where(keep, squared, 1))), 0)
    return [add(s, matmul(column, matrixTranspose(unit))), null]
  }
  return scan(step, zeros([q, q], g.dtype), expandDims(eye(q, g.dtype), 2))[0]
}

/** z (3 - zᵀz) / 2 */
const towardsOrthonormal = (z: Tensor): Tensor => div(sub(mul(z, 3), matmul(z, matmul(matrixTranspose(z), z))), 2)

/** A matrix x [n, d] by what it does to others, so that it need not be there as a whole. */
export interface Matrix {
  readonly shape: readonly number[]
  /** x o: [d, q] -> [n, q] */
  readonly times: (o: Tensor) => Tensor
  /** xᵀ o: [n, q] -> [d, q] */
  readonly transposedTimes: (o: Tensor) => Tensor
}

/** A matrix that is there. */
export const denseMatrix = (x: Tensor): Matrix => ({
  shape: x.shape,
  times: (o) => matmul(x, o),
  transposedTimes: (o) => matmul(matrixTranspose(x), o),
})

/**
 * About the largest singular values of x [n, d]: those of its part within the span of (x xᵀ)² x Ω.
 *
 * σ(oᵀ x),  o = orth(x orth(xᵀ orth(x orth(xᵀ orth(x Ω))))),  for a tall x; for a wide one of xᵀ
 *
 * Exact where Ω has as many columns as x has rank. The gradient is that of this formula, for the given Ω. The entries of
 * x should be about 1.
 *
 * @param sketch Ω, [min(n, d), q], of full rank: see `gaussianSketch`
 * @returns [q], descending
 * @throws ShapeError unless the sketch has min(n, d) rows and at most as many columns
 */
export const sketchedSingularValues = (x: Matrix, sketch: Tensor): Tensor => {
  const [rows = 0, columns = 0] = x.shape
  const [height = 0, width = 0] = sketch.shape
  if (sketch.rank !== 2 || height !== Math.min(rows, columns) || width > height) {
    throw new ShapeError({
      op: 'spectral',
      expected: 'the sketch must be [min(n, d), q], q at most min(n, d).',
      received: `student [${x.shape.join(',')}], sketch ${printAval(sketch.aval)}`,
      todo: 'gaussianSketch(key, student.shape, k) makes one',
    })
  }
  const [tall, wide] = rows < columns ? [x.transposedTimes, x.times] : [x.times, x.transposedTimes]
  let o = orthonormal(tall(sketch))
  for (let i = 0; i < powerIterations; i++) o = orthonormal(tall(orthonormal(wide(o))))
  return singularValues(wide(o))
}
