/*
 * The table of lowerings. Its type asks for every basic primitive; composed ones are here where one kernel does them,
 * else core decomposes them.
 */
import {
  type AttrsOf,
  type BasicPrimitiveName,
  type ComposedPrimitiveName,
  type Equation,
  primitives,
} from '@cotangent/core'
import type { Value } from '../program/value.js'
import { userLoweringOf } from '../userKernels/userLowerings.js'
import { castLowerings } from './cast.js'
import { contractionLowerings } from './contraction.js'
import { creationLowerings } from './creation.js'
import { elementwiseLowerings } from './elementwise.js'
import { indexingLowerings } from './indexing.js'
import type { Lowering, Operand } from './lowering.js'
import { movementLowerings } from './movement.js'
import { reductionLowerings } from './reduction.js'

type Lowerings = { readonly [N in BasicPrimitiveName]: Lowering<AttrsOf<N>> } & {
  readonly [N in ComposedPrimitiveName]?: Lowering<AttrsOf<N>>
}

export const lowerings: Lowerings = {
  ...elementwiseLowerings,
  ...castLowerings,
  ...movementLowerings,
  ...creationLowerings,
  ...reductionLowerings,
  ...indexingLowerings,
  ...contractionLowerings,
}

type LoweredName = keyof typeof lowerings

const isName = (name: string): name is LoweredName => Object.hasOwn(lowerings, name)

/** Whether this very primitive is in the table (one of the same name is another one), or a kernel of the user's. */
export const hasLowering = (primitive: Equation['primitive']): boolean =>
  userLoweringOf(primitive) !== undefined ||
  (isName(primitive.name) && Object.is(primitives[primitive.name], primitive))

const lookUp = (primitive: Equation['primitive']): Lowering<unknown> | undefined => {
  const { name } = primitive
  return userLoweringOf(primitive) ?? (isName(name) ? (lowerings[name] as Lowering<unknown> | undefined) : undefined)
}

/**
 * The value of an equation's result.
 *
 * Border: the table's types say which attributes belong to which name; an equation has forgotten them.
 */
export const lowerEquation = ({ primitive, attrs, results }: Equation, operands: readonly Operand[]): Value => {
  const lowering = lookUp(primitive)
  const [result] = results
  if (lowering === undefined || result === undefined) throw new Error(`there is no gpu lowering for ${primitive.name}`)
  return lowering(operands, attrs, result.aval)
}
