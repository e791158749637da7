import {
  add,
  cast,
  div,
  minimum,
  mul,
  sqrt,
  square,
  sum,
  type Tensor,
  treeLeaves,
  treeMap,
  zeros,
} from '@cotangent/core'
import { positive } from './checks.js'
import { type GradientTransformation, stateless } from './transformation.js'

/**
 * The Euclidean norm of all elements of a tree together.
 *
 * ‖g‖ = √(Σ_leaves Σ_i g_i²)
 *
 * @param tree floating leaves of any shapes; `null` counts as nothing
 * @returns scalar [] in the dtype of the first leaf (f32 for an empty tree)
 * @example globalNorm({ a: array([3]), b: array([[4]]) }) // => 5
 */
export const globalNorm = (tree: unknown): Tensor => {
  const [first, ...rest] = treeLeaves(tree).map((x) => sum(square(x)))
  if (first === undefined) return zeros([])
  return sqrt(rest.reduce((total, x) => add(total, cast(x, total.dtype)), first))
}

/** PyTorch's `clip_grad_norm_` adds this to the norm it divides by. */
const margin = 1e-6

/**
 * Scales gradients so that their global norm is at most `maxNorm`; below it they stay as they are.
 *
 * g · min(1, maxNorm / (‖g‖ + 1e-6)), as PyTorch's `clip_grad_norm_`
 *
 * @param maxNorm above 0, in the unit of the gradients
 * @throws ArgumentError
 * @example clipByGlobalNorm(1).update([array([3, 4])], null, [array([0, 0])])[0] // => [[0.6, 0.8]]
 */
export const clipByGlobalNorm = (maxNorm: number): GradientTransformation<null> => {
  positive('clipByGlobalNorm', 'maxNorm', maxNorm)
  return stateless((gradients) => {
    const factor = minimum(div(maxNorm, add(globalNorm(gradients), margin)), 1)
    return treeMap((g) => mul(g, cast(factor, g.dtype)), gradients)
  })
}
