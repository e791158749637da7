/*
 * What a variable of the program is while its graph is built: a stored tensor, read through a permutation of its axes
 * and then NumPy's broadcast. Broadcasts, permutations and reshapes so cost nothing until an operator needs the
 * elements in place; most never do.
 */
import { type Aval, type Shape, sameShape } from '@cotangent/core'
import type { Product } from './product.js'

/** A tensor of the graph. */
export interface Stored {
  readonly kind: 'stored'
  readonly name: string
  readonly shape: Shape
  /** Held by the model by value, so that its elements are known to be good. */
  readonly constant: boolean
}

/** A number of the program. */
export interface Number {
  readonly kind: 'number'
  readonly value: number
}

export interface Value {
  readonly aval: Aval
  readonly source: Stored | Number | Product
  /** Axis i of the value, before it is broadcast, is axis `permutation[i]` of the stored tensor; `null` is in order. */
  readonly permutation: readonly number[] | null
}

export const stored = (name: string, aval: Aval, shape: Shape = aval.shape, constant = false): Value => ({
  aval,
  source: { kind: 'stored', name, shape, constant },
  permutation: null,
})

/** The same number in every place. */
export const number = (value: number, aval: Aval): Value => ({
  aval,
  source: { kind: 'number', value },
  permutation: null,
})

/** Axis lengths of the stored tensor. */
export const sourceShape = ({ source }: Value): Shape => (source.kind === 'number' ? [] : source.shape)

export const isInOrder = (permutation: readonly number[]): boolean => permutation.every((axis, i) => axis === i)

/** `null` where it changes nothing. */
export const normalPermutation = (permutation: readonly number[]): readonly number[] | null =>
  isInOrder(permutation) ? null : permutation

/** Axis lengths after the permutation, before the broadcast. */
export const viewShape = (value: Value): Shape => {
  const shape = sourceShape(value)
  return value.permutation === null ? shape : value.permutation.map((axis) => shape[axis] ?? 1)
}

/** Whether nothing is repeated. */
export const isFull = (value: Value): boolean => sameShape(viewShape(value), value.aval.shape)

/** Axis lengths after the permutation, with leading axes of length 1 up to the value's rank. */
export const paddedShape = (value: Value): Shape => {
  const shape = viewShape(value)
  return [...new Array<number>(value.aval.shape.length - shape.length).fill(1), ...shape]
}
