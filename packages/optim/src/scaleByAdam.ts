import {
  add,
  cast,
  div,
  expm1,
  full,
  mul,
  neg,
  type Pytree,
  reciprocal,
  scalar,
  sqrt,
  square,
  type Tensor,
  treeFlatten,
  treeMap,
  treeUnflatten,
  zerosLike,
} from '@cotangent/core'
import { decayRate, notNegative } from './checks.js'
import type { GradientTransformation } from './transformation.js'

/** Running means of the gradient (`mean`) and of its square (`square`), each like the parameters. */
export type AdamState = {
  /** Steps taken so far, f32 []: data, so that one program serves all steps. */
  readonly count: Tensor
  readonly mean: Pytree
  readonly square: Pytree
}

/** Adam's own settings. */
export interface AdamSettings {
  /** β1, decay of the mean; 0.9 by default. */
  readonly beta1?: number
  /** β2, decay of the mean square; 0.999 by default. */
  readonly beta2?: number
  /** ε, added to the root; 1e-8 by default. */
  readonly epsilon?: number
}

/** A tree like `tree`, of zeros. */
export const zerosTree = (tree: unknown): Pytree => {
  const [leaves, def] = treeFlatten(tree)
  return treeUnflatten<Pytree>(def, leaves.map(zerosLike))
}

/** 1 / (1 - βᵗ). As -expm1(t log β), since 1 - βᵗ itself would lose 3 digits in f32 at β = 0.999 and t = 1. */
const correction = (beta: number, t: Tensor): Tensor =>
  beta === 0 ? full([], 1) : reciprocal(neg(expm1(mul(t, Math.log(beta)))))

/**
 * Adam's direction: the running mean of the gradient over the root of the running mean of its square.
 *
 *     m ← β1 m + (1 - β1) g          m̂ = m / (1 - β1ᵗ)
 *     v ← β2 v + (1 - β2) g²         v̂ = v / (1 - β2ᵗ)         t = 1 in the first step
 *     g ← m̂ / (√v̂ + ε)
 *
 * @throws ArgumentError for a β outside of [0, 1) or a negative ε
 * @see Kingma and Ba, arXiv 1412.6980, algorithm 1
 * @example
 * const direction = scaleByAdam({ beta2: 0.98 })
 * const w = [array([0, 0])]
 * direction.update([array([3, -5])], direction.init(w), w)[0] // => [[1, -1]]
 */
export const scaleByAdam = ({
  beta1 = 0.9,
  beta2 = 0.999,
  epsilon = 1e-8,
}: AdamSettings = {}): GradientTransformation<AdamState> => {
  decayRate('scaleByAdam', 'beta1', beta1)
  decayRate('scaleByAdam', 'beta2', beta2)
  notNegative('scaleByAdam', 'epsilon', epsilon)
  return {
    init: (params) => ({ count: scalar(0), mean: zerosTree(params), square: zerosTree(params) }),
    update: (gradients, state) => {
      const count = add(state.count, 1)
      const [correct1, correct2] = [correction(beta1, count), correction(beta2, count)]
      const mean = treeMap((m, g) => add(mul(m, beta1), mul(g, 1 - beta1)), state.mean, gradients)
      const squares = treeMap((v, g) => add(mul(v, beta2), mul(square(g), 1 - beta2)), state.square, gradients)
      const direction = (g: Tensor, m: Tensor, v: Tensor): Tensor =>
        div(mul(m, cast(correct1, g.dtype)), add(sqrt(mul(v, cast(correct2, g.dtype))), epsilon))
      return [treeMap(direction, gradients, mean, squares), { count, mean, square: squares }]
    },
  }
}
