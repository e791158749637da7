/*
 * A lowered program is a graph of values: flat row-major arrays of f32, each given by the program, known before it
 * runs, or computed from others. A reshape is no computation: it is the same value. Which values get memory, and which
 * are computed inside of the kernels that need them, is decided later (fusion/).
 */
import type { Emitter } from '../source/emitter.js'
import type { Place } from '../source/place.js'

/** The text of an operand's element at a place: `a0[i]`, `v3`, or a number. */
export type Read = (at: Place) => string

/** How one element of a value is computed. */
export interface Operation {
  /** Of the primitive. */
  readonly name: string
  /** How often its loops run for one element; 1 where it has none. */
  readonly rounds: number
  /** What the arithmetic of one element costs; a number read from memory costs 1. */
  readonly arithmetic: number
  /** How many elements of each operand one element needs. */
  readonly reads: readonly number[]
  /** Whether an element needs only those at its own place. */
  readonly elementwise: boolean
  /** Writes the lines that compute the element at a place, and gives its text. */
  element(emitter: Emitter, at: Place, reads: readonly Read[]): string
}

/** An input of the program, by its place. */
export interface Input {
  readonly kind: 'input'
  readonly index: number
  readonly length: number
}

/** Known before the program runs; on the device from then on. */
export interface Data {
  readonly kind: 'data'
  readonly values: Float32Array
  readonly length: number
}

/** The same number everywhere; it is no array until one is asked for. */
export interface Uniform {
  readonly kind: 'uniform'
  readonly value: number
  readonly length: number
}

/** Computed element by element. */
export interface Computed {
  readonly kind: 'computed'
  readonly operation: Operation
  readonly operands: readonly Value[]
  readonly length: number
}

/** The result of a kernel whose text is given whole; its operands are arrays in memory. */
export interface Opaque {
  readonly kind: 'opaque'
  readonly name: string
  readonly source: string
  readonly operands: readonly Value[]
  readonly length: number
}

export type Value = Input | Data | Uniform | Computed | Opaque

export const inputValue = (index: number, length: number): Input => ({ kind: 'input', index, length })

export const dataValue = (values: ArrayLike<number>): Data => ({
  kind: 'data',
  values: Float32Array.from(values),
  length: values.length,
})

export const uniformValue = (value: number, length: number): Uniform => ({ kind: 'uniform', value, length })

/** An array without elements needs no computation. */
export const computedValue = (length: number, operands: readonly Value[], operation: Operation): Value =>
  length === 0 ? dataValue([]) : { kind: 'computed', operation, operands, length }

/** Parameters one kernel may have: 8 storage buffers a stage is WebGPU's default limit, and the result is one. */
export const maximumParameters = 7

/** A value that has storage: a uniform one is written out. */
export const stored = (value: Value): Value =>
  value.kind === 'uniform'
    ? computedValue(value.length, [value], {
        name: 'fill',
        rounds: 1,
        arithmetic: 0,
        reads: [1],
        elementwise: true,
        element: (_, at, [x]) => x?.(at) ?? '0',
      })
    : value
