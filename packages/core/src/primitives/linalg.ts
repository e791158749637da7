/*
 * Symmetric eigenproblem and singular values. Letters: a matrix, w eigenvalues, v eigenvectors (columns),
 * x = u diag(s) vᵀ; leading axes are a batch.
 */
import { aval, printAval, sizeOf } from '../aval.js'
import { ShapeError } from '../errors.js'
import { singularDecomposition, symmetricEigen } from '../reference/jacobi.js'
import type { Tensor } from '../tensor.js'
import { bind, bind1 } from '../trace/bind.js'
import { abs, add, div, mul, sqrt, sub } from './arithmetic.js'
import { axisLength } from './axes.js'
import { expandDims } from './broadcast.js'
import { cast, equal, greater, where } from './choice.js'
import { matmul } from './contraction.js'
import { checkKind } from './elementwise.js'
import { flip } from './flip.js'
import { jacobiEigh, jacobiLimit } from './jacobi.js'
import { eye, matrixTranspose } from './matrix.js'
import { definePrimitive, type NoAttrs, noAttrs, notLinear, type Primitive } from './primitive.js'
import { max, sum } from './reduction.js'
import { stopGradient } from './stopGradient.js'

// ---------------------------------------------------------------- eigh

export const eighPrimitive: Primitive<NoAttrs> = definePrimitive({
  name: 'eigh',
  arity: 1,
  attrs: noAttrs,
  abstractEval: ([a]) => [aval(a.shape.slice(0, -1), a.dtype), a],
  evaluate: ([a], _, [w, v]) => {
    const n = axisLength(a.shape, a.shape.length - 1)
    for (let i = 0; i * n < w.data.length; i++) {
      const { values, vectors } = symmetricEigen(a.data.subarray(i * n * n, (i + 1) * n * n), n)
      w.data.set(values, i * n)
      v?.data.set(vectors, i * n * n)
    }
  },
  // with m = vᵀ da v: dw = diag m, dv = v (f ∘ m), f_ij = 1 / (w_j - w_i), taken as 0 where the two coincide
  jvp: [
    (da, _, [w, v]) => {
      if (v === undefined) throw new Error('eigh has two results')
      const m = matmul(matrixTranspose(v), matmul(da, v))
      const gap = sub(expandDims(w, -2), expandDims(w, -1))
      const tied = equal(gap, 0)
      const dv = matmul(v, where(tied, 0, div(m, where(tied, 1, gap))))
      return [sum(mul(m, eye(axisLength(w.shape, w.rank - 1), w.dtype)), -1), dv]
    },
  ],
  transpose: notLinear,
  batch: ([a]) => bind(eighPrimitive, [a], {}),
  decompose: ([a]) => (axisLength(a.shape, a.rank - 1) <= jacobiLimit ? jacobiEigh(a) : null),
  properties: { flops: ([a]) => (a === undefined ? 0 : 60 * sizeOf(a.shape) * (a.shape[a.shape.length - 1] ?? 0)) },
})

/**
 * Eigenvalues, ascending, and orthonormal eigenvectors, by columns, of symmetric matrices:
 * `a = v diag(w) vᵀ`. Shape: [...b, n, n] -> w [...b, n], v [...b, n, n].
 *
 * The upper triangle is read. The derivative of v needs distinct eigenvalues; where two coincide exactly, their mixing
 * is left out, which is right for functions that do not depend on the choice of vectors within that space.
 *
 * @throws ShapeError unless the last two axes are equal; DTypeError
 * @example eigh(array([[2, 1], [1, 2]]))[0] // => [1, 3]
 */
export const eigh = (a: Tensor): readonly [w: Tensor, v: Tensor] => {
  checkKind('eigh', 'floating', a, 'a')
  if (a.rank < 2 || a.shape[a.rank - 1] !== a.shape[a.rank - 2]) {
    throw new ShapeError({
      op: 'eigh',
      expected: 'the last two axes must be equal: a square, symmetric matrix.',
      received: `a ${printAval(a.aval)}`,
      todo: 'form matmul(transpose(x), x) first, or use singularValues(x)',
    })
  }
  const symmetric = mul(add(a, matrixTranspose(a)), 0.5)
  const [w, v] = bind(eighPrimitive, [symmetric], {})
  if (w === undefined || v === undefined) throw new Error('eigh has two results')
  return [w, v]
}

/**
 * Eigenvalues, ascending, of symmetric matrices: `eigh(a)[0]`. Shape: [...b, n, n] -> [...b, n].
 *
 * dw_i = v_iᵀ da v_i, finite where eigenvalues coincide; the second derivative needs distinct ones.
 *
 * @throws ShapeError unless the last two axes are equal; DTypeError
 * @example eigvalsh(array([[2, 1], [1, 2]])) // => [1, 3]
 */
export const eigvalsh = (a: Tensor): Tensor => eigh(a)[0]

// ---------------------------------------------------------------- singular values

/** Below this share of the largest singular value, one counts as 0 in the derivative. The Gram matrix knows no better. */
const negligible = 1e-7

/**
 * u, s (descending) and v from the Gram matrix of the smaller side, in f64, scaled by the largest magnitude first.
 * Columns of u (of v for a wide x) whose singular value is negligible are 0.
 */
const singularVectors = (x: Tensor): { readonly u: Tensor; readonly s: Tensor; readonly v: Tensor } => {
  const [m, n] = [axisLength(x.shape, x.rank - 2), axisLength(x.shape, x.rank - 1)]
  if (m < n) {
    const { u, s, v } = singularVectors(matrixTranspose(x))
    return { u: v, s, v: u }
  }
  const wide = cast(x, 'f64')
  const largest = max(abs(wide), [-2, -1], { keepDims: true })
  const scale = stopGradient(where(greater(largest, 0), largest, 1)) // the results do not depend on it
  const y = div(wide, scale)
  const [, ascending] = eigh(matmul(matrixTranspose(y), y))
  const v = flip(ascending, -1)
  const us = matmul(y, v)
  const squares = sum(mul(us, us), -2)
  const keep = greater(squares, mul(max(squares, -1, { keepDims: true }), negligible ** 2))
  const s = where(keep, sqrt(where(keep, squares, 1)), sqrt(stopGradient(squares))) // no 0/0 in the second derivative
  const inverse = where(keep, div(1, where(keep, s, 1)), 0)
  const u = mul(us, expandDims(inverse, -2))
  const kept = mul(v, expandDims(cast(keep, 'f64'), -2))
  const back = (t: Tensor): Tensor => cast(t, x.dtype)
  return { u: back(u), s: back(mul(s, expandDims(squeezeMatrix(scale), -1))), v: back(kept) }
}

/** [...b, 1, 1] -> [...b] */
const squeezeMatrix = (x: Tensor): Tensor => sum(x, [-2, -1])

export const singularValuesPrimitive: Primitive<NoAttrs> = definePrimitive({
  name: 'singularValues',
  arity: 1,
  attrs: noAttrs,
  abstractEval: ([x]) => aval([...x.shape.slice(0, -2), Math.min(...x.shape.slice(-2))], x.dtype),
  evaluate: ([x], _, [s]) => {
    const [m, n] = [axisLength(x.shape, x.shape.length - 2), axisLength(x.shape, x.shape.length - 1)]
    const k = Math.min(m, n)
    for (let i = 0; i * k < s.data.length; i++) {
      s.data.set(singularDecomposition(x.data.subarray(i * m * n, (i + 1) * m * n), m, n).values, i * k)
    }
  },
  // ds_i = u_iᵀ dx v_i; so the cotangent of x is u diag(ct) vᵀ, finite also where singular values coincide
  jvp: [
    (dx, [x]) => {
      const { u, v } = singularVectors(x)
      return sum(mul(u, matmul(dx, v)), -2)
    },
  ],
  transpose: notLinear,
  batch: ([x]) => bind1(singularValuesPrimitive, [x], {}),
  decompose: ([x]) => (Math.min(...x.shape.slice(-2)) <= jacobiLimit ? singularVectors(x).s : null),
  properties: {
    flops: ([x]) => (x === undefined ? 0 : 2 * sizeOf(x.shape) * Math.min(...x.shape.slice(-2))),
  },
})

/**
 * Singular values, descending. Shape: [...b, m, n] -> [...b, min(m, n)].
 *
 * ds_i = u_iᵀ dx v_i. The derivative is finite where singular values coincide; one below 1e-7 of the largest counts as
 * 0 and has none. The second derivative exists where they are distinct.
 *
 * @throws ShapeError for less than two axes or an empty matrix; DTypeError
 * @example singularValues(array([[3, 0], [0, 4]])) // => [4, 3]
 */
export const singularValues = (x: Tensor): Tensor => {
  checkKind('singularValues', 'floating', x)
  if (x.rank < 2 || Math.min(...x.shape.slice(-2)) === 0) {
    throw new ShapeError({
      op: 'singularValues',
      expected: 'the tensor must have at least two axes, the last two not empty.',
      received: `x ${printAval(x.aval)}`,
      todo: 'reshape it to a matrix',
    })
  }
  return bind1(singularValuesPrimitive, [x], {})
}
