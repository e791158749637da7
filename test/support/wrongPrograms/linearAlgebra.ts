/* Wrong programs: matrices. */
import {
  ArgumentError,
  AxisError,
  cholesky,
  cofactor,
  DTypeError,
  det,
  diag,
  diagonal,
  inv,
  logdet,
  ones,
  qr,
  ShapeError,
  scalar,
  slogdet,
  solve,
  trace,
  triangularSolve,
  tril,
  triu,
} from '@cotangent/core'
import type { WrongPrograms } from './wrongProgram.js'

const square = ones([3, 3])

export const linearAlgebra: WrongPrograms = {
  'diagonal of a vector': [AxisError, () => diagonal(ones([3]))],
  'diag of a scalar': [AxisError, () => diag(scalar(1))],
  'trace of truth values': [DTypeError, () => trace(ones([2, 2], 'bool'))],
  'trace of a vector': [AxisError, () => trace(ones([3]))],
  'tril, half an offset': [ArgumentError, () => tril(square, 0.5)],
  'triu of a vector': [AxisError, () => triu(ones([3]))],
  'triangularSolve, not square': [ShapeError, () => triangularSolve(ones([2, 3]), ones([2]))],
  'triangularSolve, a scalar for b': [ShapeError, () => triangularSolve(square, scalar(1))],
  'solve, rows': [ShapeError, () => solve(square, ones([2, 3]))],
  'solve, leading axes': [ShapeError, () => solve(ones([2, 3, 3]), ones([4, 3, 1]))],
  'solve, dtypes': [DTypeError, () => solve(square, ones([3], 'f64'))],
  'solve of integers': [DTypeError, () => solve(ones([3, 3], 'i32'), ones([3], 'i32'))],
  'inv, not square': [ShapeError, () => inv(ones([2, 3]))],
  'det of a vector': [ShapeError, () => det(ones([3]))],
  'cofactor of integers': [DTypeError, () => cofactor(ones([3, 3], 'i32'))],
  'slogdet, not square': [ShapeError, () => slogdet(ones([2, 3]))],
  'logdet, not square': [ShapeError, () => logdet(ones([2, 3]))],
  'cholesky, not square': [ShapeError, () => cholesky(ones([2, 3]))],
  'qr of a vector': [ShapeError, () => qr(ones([3]))],
}
