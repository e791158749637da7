import { mul, printAval, ShapeError, sameShape, sum, type Tensor } from '@cotangent/core'
import { type NormalizeOptions, normalize } from './normalize.js'

/**
 * Cosine of the angle between vectors along an axis: x·y / (max(‖x‖, eps) max(‖y‖, eps)). In [−1, 1]; 0 where one of them
 * is 0. Their lengths do not matter.
 *
 * @param x [...s, d]
 * @param y of the same shape
 * @param options axis: the last unless given; eps: 1e-8 unless given
 * @returns x's shape without the axis
 * @throws ShapeError unless the shapes are equal; AxisError
 * @see torch.nn.functional.cosine_similarity
 * @example cosineSimilarity(array([[1, 0], [1, 1]]), array([[5, 0], [1, -1]])) // => [1, 0]
 */
export const cosineSimilarity = (x: Tensor, y: Tensor, options: NormalizeOptions = {}): Tensor => {
  if (!sameShape(x.shape, y.shape)) {
    throw new ShapeError({
      op: 'cosineSimilarity',
      expected: 'both must have one shape.',
      received: `x ${printAval(x.aval)}, y ${printAval(y.aval)}`,
      todo: 'broadcastTo one of them; for all pairs multiply normalize(x) with the transpose of normalize(y)',
    })
  }
  const { axis = -1, eps = 1e-8 } = options
  return sum(mul(normalize(x, { axis, eps }), normalize(y, { axis, eps })), axis)
}
