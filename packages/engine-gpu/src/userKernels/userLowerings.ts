/* Lowerings of users' own kernels, by the very primitive: two kernels may have one name. */
import type { Equation, Primitive } from '@cotangent/core'
import type { Lowering } from '../lowerings/lowering.js'

const lowerings = new WeakMap<Equation['primitive'], Lowering<unknown>>()

/** Says how equations of a user's primitive are computed. */
export const addUserLowering = <A>(primitive: Primitive<A>, lowering: Lowering<A>): void => {
  lowerings.set(primitive, lowering as Lowering<unknown>) // border: an equation has forgotten whose attributes it has
}

/** The lowering of a user's primitive; nothing for any other. */
export const userLoweringOf = (primitive: Equation['primitive']): Lowering<unknown> | undefined =>
  lowerings.get(primitive)
