/* A kernel for operands of one shape: its result, text and program, checked when it is first used. */
import {
  ArgumentError,
  type Aval,
  allocate,
  DTypeError,
  HostTensor,
  hashText,
  type IR,
  makeIR,
  printAval,
  printIR,
  ShapeError,
  sameAval,
  sizeOf,
  type Tensor,
} from '@cotangent/core'
import type { KernelDefinition } from './definition.js'
import { type KernelText, plainText, readKernel } from './sourceText.js'

/** A definition with any number of operands. */
export type AnyDefinition = KernelDefinition<readonly string[]>

/** What a kernel is for operands of these shapes and dtypes. */
export interface KernelAt {
  readonly operands: readonly Aval[]
  readonly result: Aval
  /** The text, taken apart; `null` where a dtype keeps it off the device. */
  readonly text: KernelText | null
  /** The reference as a program. */
  readonly reference: IR
  /** Equal for kernels that compute the same: a hash of text and program. */
  readonly digest: string
}

/** `logits f32[2,3], mask bool[2]` */
export const printOperands = (names: readonly string[], avals: readonly Aval[]): string =>
  avals.map((each, i) => `${names[i] ?? `operand ${i}`} ${printAval(each)}`).join(', ')

/** Dtypes that exist on the host only. */
const hostOnly = ({ dtype }: Aval): boolean => dtype === 'f64' || dtype === 'u32'

const isAval = (x: unknown): x is Aval =>
  typeof x === 'object' &&
  x !== null &&
  'shape' in x &&
  'dtype' in x &&
  typeof x.dtype === 'string' &&
  Array.isArray(x.shape) &&
  x.shape.every((length) => Number.isInteger(length) && length >= 0)

const resultOf = ({ name, operands, result }: AnyDefinition, avals: readonly Aval[]): Aval => {
  const given: unknown = result(avals)
  if (!isAval(given)) {
    throw new ShapeError({
      op: name,
      expected: 'result must give the shape and dtype of the result.',
      received: `${JSON.stringify(given) ?? 'nothing'} for ${printOperands(operands, avals)}`,
      todo: "return { shape: [...], dtype: 'f32' }, with whole lengths of 0 or more",
    })
  }
  const { dtype } = given
  const inF64 = dtype === 'f64' && avals.some((each) => each.dtype === 'f64')
  if (dtype === 'f32' || dtype === 'i32' || dtype === 'bool' || inF64) return given
  throw new DTypeError({
    op: name,
    expected: 'the result of a kernel must be f32, i32 or bool (f64 where an operand is: that runs on the host).',
    received: `result ${printAval(given)} for ${printOperands(operands, avals)}`,
    todo: "return one of these dtypes from result, and cast() the kernel's result where another is needed",
  })
}

/** A tensor of which only shape and dtype are looked at. */
export const placeholder = ({ shape, dtype }: Aval): HostTensor =>
  new HostTensor(allocate(dtype, sizeOf(shape)), shape, dtype)

const referenceOf = ({ name, operands, reference }: AnyDefinition, avals: readonly Aval[], result: Aval): IR => {
  const program = makeIR((...xs: readonly Tensor[]): unknown => reference(...xs))(...avals.map(placeholder))
  if (program.captured.length > 0) {
    throw new ArgumentError({
      op: name,
      expected: 'the reference must be a function of its operands alone.',
      received: `a reference that closes over ${program.captured.map((x) => printAval(x.aval)).join(', ')}`,
      todo: 'make that tensor an operand, or hold it by value with constant()',
    })
  }
  const outputs = program.outputs.map((atom) => atom.aval)
  const [only] = outputs
  if (only !== undefined && outputs.length === 1 && sameAval(only, result)) return program
  throw new ShapeError({
    op: name,
    expected: 'the reference must give one tensor, of the shape and dtype that result says.',
    received: `reference ${outputs.map(printAval).join(', ') || 'nothing'}, result ${printAval(result)}, for ${printOperands(operands, avals)}`,
    todo: 'mend result, or the reference',
  })
}

const textOf = ({ name, operands, source }: AnyDefinition, avals: readonly Aval[], result: Aval): KernelText | null => {
  if ([...avals, result].some(hostOnly)) return null
  const read = readKernel(source(avals, result), operands, sizeOf(result.shape))
  if ('body' in read) return read
  throw new ArgumentError({ op: name, ...read })
}

/** The kernels of a definition: one for each shapes and dtypes of the operands, looked at once. */
export interface Kernels {
  at(operands: readonly Aval[]): KernelAt
  /** One that was looked at before, by its digest; nothing for any other. */
  of(digest: string): KernelAt | undefined
}

export const kernelsOf = (definition: AnyDefinition): Kernels => {
  const byAvals = new Map<string, KernelAt>()
  const byDigest = new Map<string, KernelAt>()
  const make = (operands: readonly Aval[]): KernelAt => {
    const result = resultOf(definition, operands)
    const text = textOf(definition, operands, result)
    const reference = referenceOf(definition, operands, result)
    // the program shows the avals, so that no two of a definition have one digest
    const digest = hashText(`${text === null ? '' : plainText(text)}\n${printIR(reference)}`).slice(0, 16)
    return { operands, result, text, reference, digest }
  }
  return {
    at: (operands) => {
      const key = operands.map(printAval).join(' ')
      const kernel = byAvals.get(key) ?? make(operands)
      byAvals.set(key, kernel)
      byDigest.set(kernel.digest, kernel)
      return kernel
    },
    of: (digest) => byDigest.get(digest),
  }
}
