/* From a value to a tensor of the graph, as far in place as an operator needs it. */
import { range, sameShape } from '@cotangent/core'
import type { Builder } from './builder.js'
import { emitProduct, exchanged, isFusible, type Product } from './product.js'
import { normalPermutation, type Stored, sourceShape, stored, type Value, viewShape } from './value.js'

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
      const { product, rest } = oriented(source, permutation)
      const name = emitProduct(builder, product)
      return { aval, permutation: rest, source: { kind: 'stored', name, shape: product.shape, constant: false } }
    }
  }
}

interface Oriented {
  readonly product: Product
  /** What is left to be permuted. */
  readonly rest: readonly number[] | null
}

/**
 * A product whose axes are read in another order, computed so that its innermost axis is the one that is wanted there:
 * `bᵀ aᵀ` in place of `a b`. What is left to be moved are rows, not single elements; often nothing is.
 */
const oriented = (product: Product, permutation: readonly number[] | null): Oriented => {
  const [batch, rows, columns] = product.axes.map((lengths) => lengths.length)
  if (permutation === null || batch === undefined || rows === undefined || columns === undefined) {
    return { product, rest: permutation }
  }
  const innermost = permutation[permutation.length - 1] ?? 0
  const isRow = innermost >= batch && innermost < batch + rows
  if (!isRow || product.addend !== null) return { product, rest: permutation }
  // where each axis went: rows behind columns
  const moved = permutation.map((axis) => (axis < batch ? axis : axis < batch + rows ? axis + columns : axis - rows))
  return { product: exchanged(product), rest: normalPermutation(moved) }
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
    source: { ...source, name: builder.reshaped(source.name, source.shape, shape), shape },
    permutation: permutation === null ? null : [...range(missing), ...permutation.map((axis) => axis + missing)],
  }
}

/** A product whose axes are in order and not repeated, if the value is one that can still take something in. */
export const openProduct = ({ source, permutation, aval }: Value): Product | null => {
  if (source.kind !== 'product' || !isFusible(source)) return null
  const { product, rest } = oriented(source, permutation)
  return rest === null && sameShape(product.shape, aval.shape) ? product : null
}
