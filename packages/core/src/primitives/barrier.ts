import type { Tensor } from '../tensor.js'
import { bind } from '../trace/bind.js'
import { definePrimitive, type NoAttrs, noAttrs, type Primitive } from './primitive.js'

/**
 * Gives its operands back, but nothing computed from its results is taken for the same as what was computed from its
 * operands: so a checkpoint's second forward pass stays a second one.
 */
export const barrierPrimitive: Primitive<NoAttrs> = definePrimitive({
  name: 'barrier',
  arity: 1,
  attrs: noAttrs,
  abstractEval: ([x]) => x,
  evaluate: ([x], _, [y]) => y.data.set(x.data),
  jvp: [(dx) => dx],
  transpose: [(ct) => ct],
  batch: ([x]) => barrier(x),
  properties: { barrier: true, flops: () => 0 },
})

export const barrier = (x: Tensor): Tensor => bind(barrierPrimitive, [x], {})[0] ?? x
