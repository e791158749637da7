/*
 * A lowered program is a graph of values: flat row-major arrays of f32, each given by the program, known before it
 * runs, or computed by one kernel. A reshape is no kernel: it is the same value.
 */
import { numberText } from '../source/number.js'

/** One kernel: what gpu.js compiles, and what the cache of compiled kernels goes by. */
export interface KernelSpec {
  /** A gpu.js kernel over flat arrays: `function (a0, a1) { ... }`; all lengths and strides stand in it as numbers. */
  readonly source: string
  /** Number of elements of the result, one thread each. */
  readonly length: number
  /** Lengths of the parameters, in their order. */
  readonly inputLengths: readonly number[]
}

export type Value =
  /** An input of the program, by its place. */
  | { readonly kind: 'input'; readonly index: number; readonly length: number }
  /** Known before the program runs; on the device from then on. */
  | { readonly kind: 'data'; readonly values: Float32Array; readonly length: number }
  /** The same number everywhere; it is no array until a kernel needs one. */
  | { readonly kind: 'uniform'; readonly value: number; readonly length: number }
  /** The result of a kernel. */
  | { readonly kind: 'kernel'; readonly spec: KernelSpec; readonly inputs: readonly Value[]; readonly length: number }

export const inputValue = (index: number, length: number): Value => ({ kind: 'input', index, length })

export const dataValue = (values: ArrayLike<number>): Value => ({
  kind: 'data',
  values: Float32Array.from(values),
  length: values.length,
})

export const uniformValue = (value: number, length: number): Value => ({ kind: 'uniform', value, length })

/** The text of one element of an operand: `a0[i]`, or a number. */
export type Read = (at: string) => string

type Reads<T extends readonly Value[]> = { readonly [K in keyof T]: Read }

/** Parameters one kernel may have: 8 storage buffers a stage is WebGPU's default limit, and the result is one. */
export const maximumParameters = 7

/**
 * A kernel that computes `length` elements. `body` gets one reader per operand and gives the lines of the kernel; `i`
 * is the place in the result. Numbers are written into the text; equal operands share a parameter.
 *
 * @throws Error for more than `maximumParameters` different operands
 */
export const kernelValue = <const T extends readonly Value[]>(
  length: number,
  operands: T,
  body: (reads: Reads<T>) => readonly string[],
): Value => {
  if (length === 0) return dataValue([])
  const parameters: Value[] = []
  const parameterOf = (value: Value): string => {
    if (!parameters.includes(value)) parameters.push(value)
    if (parameters.length > maximumParameters) throw new Error(`a kernel takes at most ${maximumParameters} arrays`)
    return `a${parameters.indexOf(value)}`
  }
  const readerOf = (value: Value): Read => {
    if (value.kind !== 'uniform') {
      const name = parameterOf(value)
      return (at) => `${name}[${at}]`
    }
    const text = numberText(value.value)
    if (text !== null) return () => text
    const name = parameterOf(dataValue([value.value]))
    return () => `${name}[0]`
  }
  const reads = operands.map(readerOf) as unknown as Reads<T> // border: map() loses the tuple
  const lines = body(reads)
  const names = parameters.map((_, k) => `a${k}`)
  const usesPlace = lines.some((line) => /\bi\b/.test(line))
  const whole = usesPlace ? ['const i = this.thread.x;', ...lines] : lines
  const source = [`function (${names.join(', ')}) {`, ...whole.map((line) => `  ${line}`), '}'].join('\n')
  const spec = { source, length, inputLengths: parameters.map((p) => p.length) }
  return { kind: 'kernel', spec, inputs: parameters, length }
}

/** A value that has storage: a uniform one is written out. */
export const stored = (value: Value): Value =>
  value.kind === 'uniform' ? kernelValue(value.length, [value], ([x]) => [`return ${x('i')};`]) : value
