/*
 * What an equation must keep to for this engine to run it. Others are evaluated on the host, between two programs.
 *
 * Values and places live in f32: whole numbers are exact to 2^24. Beyond it i32 arithmetic on the device rounds; there
 * is no wrap-around. Where large integers can be seen before a program runs (a literal, a constant, an iota) the
 * equation goes to the host; where one is handed to the device from the host, it is refused.
 */
import { type AttrsOf, type Aval, type Equation, sizeOf } from '@cotangent/core'
import type { DeviceLimits } from './device/device.js'
import { hasLowering } from './lowerings/index.js'

/** 2^24: above it not every whole number is an f32. */
export const largestInteger = 2 ** 24

interface Limit {
  readonly reason: string
  readonly broken: (equation: Equation) => boolean
}

const avalsOf = ({ inputs, results }: Equation): readonly Aval[] => [...inputs, ...results].map(({ aval }) => aval)

const integersOf = ({ inputs, attrs, primitive, results: [result] }: Equation): readonly number[] => {
  const literals = inputs.flatMap((atom) => (atom.kind === 'literal' && atom.aval.dtype === 'i32' ? [atom.value] : []))
  if (primitive.name !== 'constant' || result?.aval.dtype !== 'i32') return literals
  return (attrs as AttrsOf<'constant'>).values // border: the name says whose attributes these are
}

/** Why equations of a lowered primitive may still run on the host. */
export const limitsOf = ({ elements }: DeviceLimits): readonly Limit[] => [
  {
    reason: 'f64 and u32 do not exist on the device',
    broken: (equation) => avalsOf(equation).some(({ dtype }) => dtype === 'f64' || dtype === 'u32'),
  },
  {
    reason: 'an integer beyond 2^24 is no exact f32',
    broken: (equation) => integersOf(equation).some((x) => Math.abs(x) > largestInteger),
  },
  {
    reason: `more than ${elements} elements: there is no room, or their places are no exact f32`,
    broken: (equation) => avalsOf(equation).some(({ shape }) => sizeOf(shape) > elements),
  },
]

/** The predicate of equations that run on a device of these limits. */
export const runsWithin = (device: DeviceLimits): ((equation: Equation) => boolean) => {
  const limits = limitsOf(device)
  return (equation) => hasLowering(equation.primitive) && !limits.some(({ broken }) => broken(equation))
}
