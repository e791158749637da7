import {
  type Aval,
  allocate,
  aval,
  type DType,
  dtypeOf,
  printAval,
  type Shape,
  sizeOf,
  type TypedArray,
} from './aval.js'
import { ArgumentError, BufferError, DTypeError, ShapeError } from './errors.js'

/** Found by every copy of this package, so that two installed copies notice each other. */
export const brand: unique symbol = Symbol.for('@cotangent/core/tensor') as never
/** Version of this package. */
export const version = '0.1.0'

/** Numbers or booleans, nested to any rank. */
export type Nested = number | boolean | readonly Nested[]

const inspect = Symbol.for('nodejs.util.inspect.custom')

/**
 * An n-dimensional array: on the host, on a device, or (under a transform) traced.
 * Immutable: every function returns a new tensor.
 */
export abstract class Tensor {
  abstract readonly aval: Aval
  readonly [brand]: string = version

  get shape(): Shape {
    return this.aval.shape
  }

  get dtype(): DType {
    return this.aval.dtype
  }

  get rank(): number {
    return this.aval.shape.length
  }

  get size(): number {
    return sizeOf(this.aval.shape)
  }

  /** The elements in row-major order. Host tensors only; do not write to it. */
  abstract get data(): TypedArray

  /** The tensor on the host; for a device tensor this copies it from there. */
  abstract read(): Promise<HostTensor>

  /** The one element of a tensor of size 1. */
  item(): number {
    const [only, ...more] = this.data
    if (only === undefined || more.length > 0) {
      throw new ShapeError({
        op: 'item',
        expected: 'the tensor must have exactly one element.',
        received: `a tensor ${printAval(this.aval)}`,
        todo: 'reduce it first, or read .data',
      })
    }
    return only
  }

  /** Nested arrays of numbers (booleans for `bool`). */
  toArray(): Nested {
    const { data, shape, dtype } = this
    const build = (axis: number, offset: number, stride: number): Nested => {
      const length = shape[axis]
      if (length === undefined) return dtype === 'bool' ? data[offset] !== 0 : (data[offset] ?? Number.NaN)
      const inner = length === 0 ? 0 : stride / length
      return Array.from({ length }, (_, i) => build(axis + 1, offset + i * inner, inner))
    }
    return build(0, 0, this.size)
  }

  abstract toString(): string

  [inspect](): string {
    return this.toString()
  }
}

const shown = 8

/** A tensor whose elements lie in a typed array on the host. */
export class HostTensor extends Tensor {
  readonly aval: Aval
  #data: TypedArray | null

  /** `literal` is the JavaScript number a scalar came from, unrounded: a program holds it by value. */
  constructor(
    data: TypedArray,
    shape: Shape,
    dtype: DType,
    readonly literal?: number,
  ) {
    super()
    this.aval = aval(shape, dtype)
    this.#data = data
  }

  get data(): TypedArray {
    if (this.#data === null) {
      throw new BufferError({
        op: 'data',
        expected: 'a donated tensor must not be read again.',
        received: `${printAval(this.aval)}, donated to a compiled call`,
        todo: 'use the result of that call, or leave the argument out of donate',
      })
    }
    return this.#data
  }

  get donated(): boolean {
    return this.#data === null
  }

  /** Gives the storage away; the tensor throws when read from now on. Called by `compile` for donated arguments. */
  donate(): TypedArray {
    const data = this.data
    this.#data = null
    return data
  }

  read(): Promise<HostTensor> {
    return Promise.resolve(this)
  }

  toString(): string {
    if (this.#data === null) return `Tensor ${printAval(this.aval)} (donated)`
    const some = Array.from(this.#data.subarray(0, shown), (x) =>
      this.dtype === 'bool' ? String(x !== 0) : String(Number(x.toPrecision(6))),
    )
    return `Tensor ${printAval(this.aval)} [${some.join(', ')}${this.size > shown ? ', ...' : ''}]`
  }
}

/**
 * A host tensor over existing storage, without a copy.
 *
 * @param data elements in row-major order; its type gives the dtype (`Uint8Array` is `bool`)
 * @param shape its product must be `data.length`
 * @throws ShapeError if the sizes differ, or a length is no whole number from 0 on
 * @example tensor(new Float32Array([1, 2, 3, 4]), [2, 2]) // => Tensor f32[2,2] [1, 2, 3, 4]
 */
export const tensor = (data: TypedArray, shape: Shape = [data.length]): HostTensor => {
  if (sizeOf(shape) !== data.length || !shape.every((n) => Number.isInteger(n) && n >= 0)) {
    throw new ShapeError({
      op: 'tensor',
      expected: 'the lengths must be whole numbers, and their product the number of elements.',
      received: `shape [${shape.join(',')}] (${sizeOf(shape)} elements), data of ${data.length}`,
      todo: 'check the shape, or the data',
    })
  }
  return new HostTensor(data, [...shape], dtypeOf(data))
}

/**
 * A host tensor from nested arrays of numbers or booleans.
 *
 * @param values a number, or arrays nested to the rank wanted; all rows of one length
 * @param dtype f32 by default; `bool` for booleans
 * @throws ShapeError if rows differ in length; ArgumentError for what is no number
 * @example array([[1, 2], [3, 4]]) // => Tensor f32[2,2] [1, 2, 3, 4]
 */
export const array = (values: Nested, dtype?: DType): HostTensor => {
  const shape: number[] = []
  for (let level: Nested | undefined = values; Array.isArray(level); level = level[0]) shape.push(level.length)
  const flat: (number | boolean)[] = []
  const visit = (level: Nested, axis: number): void => {
    const length = shape[axis]
    if (typeof level === 'number' || typeof level === 'boolean') {
      if (length !== undefined) throw ragged(shape)
      flat.push(level)
    } else {
      if (!Array.isArray(level)) throw notANumber(level)
      if (level.length !== length) throw ragged(shape)
      for (const inner of level) visit(inner, axis + 1)
    }
  }
  visit(values, 0)
  const type = dtype ?? (flat.length > 0 && flat.every((x) => typeof x === 'boolean') ? 'bool' : 'f32')
  const data = allocate(type, flat.length)
  for (const [i, x] of flat.entries()) data[i] = type === 'bool' ? Number(Boolean(x)) : Number(x)
  return new HostTensor(data, shape, type)
}

const ragged = (shape: Shape): ShapeError =>
  new ShapeError({
    op: 'array',
    expected: 'all rows on one level must have the same length and depth.',
    received: `the first rows give [${shape.join(',')}], a later one differs`,
    todo: 'pad the rows to one length',
  })

const notANumber = (value: unknown): ArgumentError =>
  new ArgumentError({
    op: 'array',
    expected: 'values must be numbers or booleans, in arrays nested to one depth.',
    received: `values hold ${describeValue(value)}`,
    todo: value instanceof Tensor ? 'stack() makes one tensor of several' : 'convert it with Number() first',
  })

/** What a value is that should have been a tensor, in a few words. */
export const describeValue = (value: unknown): string => {
  if (typeof value === 'string') return JSON.stringify(value.slice(0, 40))
  if (typeof value === 'function') return 'a function'
  if (typeof value !== 'object' || value === null) return String(value)
  if (value instanceof Tensor) return String(value)
  return brand in value
    ? `a tensor of another copy of @cotangent/core (${String(value[brand])}; this one is ${version})`
    : Array.isArray(value)
      ? 'an Array'
      : `an object (${value.constructor?.name ?? 'without prototype'})`
}

/** The error for an operand that is no tensor of this package. */
export const notATensor = (op: string, name: string, value: unknown, wanted = 'a tensor'): ArgumentError =>
  new ArgumentError({
    op,
    expected: `${name} must be ${wanted}.`,
    received: `${name}: ${describeValue(value)}`,
    todo:
      typeof value === 'object' && value !== null && brand in value
        ? 'install one copy: `npm ls @cotangent/core` shows who brings the second'
        : 'make a tensor of numbers with array()',
  })

/**
 * A scalar tensor, an argument of a program. (A bare number written into a function becomes a literal instead.)
 *
 * @example scalar(2).shape // => []
 */
export const scalar = (value: number, dtype: DType = 'f32'): HostTensor => {
  const data = allocate(dtype, 1)
  data[0] = value
  return new HostTensor(data, [], dtype)
}

/** A scalar that a traced program holds by value. */
export const literal = (value: number, dtype: DType, op = 'literal'): HostTensor => {
  const data = allocate(dtype, 1)
  data[0] = dtype === 'bool' ? Number(value !== 0) : value
  if ((dtype === 'i32' || dtype === 'u32') && data[0] !== value) {
    throw new DTypeError({
      op,
      expected: `a number used with ${dtype} must be an integer of that range.`,
      received: `the number ${value}`,
      todo: 'cast the tensor to f32 first, or round the number',
    })
  }
  return new HostTensor(data, [], dtype, value)
}
