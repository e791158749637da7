import { add, div, mul, printAval, ShapeError, sub, type Tensor } from '@cotangent/core'
import type { AdaptiveBounds } from '../schedules.js'
import { meanEntropy } from './entropy.js'

/** Bounds of the factor, and how the teacher is softened. */
export interface AdaptiveOptions extends Partial<AdaptiveBounds> {
  /** T; 1 unless given. */
  readonly temperature?: number
}

/**
 * A factor for `weightedBy`: large where the teacher is sure of what it says.
 *
 * f = lowest + (highest - lowest) (1 - H / log d),  H the mean entropy of softmax(P / T) over the rows that count
 *
 * @param options highest, 1 unless given; lowest, a tenth of it; temperature T
 * @returns takes the teacher's logits P [n, d], d >= 2, and the mask [n]; gives a scalar
 * @throws ShapeError for one class: log d is 0
 * @example adaptiveFactor({})({ teacher: array([[0, 0, 0]]), mask: null }) // => 0.1
 */
export const adaptiveFactor = ({ temperature = 1, highest = 1, ...options }: AdaptiveOptions) => {
  const lowest = options.lowest ?? 0.1 * highest
  return ({ teacher, mask }: { readonly teacher: Tensor; readonly mask: Tensor | null }): Tensor => {
    const d = teacher.shape[teacher.rank - 1] ?? 0
    if (d < 2) {
      throw new ShapeError({
        op: 'adaptiveFactor',
        expected: 'the teacher must have at least two classes.',
        received: `teacher ${printAval(teacher.aval)}`,
        todo: 'use a schedule in its place',
      })
    }
    const unsure = div(meanEntropy(teacher, { temperature, mask }), Math.log(d))
    return add(mul(unsure, lowest), mul(sub(1, unsure), highest))
  }
}
