/* From a value to a tensor of the graph, as far in place as an operator needs it. */
import { range, sameShape } from '@cotangent/core'
import type { Builder } from './builder.js'
import { emitProduct, exchanged, isFusible, type Product, reshaped } from './product.js'
import { type Stored, sourceShape, stored, type Value, viewShape } from './value.js'

/** A value whose tensor is there. */
export interface StoredValue extends Value {
  readonly source: Stored
}

/** The value over a stored tensor: a number or product is emitted. */
export const inStore = (builder: Builder, value: Value): StoredValue => {
  const { source, aval, permutation } = value
  switch (source.kind) {
    case 'stored':
      return { ...value, source }
    case 'number': {
      const name = builder.scalar(source.value, aval.dtype)
      return { aval, permutation: null, source: { kind: 'stored', name, shape: [], constant: true } }
    }
    case 'product': {
      const product = permutation !== null && exchangesMatrix(source, permutation) ? exchanged(source) : source
      const rest = product === source ? permutation : null
      const name = emitProduct(builder, product)
      return { aval, permutation: rest, source: { kind: 'stored', name, shape: product.shape, constant: false } }
    }
  }
}

/** Whether a permutation puts a product's column axes before its row axes and does nothing else. */
const exchangesMatrix = ({ axes, addend }: Product, permutation: readonly number[]): boolean => {
  if (addend !== null) return false
  const [b, m, n] = axes.map((lengths) => lengths.length)
  if (b === undefined || m === undefined || n === undefined) return false
  const wanted = [...range(b), ...range(n, b + m), ...range(m, b)]
  return permutation.length === wanted.length && permutation.every((axis, i) => axis === wanted[i])
}

/** A tensor with the value's axes in order, where axes of length 1 may still have to be repeated. */
export const broadcastable = (builder: Builder, value: Value): string => {
  const { source, permutation } = inStore(builder, value)
  return permutation === null
    ? source.name
    : builder.shared('Transpose', [source.name], { perm: { ints: permutation } })
}

/** A tensor with the value's elements, all of them in order. */
export const whole = (builder: Builder, value: Value): string => {
  const shape = viewShape(value)
  const name = broadcastable(builder, value)
  return sameShape(shape, value.aval.shape) ? name : builder.shared('Expand', [name, builder.ints(value.aval.shape)])
}

/** The value with its elements in place. */
export const settled = (builder: Builder, value: Value): Value => stored(whole(builder, value), value.aval)

/** The value with every axis present in the store, leading ones with length 1. */
export const padded = (builder: Builder, value: Value): Value => {
  const missing = value.aval.shape.length - sourceShape(value).length
  if (missing === 0 || value.source.kind === 'number') return value
  const { source, permutation, aval } = inStore(builder, value)
  const shape = [...new Array<number>(missing).fill(1), ...source.shape]
  return {
    aval,
    source: { ...source, name: reshaped(builder, source.name, source.shape, shape), shape },
    permutation: permutation === null ? null : [...range(missing), ...permutation.map((axis) => axis + missing)],
  }
}

/** A product whose axes are in order and not repeated, if the value is one that can still take something in. */
export const openProduct = ({ source, permutation, aval }: Value): Product | null => {
  if (source.kind !== 'product' || !isFusible(source)) return null
  const product = permutation !== null && exchangesMatrix(source, permutation) ? exchanged(source) : source
  if (permutation !== null && product === source) return null
  return sameShape(product.shape, aval.shape) ? product : null
}
