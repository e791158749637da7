/* Elements in other places: every result element is one operand element, or 0. */
import { type AttrsOf, range, type Shape, sizeOf, stridesOf } from '@cotangent/core'
import { dataValue, kernelValue, maximumParameters, uniformValue, type Value } from '../program/value.js'
import { type Axis, coordinates, places, sumText, term } from '../source/walk.js'
import { type Lowering, type LoweringsOf, unary } from './lowering.js'

/** y[walk of axes] = x[first + Σ coordinate · step] */
const gather = (x: Value, axes: readonly Axis[], first = 0): Value => {
  const length = sizeOf(axes.map((axis) => axis.length))
  if (x.kind === 'uniform') return uniformValue(x.value, length)
  return kernelValue(length, [x], ([read]) => {
    const {
      lines,
      terms: [terms = []],
    } = places(axes, 1)
    return [...lines, `return ${read(sumText(terms, first))};`]
  })
}

const axesOf = (shape: Shape, step: (axis: number) => number): readonly Axis[] =>
  shape.map((length, axis) => ({ length, steps: [step(axis)] }))

/** The same array. */
const reshape: Lowering<AttrsOf<'reshape'>> = unary((x) => x.value)

/** The same array: equations were shared before. */
const barrier: Lowering<AttrsOf<'barrier'>> = unary((x) => x.value)

const transpose: Lowering<AttrsOf<'transpose'>> = unary((x, { permutation }, { shape }) => {
  const strides = stridesOf(x.aval.shape)
  return gather(
    x.value,
    axesOf(shape, (axis) => strides[permutation[axis] ?? 0] ?? 0),
  )
})

/** A repeated axis makes no step. */
const broadcastTo: Lowering<AttrsOf<'broadcastTo'>> = unary((x, _, { shape }) => {
  const from = x.aval.shape
  const strides = stridesOf(from)
  const lead = shape.length - from.length
  return gather(
    x.value,
    axesOf(shape, (axis) => (axis < lead || from[axis - lead] === 1 ? 0 : (strides[axis - lead] ?? 0))),
  )
})

const slice: Lowering<AttrsOf<'slice'>> = unary((x, { starts, strides }, { shape }) => {
  const steps = stridesOf(x.aval.shape)
  const first = steps.reduce((total, step, axis) => total + step * (starts[axis] ?? 0), 0)
  return gather(
    x.value,
    axesOf(shape, (axis) => (steps[axis] ?? 0) * (strides[axis] ?? 1)),
    first,
  )
})

const flip: Lowering<AttrsOf<'flip'>> = unary((x, { axes }, { shape }) => {
  const strides = stridesOf(shape)
  const last = axes.reduce((at, axis) => at + ((shape[axis] ?? 1) - 1) * (strides[axis] ?? 0), 0)
  return gather(
    x.value,
    axesOf(shape, (axis) => (axes.includes(axis) ? -1 : 1) * (strides[axis] ?? 0)),
    last,
  )
})

/** Along each axis, place c of the result is place (c - low) / (interior + 1) of x, where that is whole and in range. */
const pad: Lowering<AttrsOf<'pad'>> = unary((x, { low, interior }, { shape }) => {
  if (x.value.length === 0) return uniformValue(0, sizeOf(shape))
  const strides = stridesOf(x.aval.shape)
  const axes = x.aval.shape.map((length, axis) => ({
    length,
    stride: strides[axis] ?? 0,
    before: low[axis] ?? 0,
    spacing: (interior[axis] ?? 0) + 1,
    padded: shape[axis] !== length,
  }))
  return kernelValue(sizeOf(shape), [x.value], ([read]) => {
    const { lines, names } = coordinates(shape)
    const checks = axes.flatMap(({ length, before, spacing, padded }, axis): readonly string[] => {
      if (!padded) return []
      const outside = `p${axis} < 0 || p${axis} > ${(length - 1) * spacing}`
      const between = spacing === 1 ? '' : ` || p${axis} - Math.floor(p${axis} / ${spacing}) * ${spacing} != 0`
      return [`const p${axis} = ${names[axis]} - ${before};`, `if (${outside}${between}) {`, '  return 0;', '}']
    })
    const terms = axes.flatMap(({ length, stride, spacing, padded }, axis) => {
      if (length === 1) return []
      const place = padded ? `p${axis}` : (names[axis] ?? 'i')
      return term(spacing === 1 ? place : `Math.floor(${place} / ${spacing})`, stride)
    })
    return [...lines, ...checks, `return ${read(sumText(terms))};`]
  })
})

interface Part {
  readonly value: Value
  /** Elements of one row: everything from the concatenated axis on. */
  readonly row: number
}

/** Rows of the parts one behind the other; many parts are first joined in groups, since a kernel takes only a few. */
const joinRows = (parts: readonly Part[], outer: number): Part => {
  const groups = Math.ceil(parts.length / maximumParameters)
  if (groups > 1) {
    const size = Math.ceil(parts.length / groups)
    return joinRows(
      range(groups).map((g) => joinRows(parts.slice(g * size, (g + 1) * size), outer)),
      outer,
    )
  }
  const row = parts.reduce((total, part) => total + part.row, 0)
  const [only] = parts
  if (parts.length === 1 && only !== undefined) return only
  const value = kernelValue(
    outer * row,
    parts.map((part) => part.value),
    (reads) => {
      let start = 0
      const choices = parts.flatMap(({ row: width }, k): readonly string[] => {
        const read = reads[k]?.(sumText([`q * ${width}`, 'c'], -start).replace('+ -', '- ')) ?? ''
        start += width
        return k === parts.length - 1 ? [`return ${read};`] : [`if (c < ${start}) {`, `  return ${read};`, '}']
      })
      return [`const q = Math.floor(i / ${row});`, `const c = i - q * ${row};`, ...choices]
    },
  )
  return { value, row }
}

const concat: Lowering<AttrsOf<'concat'>> = (xs, { axis }, { shape }) => {
  const parts = xs
    .filter(({ value }) => value.length > 0)
    .map(({ value, aval }) => ({ value, row: sizeOf(aval.shape.slice(axis)) }))
  return parts.length === 0 ? dataValue([]) : joinRows(parts, sizeOf(shape.slice(0, axis))).value
}

export const movementLowerings: LoweringsOf<
  'reshape' | 'transpose' | 'broadcastTo' | 'slice' | 'pad' | 'concat' | 'barrier' | 'flip'
> = {
  reshape,
  barrier,
  flip,
  transpose,
  broadcastTo,
  slice,
  pad,
  concat,
}
