/* Broadcasting is repetition, and its gradient the sum over the copies. */
import { broadcastTo, grad, mul, reshape, type Shape, sum, type Tensor } from '@cotangent/core'
import { mapData } from '../oracle.js'
import { checkSamePrograms } from './program.js'

/** What NumPy makes of shapes that fit. */
const commonShape = (shapes: readonly Shape[]): Shape => {
  const rank = Math.max(0, ...shapes.map((shape) => shape.length))
  return Array.from({ length: rank }, (_, i) =>
    shapes.reduce((length, shape) => {
      const n = shape[i + shape.length - rank] ?? 1
      return n === 1 ? length : n
    }, 1),
  )
}

/** The sum over the axes that were repeated. */
const unrepeated = (x: Tensor, shape: Shape): Tensor => {
  const lead = x.rank - shape.length
  const axes = x.shape.flatMap((n, i) => (i < lead || (shape[i - lead] === 1 && n !== 1) ? [i] : []))
  return reshape(axes.length === 0 ? x : sum(x, axes), shape)
}

/**
 * `f(x, y) = f(x repeated, y repeated)`, and the gradient of x is the sum of the gradients of its copies.
 *
 * @param f an element by element function of tensors whose shapes fit
 */
export const broadcastingIsRepetition = (f: (...xs: readonly Tensor[]) => Tensor, args: readonly Tensor[]): void => {
  const shape = commonShape(args.map((x) => x.shape))
  const repeated = (xs: readonly Tensor[]): readonly Tensor[] => xs.map((x) => broadcastTo(x, shape))
  const names = ['broadcast', 'repeated'] as const
  checkSamePrograms(
    { check: 'broadcasting', expected: 'f(x, y) must equal f(x repeated, y repeated).', names, rtol: 0 },
    args,
    (xs) => [f(...xs)],
    (xs) => [f(...repeated(xs))],
  )
  const weights = mapData(f(...args), (_, i) => Math.fround(Math.cos(i + 1)))
  const total = (xs: readonly Tensor[]): Tensor => sum(mul(f(...xs), weights))
  checkSamePrograms(
    { check: 'broadcasting', expected: 'a gradient must be the sum over the copies.', names, rtol: 1e-12 },
    args,
    (xs) => grad(total)(xs),
    (xs) => grad(total)(repeated(xs)).map((x, i) => unrepeated(x, args[i]?.shape ?? [])),
  )
}
