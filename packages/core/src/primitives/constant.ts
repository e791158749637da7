import { aval, type DType, type Shape } from '../aval.js'
import type { HostTensor, Tensor } from '../tensor.js'
import { bind1 } from '../trace/bind.js'
import { dataAttrs, definePrimitive, notDifferentiable, notLinear } from './primitive.js'

export interface ConstantAttrs {
  readonly values: readonly number[]
  readonly shape: Shape
  readonly dtype: DType
}

export const constantPrimitive = definePrimitive({
  name: 'constant',
  arity: 'variadic',
  attrs: dataAttrs<ConstantAttrs>('values', 'shape', 'dtype'),
  abstractEval: (_, { shape, dtype }) => aval(shape, dtype),
  evaluate: (_, { values }, [y]) => y.data.set(values),
  jvp: notDifferentiable('it has no operands'),
  transpose: notLinear,
  batch: notDifferentiable('it has no operands'),
  properties: { flops: () => 0 },
})

/**
 * A small table held by value in the program and its hash, for index tables. (A tensor captured by a traced function
 * becomes an input instead, and its contents do not count.)
 *
 * @example constant(array([0, 2], 'i32')) // => [0, 2]
 */
export const constant = (x: HostTensor): Tensor =>
  bind1(constantPrimitive, [], { values: Array.from(x.data), shape: x.shape, dtype: x.dtype })
