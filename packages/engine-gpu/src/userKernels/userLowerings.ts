/* Lowerings of users' own kernels, by the very primitive: two kernels may have one name. */
import type { Equation } from '@cotangent/core'
import type { Lowering } from '../lowerings/lowering.js'

type AnyPrimitive = Equation['primitive']

const lowerings = new WeakMap<AnyPrimitive, Lowering<unknown>>()

/** Says how equations of a user's primitive are computed. */
export const addUserLowering = (primitive: AnyPrimitive, lowering: Lowering<unknown>): void => {
  lowerings.set(primitive, lowering)
}

/** The lowering of a user's primitive; nothing for any other. */
export const userLoweringOf = (primitive: AnyPrimitive): Lowering<unknown> | undefined => lowerings.get(primitive)
