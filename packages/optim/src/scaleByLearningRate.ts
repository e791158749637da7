import { add, cast, mul, neg, scalar, type Tensor, treeMap } from '@cotangent/core'
import { notNegative } from './checks.js'
import { constant, type Schedule } from './schedules.js'
import type { GradientTransformation } from './transformation.js'

/** Steps taken so far, f32 []: data, so that one program serves all steps. */
export type CountState = { readonly count: Tensor }

/**
 * g ← -η(t) · g: the last of a chain, which turns directions into what is added to the parameters.
 *
 * @param rate a number, or a schedule of the step (0 for the first)
 * @throws ArgumentError for a negative number
 * @example
 * const step = scaleByLearningRate(0.1)
 * const w = [array([0])]
 * step.update([array([2])], step.init(w), w)[0] // => [[-0.2]]
 */
export const scaleByLearningRate = (rate: number | Schedule): GradientTransformation<CountState> => {
  if (typeof rate === 'number') notNegative('scaleByLearningRate', 'rate', rate)
  const schedule = typeof rate === 'number' ? constant(rate) : rate
  return {
    init: () => ({ count: scalar(0) }),
    update: (gradients, { count }) => {
      const step = neg(schedule(count))
      return [treeMap((g) => mul(g, cast(step, g.dtype)), gradients), { count: add(count, 1) }]
    },
  }
}
