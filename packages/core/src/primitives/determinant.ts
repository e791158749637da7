/* Determinants. Letters: a square matrix, c its cofactors, det(a) a⁻ᵀ; leading axes are a batch. */
import { aval } from '../aval.js'
import { cofactorsInF64, determinantInF64 } from '../reference/lu.js'
import type { Tensor } from '../tensor.js'
import { bind, bind1 } from '../trace/bind.js'
import { mul, sub } from './arithmetic.js'
import { expandDims } from './broadcast.js'
import { less, where } from './choice.js'
import { matmul } from './contraction.js'
import { matrixTranspose } from './matrix.js'
import { checkSquare, eachMatrix, factorFlops, matrixSides } from './matrixBatch.js'
import { definePrimitive, type HostArray, type NoAttrs, noAttrs, notLinear, type Primitive } from './primitive.js'
import { sum } from './reduction.js'
import { inv } from './solve.js'

/** Σ_ij x_ij y_ij of each matrix. */
const inner = (x: Tensor, y: Tensor): Tensor => sum(mul(x, y), [-2, -1])

const side = (a: HostArray): number => matrixSides(a)[1]

// ---------------------------------------------------------------- the determinant and its derivative

export const detPrimitive: Primitive<NoAttrs> = definePrimitive({
  name: 'det',
  arity: 1,
  attrs: noAttrs,
  abstractEval: ([a]) => aval(a.shape.slice(0, -2), a.dtype),
  evaluate: ([a], _, [d]) => {
    eachMatrix(a, (matrix, i) => {
      d.data[i] = determinantInF64(matrix, side(a)).det
    })
  },
  jvp: [(da, [a]) => inner(cofactor(a), da)],
  transpose: notLinear,
  batch: ([a]) => bind1(detPrimitive, [a], {}),
  properties: { flops: ([a]) => (2 / 3) * factorFlops(a) },
})

export const cofactorPrimitive: Primitive<NoAttrs> = definePrimitive({
  name: 'cofactor',
  arity: 1,
  attrs: noAttrs,
  abstractEval: ([a]) => a,
  evaluate: ([a], _, [c]) => {
    const n = side(a)
    eachMatrix(a, (matrix, i) => c.data.set(cofactorsInF64(matrix, n), i * n * n))
  },
  // c = det(a) a⁻ᵀ: dc = <a⁻ᵀ, da> c - a⁻ᵀ daᵀ c
  jvp: [
    (da, [a], [c]) => {
      const inverse = matrixTranspose(inv(a))
      const grown = mul(expandDims(expandDims(inner(inverse, da), -1), -1), c)
      return sub(grown, matmul(inverse, matmul(matrixTranspose(da), c)))
    },
  ],
  transpose: notLinear,
  batch: ([a]) => bind1(cofactorPrimitive, [a], {}),
  properties: { flops: ([a]) => 3 * factorFlops(a) },
})

/**
 * Determinant. Shape: [...b, n, n] -> [...b].
 *
 * d det(a) = Σ_ij cofactor(a)_ij da_ij, which is right for singular matrices too; the second derivative needs a regular one.
 * On every engine it is evaluated on the host, in f64. For large matrices see `slogdet`, which does not overflow.
 *
 * @throws ShapeError unless the last two axes are equal; DTypeError
 * @example det(array([[2, 1], [1, 3]])) // => 5
 */
export const det = (a: Tensor): Tensor => {
  checkSquare('det', a, 'determinants are of square matrices')
  return bind1(detPrimitive, [a], {})
}

/**
 * Cofactors: the derivative of the determinant in each element, `det(a) inv(a)ᵀ` for a regular matrix, finite for a
 * singular one. The adjugate is its transpose. Shape: [...b, n, n] -> the same.
 *
 * Its own derivative needs a regular matrix. On every engine it is evaluated on the host, in f64.
 *
 * @throws ShapeError unless the last two axes are equal; DTypeError
 * @example cofactor(array([[1, 2], [2, 4]])) // => [[4, -2], [-2, 1]]
 */
export const cofactor = (a: Tensor): Tensor => {
  checkSquare('cofactor', a, 'cofactors are those of square matrices')
  return bind1(cofactorPrimitive, [a], {})
}

// ---------------------------------------------------------------- its logarithm

export const slogdetPrimitive: Primitive<NoAttrs> = definePrimitive({
  name: 'slogdet',
  arity: 1,
  attrs: noAttrs,
  abstractEval: ([a]) => {
    const result = aval(a.shape.slice(0, -2), a.dtype)
    return [result, result]
  },
  evaluate: ([a], _, [s, l]) => {
    eachMatrix(a, (matrix, i) => {
      const { sign, logAbsDet } = determinantInF64(matrix, side(a))
      s.data[i] = sign
      if (l !== undefined) l.data[i] = logAbsDet
    })
  },
  // d log |det a| = <a⁻ᵀ, da>; the sign does not change
  jvp: [(da, [a]) => [null, inner(matrixTranspose(inv(a)), da)]],
  transpose: notLinear,
  batch: ([a]) => bind(slogdetPrimitive, [a], {}),
  properties: { flops: ([a]) => (2 / 3) * factorFlops(a) },
})

/**
 * Sign and logarithm of the determinant: `det(a) = sign · e^logAbsDet`, without overflow.
 * Shape: [...b, n, n] -> two of [...b]; sign is -1, 0 or 1.
 *
 * d log |det a| = Σ_ij (a⁻ᵀ)_ij da_ij. A singular matrix gives 0 and -∞, and no finite derivative.
 * On every engine it is evaluated on the host, in f64.
 *
 * @throws ShapeError unless the last two axes are equal; DTypeError
 * @example slogdet(array([[0, 1], [1, 0]])) // => [-1, 0]
 */
export const slogdet = (a: Tensor): readonly [sign: Tensor, logAbsDet: Tensor] => {
  checkSquare('slogdet', a, 'determinants are of square matrices')
  const [sign, logAbsDet] = bind(slogdetPrimitive, [a], {})
  if (sign === undefined || logAbsDet === undefined) throw new Error('slogdet has two results')
  return [sign, logAbsDet]
}

/**
 * Logarithm of the determinant: NaN where that is negative, -∞ where it is 0. Shape: [...b, n, n] -> [...b].
 *
 * @throws ShapeError unless the last two axes are equal; DTypeError
 * @example logdet(array([[2, 0], [0, 0.5]])) // => 0
 */
export const logdet = (a: Tensor): Tensor => {
  checkSquare('logdet', a, 'determinants are of square matrices')
  const [sign, logAbsDet] = slogdet(a)
  return where(less(sign, 0), Number.NaN, logAbsDet)
}
