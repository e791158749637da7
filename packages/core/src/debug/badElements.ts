/* NaNs and infinities in values, and which operands of an equation they come from. */
import { isFloating, stridesOf, type TypedArray } from '../aval.js'
import type { Equation, HostArray } from '../ir/ir.js'

/** What is looked for. */
export const kinds = ['nan', 'infinity'] as const
export type Kind = (typeof kinds)[number]

const isBad = (x: number, kind: Kind): boolean =>
  kind === 'nan' ? Number.isNaN(x) : x === Number.POSITIVE_INFINITY || x === Number.NEGATIVE_INFINITY

/** Position of the first bad element; -1 if there is none. */
export const firstBad = (data: TypedArray, kind: Kind): number => {
  for (let i = 0; i < data.length; i++) if (isBad(data[i] ?? 0, kind)) return i
  return -1
}

/** How many elements are bad. */
export const countBad = (data: TypedArray, kind: Kind): number => {
  let count = 0
  for (let i = 0; i < data.length; i++) if (isBad(data[i] ?? 0, kind)) count++
  return count
}

/** Whether an operand has a bad element where a result made element by element has one. */
const meets = (x: HostArray, y: HostArray, kind: Kind): boolean => {
  for (let i = 0; i < y.data.length; i++) {
    if (isBad(y.data[i] ?? 0, kind) && isBad(x.data[i] ?? 0, kind)) return true
  }
  return false
}

/** The array with an ordinary number in place of what is bad. */
const mended = (x: HostArray, kind: Kind): HostArray => ({ ...x, data: x.data.map((v) => (isBad(v, kind) ? 1 : v)) })

/**
 * The operands whose bad elements make those of a result. Of several each is tried alone, the others mended: `where`
 * takes its elements from one of them only.
 */
export const takenFrom = (
  { primitive, attrs }: Equation,
  operands: readonly HostArray[],
  results: readonly HostArray[],
  kind: Kind,
  y: HostArray,
): readonly number[] => {
  const { elementwise = false, programs, body } = primitive.properties
  const bad = operands.flatMap((x, i) =>
    isFloating(x.dtype) && firstBad(x.data, kind) >= 0 && (!elementwise || meets(x, y, kind)) ? [i] : [],
  )
  if (bad.length < 2 || programs !== undefined || body !== undefined) return bad
  const alone = bad.filter((kept) => {
    const outs = results.map((r) => ({ ...r, data: r.data.slice() }))
    const tried = operands.map((x, i) => (i === kept || !bad.includes(i) ? x : mended(x, kind)))
    primitive.evaluate(tried, attrs, outs)
    return outs.some((out, i) => results[i] === y && firstBad(out.data, kind) >= 0)
  })
  return alone.length > 0 ? alone : bad
}

/** The index of a position in row-major order. */
export const indexOf = (shape: readonly number[], position: number): readonly number[] => {
  const strides = stridesOf(shape)
  return shape.map((n, axis) => Math.floor(position / (strides[axis] ?? 1)) % n)
}
