import type { GradientTransformation } from './transformation.js'

type Parts<S extends readonly unknown[]> = { readonly [I in keyof S]: GradientTransformation<S[I]> }

/**
 * One transformation after the other. The state is the tuple of theirs.
 *
 * @example
 * const optimiser = chain(clipByGlobalNorm(1), scaleByLearningRate(0.5))
 * const w = [array([0, 0])]
 * optimiser.update([array([3, 4])], optimiser.init(w), w)[0] // => [[-0.3, -0.4]]
 */
export const chain = <S extends readonly unknown[]>(...parts: Parts<S>): GradientTransformation<Readonly<S>> => {
  // Border: element i of the state belongs to element i of the parts, which the types of arrays cannot say.
  const each = parts as readonly GradientTransformation<unknown>[]
  return {
    init: (params) => each.map((part) => part.init(params)) as readonly unknown[] as Readonly<S>,
    update: (gradients, state, params) => {
      let updates = gradients
      const next = each.map((part, i) => {
        const [changed, partState] = part.update(updates, state[i], params)
        updates = changed
        return partState
      })
      return [updates, next as readonly unknown[] as Readonly<S>]
    },
  }
}
