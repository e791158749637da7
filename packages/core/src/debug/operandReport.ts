/* The part of an operand that belongs to a bad element of a result. */
import { type Shape, stridesOf } from '../aval.js'
import type { Equation, HostArray } from '../ir/ir.js'
import type { NaNReport, OperandReport, Place } from './nanReport.js'

/** As many elements of a part are shown. */
const most = 8

/** The axes that an equation reduces, where its settings say so. */
const reducedAxes = ({ attrs }: Equation, operand: Shape, result: Shape): readonly unknown[] | null => {
  const axes: unknown = typeof attrs === 'object' && attrs !== null && 'axes' in attrs ? attrs.axes : null
  return Array.isArray(axes) && operand.length - axes.length === result.length ? axes : null
}

/**
 * The elements of an operand that an element of the result is made of, as far as settings and shapes tell: the same
 * element, the one that is broadcast there, or the row or column that is reduced to it. All of it where nothing is told.
 */
const placeIn = (equation: Equation, operand: Shape, result: Shape, index: readonly number[]): Place => {
  const axes = reducedAxes(equation, operand, result)
  if (axes !== null) {
    let next = 0
    return operand.map((_, axis) => (axes.includes(axis) ? null : (index[next++] ?? null)))
  }
  const shift = result.length - operand.length
  if (shift >= 0 && operand.every((n, i) => n === 1 || n === result[i + shift])) {
    const row = shift === 0 && equation.primitive.properties.elementwise !== true ? operand.length - 1 : operand.length
    return operand.map((n, i) => (i >= row ? null : n === 1 ? 0 : (index[i + shift] ?? 0)))
  }
  const same = result.findIndex((n, i) => n !== operand[i])
  return operand.map((_, i) => (same < 0 || i < same ? (index[i] ?? null) : null))
}

/** Positions in the storage of the first elements of a part. */
const positions = (shape: Shape, at: Place): readonly number[] => {
  const strides = stridesOf(shape)
  return at.reduce<readonly number[]>(
    (starts, i, axis) => {
      const step = strides[axis] ?? 1
      const all = i === null ? Array.from({ length: Math.min(shape[axis] ?? 0, most) }, (_, j) => j) : [i]
      return starts.flatMap((start) => all.map((j) => start + j * step)).slice(0, most)
    },
    [0],
  )
}

const rangeOf = (data: ArrayLike<number>): readonly [number, number] | null => {
  let [least, largest] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY]
  for (let i = 0; i < data.length; i++) {
    const x = data[i] ?? Number.NaN
    if (!Number.isFinite(x)) continue
    if (x < least) least = x
    if (x > largest) largest = x
  }
  return least <= largest ? [least, largest] : null
}

/** What is said of an operand, for the element `index` of a result. */
export const operandReport = (
  { shape, dtype, data }: HostArray,
  equation: Equation,
  result: Shape,
  index: readonly number[],
  infinity: NaNReport | null,
): OperandReport => {
  const at = placeIn(equation, shape, result, index)
  const values = data.length === 0 ? [] : positions(shape, at).map((i) => data[i] ?? Number.NaN)
  const isOne = at.every((i) => i !== null)
  const isFinite = isOne && values.every(Number.isFinite)
  return { shape, dtype, at, values, range: rangeOf(data), infinity: isFinite ? null : infinity }
}
