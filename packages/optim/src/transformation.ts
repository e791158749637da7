/**
 * A step of an optimiser as a pair of pure functions (Optax's form): what it remembers, and how it changes gradients.
 *
 * The state is a pytree of tensors, so that a whole training step is one program. Trees of parameters may hold `null`
 * where a parameter is not trained; it stays `null` everywhere.
 */
export interface GradientTransformation<S> {
  /** The state before the first step. */
  readonly init: (params: unknown) => S
  /**
   * (A method, so that a transformation of some state serves where that state is not looked at.)
   *
   * @param gradients like `params`; for all but the first of a chain, what the one before made of them
   * @param state as `init` or the last `update` gave it
   * @param params the parameters before this step
   * @returns the changed gradients, and the state of the next step
   */
  update<T>(gradients: T, state: S, params: T): readonly [updates: T, state: S]
}

/**
 * For a transformation that remembers nothing.
 *
 * @example stateless((gradients) => treeMap(neg, gradients)).update([array([2])], null, [array([0])])[0] // => [[-2]]
 */
export const stateless = (update: <T>(gradients: T, params: T) => T): GradientTransformation<null> => ({
  init: () => null,
  update: (gradients, _, params) => [update(gradients, params), null],
})
