import { add, mul, type Path, type Tensor, treeEntries, treeMap } from '@cotangent/core'
import { notNegative } from './checks.js'
import { type GradientTransformation, stateless } from './transformation.js'

/** Which parameters something applies to: told the path, such as `layers[0].bias`, and the leaf (for its rank). */
export type Selection = (path: Path, leaf: Tensor) => boolean

/**
 * g ← g + rate · w. After Adam's scaling this is AdamW's decoupled decay, before it an L2 penalty of rate / 2 · ‖w‖².
 *
 * @param rate at least 0
 * @param mask the parameters that decay; all of them by default
 * @throws ArgumentError
 * @example addDecayedWeights(0.1).update([array([1])], null, [array([2])])[0] // => [[1.2]]
 * @example addDecayedWeights(0.01, (path, w) => w.rank > 1)
 */
export const addDecayedWeights = (rate: number, mask: Selection = () => true): GradientTransformation<null> => {
  notNegative('addDecayedWeights', 'rate', rate)
  return stateless((gradients, params) => {
    if (rate === 0) return gradients
    const chosen = treeEntries(params).map(([path, w]) => mask(path, w))
    let next = 0
    return treeMap((g, w) => (chosen[next++] ? add(g, mul(w, rate)) : g), gradients, params)
  })
}
