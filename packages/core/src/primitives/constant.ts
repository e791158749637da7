import { aval, type DType, type Shape } from '../aval.js'
import { printNumber } from '../ir/print.js'
import type { HostTensor, Tensor } from '../tensor.js'
import { bind1 } from '../trace/bind.js'
import { type AttrsSpec, definePrimitive, notDifferentiable, notLinear } from './primitive.js'

export interface ConstantAttrs {
  readonly values: readonly number[]
  readonly shape: Shape
  readonly dtype: DType
}

const attrs: AttrsSpec<ConstantAttrs> = {
  print: ({ values, shape, dtype }) =>
    `[values=(${values.map(printNumber).join(',')}) shape=(${shape.join(',')}) dtype=${dtype}]`,
}

export const constantPrimitive = definePrimitive({
  name: 'constant',
  arity: 'variadic',
  attrs,
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
 */
export const constant = (x: HostTensor): Tensor =>
  bind1(constantPrimitive, [], { values: Array.from(x.data), shape: x.shape, dtype: x.dtype })
