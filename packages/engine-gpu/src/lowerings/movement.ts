/* Elements in other places: every result element is one operand element, or 0. */
import { type AttrsOf, range, type Shape, sizeOf, stridesOf } from '@cotangent/core'
import {
  computedValue,
  dataValue,
  maximumParameters,
  type Operation,
  uniformValue,
  type Value,
} from '../program/value.js'
import { type Axis, joinAxes, lengthsOf, moving, placeIn } from '../source/axes.js'
import type { Emitter } from '../source/emitter.js'
import { combine, namedPlace, type Place, printPlace, shifted } from '../source/place.js'
import { type Lowering, type LoweringsOf, unary } from './lowering.js'

/** Index arithmetic alone. */
const arithmetic = 0.1

/** y[walk of axes] = x[first + Σ coordinate · step] */
const gather = (name: string, x: Value, axes: readonly Axis[], first = 0): Value => {
  const length = sizeOf(lengthsOf(axes))
  if (x.kind === 'uniform') return uniformValue(x.value, length)
  const walk = joinAxes(axes)
  return computedValue(length, [x], {
    name,
    rounds: 1,
    arithmetic,
    reads: [1],
    elementwise: false,
    element: (emitter, at, [read]) => {
      const coordinates = emitter.coordinates(at, lengthsOf(walk), moving(walk))
      return read?.(placeIn(walk, coordinates, 0, first)) ?? ''
    },
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
    'transpose',
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
    'broadcastTo',
    x.value,
    axesOf(shape, (axis) => (axis < lead || from[axis - lead] === 1 ? 0 : (strides[axis - lead] ?? 0))),
  )
})

const slice: Lowering<AttrsOf<'slice'>> = unary((x, { starts, strides }, { shape }) => {
  const steps = stridesOf(x.aval.shape)
  const first = steps.reduce((total, step, axis) => total + step * (starts[axis] ?? 0), 0)
  return gather(
    'slice',
    x.value,
    axesOf(shape, (axis) => (steps[axis] ?? 0) * (strides[axis] ?? 1)),
    first,
  )
})

const flip: Lowering<AttrsOf<'flip'>> = unary((x, { axes }, { shape }) => {
  const strides = stridesOf(shape)
  const last = axes.reduce((at, axis) => at + ((shape[axis] ?? 1) - 1) * (strides[axis] ?? 0), 0)
  return gather(
    'flip',
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
    before: low[axis] ?? 0,
    spacing: (interior[axis] ?? 0) + 1,
    padded: shape[axis] !== length,
  }))

  /** The place along an axis; it is right under the conditions that are added. */
  const inside = (emitter: Emitter, at: Place, axis: number, conditions: string[]): Place => {
    const { length, before, spacing, padded } = axes[axis] ?? { length: 1, before: 0, spacing: 1, padded: false }
    if (!padded) return at
    const from = emitter.index('p', printPlace(shifted(at, -before)))
    conditions.push(`${from} >= 0`, `${from} <= ${(length - 1) * spacing}`)
    if (spacing === 1 || length === 1) return namedPlace(from, length)
    const quotient = emitter.index('q', `quotient(${from}, ${spacing})`)
    conditions.push(`${from} - ${quotient} * ${spacing} == 0`)
    return namedPlace(quotient, length)
  }

  const operation: Operation = {
    name: 'pad',
    rounds: 1,
    arithmetic,
    reads: [x.value.length / sizeOf(shape)],
    elementwise: false,
    element: (emitter, at, [read]) => {
      const coordinates = emitter.coordinates(at, shape)
      const conditions: string[] = []
      const places = coordinates.map((place, axis) => inside(emitter, place, axis, conditions))
      const v = emitter.fresh('w')
      emitter.line(`let ${v} = 0;`)
      emitter.when(conditions.join(' && '), () => emitter.line(`${v} = ${read?.(combine(places, strides))};`))
      return v
    },
  }
  return axes.some(({ padded }) => padded) ? computedValue(sizeOf(shape), [x.value], operation) : x.value
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
  const value = computedValue(
    outer * row,
    parts.map((part) => part.value),
    {
      name: 'concat',
      rounds: 1,
      arithmetic,
      reads: parts.map((part) => part.row / row),
      elementwise: false,
      element: (emitter, at, reads) => {
        const [q, c] = emitter.coordinates(at, [outer, row])
        if (q === undefined || c === undefined) return ''
        const v = emitter.fresh('w')
        emitter.line(`let ${v} = 0;`)
        const starts = parts.map((_, k) => parts.slice(0, k).reduce((total, part) => total + part.row, 0))
        emitter.choose(
          parts.map((part, k) => () => {
            const along = namedPlace(emitter.index('p', printPlace(shifted(c, -(starts[k] ?? 0)))), part.row)
            emitter.line(`${v} = ${reads[k]?.(combine([q, along], [part.row, 1]))};`)
          }),
          (k) => `${printPlace(c)} < ${starts[k]}`,
        )
        return v
      },
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
