import { type Aval, allocate, printAval, sizeOf } from '../aval.js'
import { BufferError } from '../errors.js'
import type { HostArray, Primitive } from '../primitives/primitive.js'
import { evaluateIR } from '../reference/evaluate.js'
import { HostTensor, type Tensor } from '../tensor.js'
import { builderFor, Tracer } from './tracer.js'

/** Applies a primitive: adds an equation to the program being traced, or evaluates it at once. */
export const bind = <A>(primitive: Primitive<A>, operands: readonly Tensor[], attrs: A): readonly Tensor[] => {
  const builder = builderFor(primitive.name, operands)
  if (builder !== null) {
    if (builder.base || primitive.split === null) return builder.append(primitive, operands, attrs)
    const linear = operands.map((x) => x instanceof Tracer && x.builder === builder)
    return primitive.split(operands, linear, attrs, (p, xs, a) => builder.append(p, xs, a))
  }
  const arrays = operands.map((x) => onHost(primitive.name, x))
  const results = primitive.abstractEval(arrays, attrs).map(newArray)
  primitive.evaluate(arrays, attrs, results, evaluateIR)
  return results.map(({ data, shape, dtype }) => new HostTensor(data, shape, dtype))
}

/** `bind` for primitives with one result. */
export const bind1 = <A>(primitive: Primitive<A>, operands: readonly Tensor[], attrs: A): Tensor => {
  const [result] = bind(primitive, operands, attrs)
  if (result === undefined) throw new Error(`${primitive.name} gave no result`)
  return result
}

const newArray = ({ shape, dtype }: Aval): HostArray => ({ shape, dtype, data: allocate(dtype, sizeOf(shape)) })

const onHost = (op: string, x: Tensor): HostArray => {
  if (x instanceof HostTensor) return { shape: x.shape, dtype: x.dtype, data: x.data }
  throw new BufferError({
    op,
    expected: 'functions called outside of compile() need tensors on the host.',
    received: `${printAval(x.aval)} on a device`,
    todo: 'await t.read() first, or move the call into the compiled function',
  })
}
