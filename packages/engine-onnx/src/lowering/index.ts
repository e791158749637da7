/*
 * The table of lowerings: one for every basic primitive, loop and choice (one that is missing does not compile), and
 * those composed ones for which onnxruntime has an operator of its own.
 */
import type { AttrsOf, BasicPrimitiveName, ComposedPrimitiveName, ControlPrimitiveName, NoAttrs } from '@cotangent/core'
import { arithmetic } from './arithmetic.js'
import { comparison, reducePrecision } from './comparison.js'
import { contraction } from './contraction.js'
import { control } from './control.js'
import { convolution } from './convolution.js'
import { eigh } from './eigh.js'
import { operator1 } from './elementwise.js'
import { alongAxis, indexing, lastUpdate } from './indexing.js'
import type { Lowering } from './lowering.js'
import { ordering } from './ordering.js'
import { normalisation, reduction } from './reduction.js'
import { shapes } from './shape.js'

export const basicLowerings: { readonly [N in BasicPrimitiveName]: Lowering<AttrsOf<N>> } = {
  ...arithmetic,
  ...comparison,
  ...shapes,
  ...reduction,
  ...indexing,
  ...contraction,
}

const gelu: Lowering<NoAttrs> = operator1('Gelu')

export const composedLowerings: { readonly [N in ComposedPrimitiveName]?: Lowering<AttrsOf<N>> } = {
  gelu,
  eigh,
  convolution,
  lastUpdate,
  reducePrecision,
  ...ordering,
  ...alongAxis,
  ...normalisation,
}

export const controlLowerings: { readonly [N in ControlPrimitiveName]: Lowering<AttrsOf<N>> } = control

const all: Readonly<Record<string, Lowering<unknown> | undefined>> = {
  ...basicLowerings,
  ...composedLowerings,
  ...controlLowerings,
}

/** The lowering of a primitive, by its name. */
export const loweringOf = (name: string): Lowering<unknown> | undefined =>
  Object.hasOwn(all, name) ? all[name] : undefined

/** These have no kernel for f64. */
export const withoutF64: ReadonlySet<string> = new Set<BasicPrimitiveName | ComposedPrimitiveName>([
  'erf',
  'gelu',
  'convolution',
  'argsort', // NaN takes the place of infinity
  'topKIndices',
  'reducePrecision', // it rounds to f32 in between
])
