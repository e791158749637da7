/*
 * Laws of optimisers: pairs of pure functions that make updates of gradients. Updates are what is added to the
 * parameters; a tree may hold null where a parameter is not trained.
 */
import { type Tensor, treeMap } from '@cotangent/core'
import { mapData } from '../oracle.js'
import { checkSameTrees, type Nearness } from './identity.js'

/** An optimiser, as far as the laws call it. */
export interface Optimiser<S> {
  readonly init: (params: unknown) => S
  update<T>(gradients: T, state: S, params: T): readonly [updates: T, state: S]
}

const near: Nearness = { rtol: 1e-5 }

const firstUpdate = <S, T>({ init, update }: Optimiser<S>, gradients: T, params: T): T =>
  update(gradients, init(params), params)[0]

const scaled = <T>(tree: T, factor: number): T => treeMap((x: Tensor) => mapData(x, (value) => value * factor), tree)

/** Adam's first step is `-rate · sign(g)`, whatever the size of g: its own square divides it. */
export const firstStepIsSign = <S, T>(
  optimiser: Optimiser<S>,
  gradients: T,
  params: T,
  rate: number,
  nearness: Nearness = near,
): void => {
  const sign = treeMap((g: Tensor) => mapData(g, (value) => -rate * Math.sign(value)), gradients)
  checkSameTrees('first step', sign, firstUpdate(optimiser, gradients, params), nearness)
}

/** With gradients of 0 only the decay is left: `-rate · decay · params`. */
export const zeroGradientOnlyDecays = <S, T>(
  optimiser: Optimiser<S>,
  params: T,
  rateTimesDecay: number,
  nearness: Nearness = near,
): void => {
  const updates = firstUpdate(optimiser, scaled(params, 0), params)
  checkSameTrees('gradient of 0', scaled(params, -rateTimesDecay), updates, nearness)
}

/** `update(c g) = update(g)` at the first step: what divides by the size of the gradient. */
export const stepIgnoresScale = <S, T>(
  optimiser: Optimiser<S>,
  gradients: T,
  params: T,
  factor: number,
  nearness: Nearness = near,
): void =>
  checkSameTrees(
    'scale of the gradient',
    firstUpdate(optimiser, gradients, params),
    firstUpdate(optimiser, scaled(gradients, factor), params),
    nearness,
  )

/** Called again with the same state it gives the same, to the last bit, and the state is as it was. */
export const updateIsPure = <S, T>(optimiser: Optimiser<S>, gradients: T, params: T): void => {
  const state = optimiser.init(params)
  const [first, next] = optimiser.update(gradients, state, params)
  const [second, again] = optimiser.update(gradients, state, params)
  checkSameTrees('update again', first, second)
  checkSameTrees('state again', next, again)
  checkSameTrees('state before', optimiser.init(params), state)
}
