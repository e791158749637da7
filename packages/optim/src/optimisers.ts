/* The usual chains. Letters as in their parts: g gradient, w parameter. */
import { addDecayedWeights, type Selection } from './addDecayedWeights.js'
import { chain } from './chain.js'
import { type MomentumState, momentum } from './momentum.js'
import { type AdamSettings, type AdamState, scaleByAdam } from './scaleByAdam.js'
import { type CountState, scaleByLearningRate } from './scaleByLearningRate.js'
import type { Schedule } from './schedules.js'
import type { GradientTransformation } from './transformation.js'

/** What all optimisers here take. */
export interface OptimiserSettings {
  readonly learningRate: number | Schedule
  /** 0 by default. */
  readonly weightDecay?: number
  /** Which parameters decay; all of them by default. */
  readonly decays?: Selection
}

/**
 * AdamW: w ← w - η (Adam's direction + weightDecay · w), as `torch.optim.AdamW`. Its usual decay 0.01 has to be said.
 *
 * @example
 * const optimiser = adamw({ learningRate: 0.1, weightDecay: 0.01 })
 * const w = [array([1, 1])]
 * optimiser.update([array([3, -5])], optimiser.init(w), w)[0] // => [[-0.101, 0.099]]
 */
export const adamw = ({
  learningRate,
  weightDecay = 0,
  decays,
  ...adamSettings
}: OptimiserSettings & AdamSettings): GradientTransformation<readonly [AdamState, null, CountState]> =>
  chain(scaleByAdam(adamSettings), addDecayedWeights(weightDecay, decays), scaleByLearningRate(learningRate))

/**
 * Adam: w ← w - η · Adam's direction for g + weightDecay · w, as `torch.optim.Adam`.
 *
 * @example
 * const optimiser = adam({ learningRate: 0.1 })
 * const w = [array([0, 0])]
 * optimiser.update([array([3, -5])], optimiser.init(w), w)[0] // => [[-0.1, 0.1]]
 */
export const adam = ({
  learningRate,
  weightDecay = 0,
  decays,
  ...adamSettings
}: OptimiserSettings & AdamSettings): GradientTransformation<readonly [null, AdamState, CountState]> =>
  chain(addDecayedWeights(weightDecay, decays), scaleByAdam(adamSettings), scaleByLearningRate(learningRate))

/**
 * Gradient descent: w ← w - η · momentum of g + weightDecay · w, as `torch.optim.SGD`.
 *
 * @param settings momentum μ, 0 by default; nesterov looks one step ahead
 * @example
 * const optimiser = sgd({ learningRate: 0.1, momentum: 0.9 })
 * const w = [array([0, 0])]
 * optimiser.update([array([3, -5])], optimiser.init(w), w)[0] // => [[-0.3, 0.5]]
 */
export const sgd = ({
  learningRate,
  weightDecay = 0,
  decays,
  momentum: decay = 0,
  nesterov = false,
}: OptimiserSettings & { readonly momentum?: number; readonly nesterov?: boolean }): GradientTransformation<
  readonly [null, MomentumState, CountState]
> => chain(addDecayedWeights(weightDecay, decays), momentum(decay, nesterov), scaleByLearningRate(learningRate))
