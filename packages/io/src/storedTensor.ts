import { E, type WrongShape, wrongShape } from '@cotangent/prelude'
import { bf16ToNumber, f16ToNumber, numberToBf16, numberToF16 } from './halfFloats.js'

/**
 * Element types of a container, in the order in which safetensors sorts them: later ones come first in a file.
 * What the format also knows and nothing here can compute with (F8, F4, F6, C64) is refused by name.
 */
export const storedDTypes = [
  'BOOL',
  'U8',
  'I8',
  'I16',
  'U16',
  'F16',
  'BF16',
  'I32',
  'U32',
  'F32',
  'F64',
  'I64',
  'U64',
] as const

/** One of `storedDTypes`. */
export type StoredDType = (typeof storedDTypes)[number]

/** Bytes of one element. */
export const storedBytes: Readonly<Record<StoredDType, number>> = {
  BOOL: 1,
  U8: 1,
  I8: 1,
  I16: 2,
  U16: 2,
  F16: 2,
  BF16: 2,
  I32: 4,
  U32: 4,
  F32: 4,
  F64: 8,
  I64: 8,
  U64: 8,
}

/** A tensor as a container holds it: little-endian elements in row-major order. */
export interface StoredTensor {
  readonly dtype: StoredDType
  readonly shape: readonly number[]
  /** Exactly the elements: product of the shape times the bytes of one. */
  readonly data: Uint8Array
}

/**
 * The number of elements of a shape, or undefined where it is no shape or no exact number.
 *
 * @example elementCount([2, 3]) // => 6
 */
export const elementCount = (shape: readonly number[]): number | undefined => {
  let count = 1
  for (const side of shape) {
    if (!Number.isSafeInteger(side) || side < 0 || Object.is(side, -0)) return undefined
    count *= side
    if (!Number.isSafeInteger(count)) return undefined
  }
  return count
}

/**
 * Dtype and shape as messages show them.
 *
 * @example printStored({ dtype: 'F32', shape: [2, 3] }) // => 'F32[2,3]'
 */
export const printStored = ({ dtype, shape }: Pick<StoredTensor, 'dtype' | 'shape'>): string =>
  `${dtype}[${shape.join(',')}]`

/** Where a tensor came from, for messages. */
export interface Origin {
  readonly name: string
  readonly file?: string
}

type Converted<A> = E.Either<WrongShape, A>

const refuse = (tensor: StoredTensor, origin: Origin, expected: string, received?: string): Converted<never> =>
  E.left(
    wrongShape(
      origin.name,
      expected,
      received ?? printStored(tensor),
      origin.file,
      'convert the file to a dtype that holds these values, or read it as another dtype',
    ),
  )

const viewOf = ({ data }: StoredTensor): DataView => new DataView(data.buffer, data.byteOffset, data.byteLength)

const littleEndian = new Uint8Array(new Uint16Array([1]).buffer)[0] === 1

/**
 * The elements as a typed array of the stored type. Shares memory where the bytes lie as the machine needs them (offset
 * a multiple of the element size), else copies.
 */
const elements = <A>(
  { dtype, data }: StoredTensor,
  Elements: new (buffer: ArrayBufferLike, offset: number, length: number) => A,
): A => {
  const size = storedBytes[dtype]
  if (littleEndian && data.byteOffset % size === 0)
    return new Elements(data.buffer, data.byteOffset, data.byteLength / size)
  const copy = data.slice()
  if (!littleEndian) for (let i = 0; i < copy.length; i += size) copy.subarray(i, i + size).reverse()
  return new Elements(copy.buffer, 0, copy.byteLength / size)
}

const halves = (tensor: StoredTensor, toNumber: (pattern: number) => number): Float32Array => {
  const patterns = elements(tensor, Uint16Array)
  const result = new Float32Array(patterns.length)
  for (let i = 0; i < result.length; i++) result[i] = toNumber(patterns[i] ?? 0)
  return result
}

const narrowed = (tensor: StoredTensor, origin: Origin): Converted<Float32Array> => {
  const wide = elements(tensor, Float64Array)
  const narrow = Float32Array.from(wide)
  const lost = narrow.findIndex((x, i) => !Number.isFinite(x) && Number.isFinite(wide[i]))
  return lost < 0
    ? E.right(narrow)
    : refuse(tensor, origin, 'within the range of f32', `${wide[lost]} at element ${lost}`)
}

/**
 * Floats as f32: F32 as they are (sharing memory where aligned), F16 and BF16 exactly, F64 rounded to nearest.
 *
 * @returns Left of WrongShape for other dtypes, and where a finite F64 lies beyond f32
 * @example toFloat32(storedFloat32([1, 2], [2]), { name: 'w' }) // => E.right([1, 2])
 */
export const toFloat32 = (tensor: StoredTensor, origin: Origin): Converted<Float32Array> => {
  switch (tensor.dtype) {
    case 'F32':
      return E.right(elements(tensor, Float32Array))
    case 'F16':
      return E.right(halves(tensor, f16ToNumber))
    case 'BF16':
      return E.right(halves(tensor, bf16ToNumber))
    case 'F64':
      return narrowed(tensor, origin)
    default:
      return refuse(tensor, origin, 'of a float dtype (F32, F16, BF16, F64)')
  }
}

/**
 * Floats as f64, exactly: F64, F32, F16, BF16.
 *
 * @returns Left of WrongShape for other dtypes
 */
export const toFloat64 = (tensor: StoredTensor, origin: Origin): Converted<Float64Array> => {
  if (tensor.dtype === 'F64') return E.right(elements(tensor, Float64Array))
  return E.map((narrow: Float32Array) => Float64Array.from(narrow))(toFloat32(tensor, origin))
}

const integersOf = (tensor: StoredTensor): ((i: number) => number | bigint) | undefined => {
  const view = viewOf(tensor)
  switch (tensor.dtype) {
    case 'U8':
    case 'BOOL':
      return (i) => view.getUint8(i)
    case 'I8':
      return (i) => view.getInt8(i)
    case 'U16':
      return (i) => view.getUint16(2 * i, true)
    case 'I16':
      return (i) => view.getInt16(2 * i, true)
    case 'U32':
      return (i) => view.getUint32(4 * i, true)
    case 'I32':
      return (i) => view.getInt32(4 * i, true)
    case 'U64':
      return (i) => view.getBigUint64(8 * i, true)
    case 'I64':
      return (i) => view.getBigInt64(8 * i, true)
    default:
      return undefined
  }
}

interface Bounds {
  readonly low: number
  readonly high: number
  readonly name: string
}
const i32: Bounds = { low: -(2 ** 31), high: 2 ** 31 - 1, name: 'i32' }
const u32: Bounds = { low: 0, high: 2 ** 32 - 1, name: 'u32' }

const integers = <A extends Int32Array | Uint32Array>(
  tensor: StoredTensor,
  origin: Origin,
  { low, high, name }: Bounds,
  result: (length: number) => A,
): Converted<A> => {
  const at = integersOf(tensor)
  if (at === undefined) return refuse(tensor, origin, 'of a whole-number dtype (BOOL, U8 to U64, I8 to I64)')
  const numbers = result(tensor.data.byteLength / storedBytes[tensor.dtype])
  for (let i = 0; i < numbers.length; i++) {
    const value = at(i)
    if (value < low || value > high)
      return refuse(
        tensor,
        origin,
        `within the range of ${name}`,
        `${value} at element ${i}, in ${printStored(tensor)}`,
      )
    numbers[i] = Number(value)
  }
  return E.right(numbers)
}

/**
 * Whole numbers as i32, exactly, from every whole-number dtype and BOOL (false is 0, true 1).
 *
 * @returns Left of WrongShape for float dtypes, and naming the first value outside [-2^31, 2^31)
 */
export const toInt32 = (tensor: StoredTensor, origin: Origin): Converted<Int32Array> =>
  tensor.dtype === 'I32'
    ? E.right(elements(tensor, Int32Array))
    : integers(tensor, origin, i32, (length) => new Int32Array(length))

/**
 * Whole numbers as u32, exactly, from every whole-number dtype and BOOL.
 *
 * @returns Left of WrongShape for float dtypes, and naming the first value outside [0, 2^32)
 */
export const toUint32 = (tensor: StoredTensor, origin: Origin): Converted<Uint32Array> =>
  tensor.dtype === 'U32'
    ? E.right(elements(tensor, Uint32Array))
    : integers(tensor, origin, u32, (length) => new Uint32Array(length))

/**
 * Truth values, one byte each, 0 or 1.
 *
 * @returns Left of WrongShape for other dtypes than BOOL, and for a byte that is neither 0 nor 1
 */
export const toBool = (tensor: StoredTensor, origin: Origin): Converted<Uint8Array> => {
  if (tensor.dtype !== 'BOOL') return refuse(tensor, origin, 'of dtype BOOL')
  const bad = tensor.data.findIndex((byte) => byte > 1)
  return bad < 0 ? E.right(tensor.data) : refuse(tensor, origin, 'of 0 and 1', `${tensor.data[bad]} at element ${bad}`)
}

const littleEndianBytes = (values: ArrayBufferView, size: number): Uint8Array => {
  const bytes = new Uint8Array(values.buffer, values.byteOffset, values.byteLength)
  if (littleEndian) return bytes
  const copy = bytes.slice()
  for (let i = 0; i < copy.length; i += size) copy.subarray(i, i + size).reverse()
  return copy
}

/** The stored form of f32 numbers; a Float32Array is not copied. */
export const storedFloat32 = (values: ArrayLike<number>, shape: readonly number[]): StoredTensor => ({
  dtype: 'F32',
  shape,
  data: littleEndianBytes(values instanceof Float32Array ? values : Float32Array.from(values), 4),
})

/** The stored form of f64 numbers; a Float64Array is not copied. */
export const storedFloat64 = (values: ArrayLike<number>, shape: readonly number[]): StoredTensor => ({
  dtype: 'F64',
  shape,
  data: littleEndianBytes(values instanceof Float64Array ? values : Float64Array.from(values), 8),
})

/** The stored form of i32 numbers; an Int32Array is not copied. */
export const storedInt32 = (values: ArrayLike<number>, shape: readonly number[]): StoredTensor => ({
  dtype: 'I32',
  shape,
  data: littleEndianBytes(values instanceof Int32Array ? values : Int32Array.from(values), 4),
})

/** The stored form of u32 numbers; a Uint32Array is not copied. */
export const storedUint32 = (values: ArrayLike<number>, shape: readonly number[]): StoredTensor => ({
  dtype: 'U32',
  shape,
  data: littleEndianBytes(values instanceof Uint32Array ? values : Uint32Array.from(values), 4),
})

const firstOutside = (values: ArrayLike<number>, low: number, high: number): number =>
  Array.prototype.findIndex.call(values, (x: number) => !(Number.isInteger(x) && x >= low && x <= high))

const wholesOf = (
  dtype: 'U8' | 'I64',
  values: ArrayLike<number>,
  shape: readonly number[],
  origin: Origin,
  [low, high]: readonly [number, number],
  elementsOf: () => Uint8Array | BigInt64Array,
): Converted<StoredTensor> => {
  const bad = firstOutside(values, low, high)
  if (bad < 0) return E.right({ dtype, shape, data: littleEndianBytes(elementsOf(), storedBytes[dtype]) })
  return E.left(
    wrongShape(
      origin.name,
      `of whole numbers from ${low} to ${high}, to be stored as ${dtype}`,
      `${values[bad]} at element ${bad}`,
      origin.file,
      'round and clip the values first, or store them as another dtype',
    ),
  )
}

/**
 * The stored form of whole numbers from 0 to 255; nothing goes round.
 *
 * @returns Left of WrongShape naming the first value that U8 does not hold
 * @example getOrThrow(storedUint8([0, 255], [2], { name: 'pixels' })).data // => [0, 255]
 */
export const storedUint8 = (
  values: ArrayLike<number>,
  shape: readonly number[],
  origin: Origin,
): Converted<StoredTensor> => wholesOf('U8', values, shape, origin, [0, 255], () => Uint8Array.from(values))

/**
 * The stored form of whole numbers as I64, as PyTorch has its indices and labels; every i32 and u32 fits.
 *
 * @returns Left of WrongShape naming the first value that is no whole number, or is beyond ±(2^53 - 1), where numbers here
 * are not exact
 */
export const storedInt64 = (
  values: ArrayLike<number>,
  shape: readonly number[],
  origin: Origin,
): Converted<StoredTensor> =>
  wholesOf('I64', values, shape, origin, [Number.MIN_SAFE_INTEGER, Number.MAX_SAFE_INTEGER], () =>
    BigInt64Array.from(Array.from(values), BigInt),
  )

/** The stored form of truth values: 0 is false, any other number true. */
export const storedBool = (values: ArrayLike<number>, shape: readonly number[]): StoredTensor => ({
  dtype: 'BOOL',
  shape,
  data: Uint8Array.from(values, (value) => (value === 0 ? 0 : 1)),
})

const storedHalves = (
  dtype: 'F16' | 'BF16',
  values: ArrayLike<number>,
  shape: readonly number[],
  toPattern: (x: number) => number,
): StoredTensor => ({ dtype, shape, data: littleEndianBytes(Uint16Array.from(values, toPattern), 2) })

/** f32 numbers stored as F16, rounded to nearest even; beyond 65504 that is infinity. */
export const storedFloat16 = (values: ArrayLike<number>, shape: readonly number[]): StoredTensor =>
  storedHalves('F16', values, shape, numberToF16)

/** f32 numbers stored as BF16, rounded to nearest even. */
export const storedBfloat16 = (values: ArrayLike<number>, shape: readonly number[]): StoredTensor =>
  storedHalves('BF16', values, shape, numberToBf16)

const floatDTypes: ReadonlySet<StoredDType> = new Set(['F32', 'F16', 'BF16', 'F64'])

const holdsNonFinite = (tensor: StoredTensor): boolean =>
  floatDTypes.has(tensor.dtype) &&
  E.match(
    () => true,
    (values: Float32Array | Float64Array) => values.some((x) => !Number.isFinite(x)),
  )(tensor.dtype === 'F64' ? toFloat64(tensor, { name: '' }) : toFloat32(tensor, { name: '' }))

/**
 * The names of tensors that hold NaN or an infinity: weights that a model loads with a warning, or refuses.
 *
 * @example nonFiniteTensors(new Map([['w', storedFloat32([1, NaN], [2])]])) // => ['w']
 */
export const nonFiniteTensors = (tensors: ReadonlyMap<string, StoredTensor>): readonly string[] =>
  [...tensors].filter(([, tensor]) => holdsNonFinite(tensor)).map(([name]) => name)
