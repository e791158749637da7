/** Element types a program computes with. `u32` holds random words and keys; floats default to `f32`. */
export type DType = 'f32' | 'f64' | 'i32' | 'u32' | 'bool'

/** Axis lengths, outermost first; `[]` is a scalar. */
export type Shape = readonly number[]

/** A value without its data: what tracing, shape rules and engines see. */
export interface Aval {
  readonly shape: Shape
  readonly dtype: DType
}

/** A tensor's storage on the host: f32, f64, i32, u32, and bytes of 0 and 1 for bool. */
export type TypedArray = Float32Array | Float64Array | Int32Array | Uint32Array | Uint8Array

/** Bytes of one element, as stored on the host (`bool` is one byte). */
export const bytesOf: Readonly<Record<DType, number>> = { f32: 4, f64: 8, i32: 4, u32: 4, bool: 1 }

/** All dtypes. */
export const dtypes: readonly DType[] = ['f32', 'f64', 'i32', 'u32', 'bool']

/** An aval of this shape and dtype. */
export const aval = (shape: Shape, dtype: DType): Aval => ({ shape, dtype })

/** Number of elements: the product of the axis lengths; 1 for a scalar. */
export const sizeOf = (shape: Shape): number => shape.reduce((product, length) => product * length, 1)

/** Whether a dtype is f32 or f64: those have derivatives. */
export const isFloating = (dtype: DType): boolean => dtype === 'f32' || dtype === 'f64'

/** Whether two shapes have the same axes. */
export const sameShape = (a: Shape, b: Shape): boolean => a.length === b.length && a.every((n, i) => n === b[i])

/** Whether two avals have the same shape and dtype. */
export const sameAval = (a: Aval, b: Aval): boolean => a.dtype === b.dtype && sameShape(a.shape, b.shape)

/** `f32[32,64]`, the form used in messages and printed programs. */
export const printAval = ({ shape, dtype }: Aval): string => `${dtype}[${shape.join(',')}]`

/** Row-major strides in elements. */
export const stridesOf = (shape: Shape): number[] => {
  const strides = new Array<number>(shape.length)
  let step = 1
  for (let axis = shape.length - 1; axis >= 0; axis--) {
    strides[axis] = step
    step *= shape[axis] ?? 1
  }
  return strides
}

/** `[0, 1, ..., n - 1]`. */
export const range = (n: number, start = 0): number[] => Array.from({ length: n }, (_, i) => i + start)

/** `shape` without the given axes. */
export const dropAxes = (shape: Shape, axes: readonly number[]): number[] => shape.filter((_, i) => !axes.includes(i))

/** Fresh zeroed storage for `size` elements. */
export const allocate = (dtype: DType, size: number): TypedArray => {
  switch (dtype) {
    case 'f32':
      return new Float32Array(size)
    case 'f64':
      return new Float64Array(size)
    case 'i32':
      return new Int32Array(size)
    case 'u32':
      return new Uint32Array(size)
    case 'bool':
      return new Uint8Array(size)
  }
}

/** The dtype a typed array stores; `Uint8Array` is `bool`. */
export const dtypeOf = (data: TypedArray): DType =>
  data instanceof Float32Array
    ? 'f32'
    : data instanceof Float64Array
      ? 'f64'
      : data instanceof Int32Array
        ? 'i32'
        : data instanceof Uint32Array
          ? 'u32'
          : 'bool'
