import { add, mul, type Pytree, type Tensor, treeMap } from '@cotangent/core'
import { decayRate } from './checks.js'
import { zerosTree } from './scaleByAdam.js'
import type { GradientTransformation } from './transformation.js'

/** The running sum of gradients, like the parameters; `null` where the decay is 0. */
export type MomentumState = { readonly velocity: Pytree }

/**
 * Momentum: b ← μ b + g, then g ← b; with `nesterov` g ← g + μ b.
 *
 * @param decay μ in [0, 1)
 * @throws ArgumentError
 * @example
 * const heavy = momentum(0.9)
 * const w = [array([0])]
 * const [, once] = heavy.update([array([1])], heavy.init(w), w)
 * heavy.update([array([1])], once, w)[0] // => [[1.9]]
 */
export const momentum = (decay: number, nesterov = false): GradientTransformation<MomentumState> => {
  decayRate('momentum', 'decay', decay)
  const lookAhead = (g: Tensor, b: Tensor): Tensor => (nesterov ? add(g, mul(b, decay)) : b)
  if (decay === 0) return { init: () => ({ velocity: null }), update: (gradients, state) => [gradients, state] }
  return {
    init: (params) => ({ velocity: zerosTree(params) }),
    update: (gradients, state) => {
      const velocity = treeMap((b, g) => add(mul(b, decay), g), state.velocity, gradients)
      return [treeMap(lookAhead, gradients, velocity), { velocity }]
    },
  }
}
