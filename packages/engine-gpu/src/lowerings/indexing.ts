/* take and scatterAdd. x is [outer, n, inner] around the indexed axis; there are `many` indices. */
import { type AttrsOf, type Shape, sizeOf } from '@cotangent/core'
import { computedValue, uniformValue } from '../program/value.js'
import { combine, namedPlace, printPlace } from '../source/place.js'
import { binary, type Lowering, type LoweringsOf, ternary } from './lowering.js'

const around = (shape: Shape, axis: number) => ({
  outer: sizeOf(shape.slice(0, axis)),
  n: shape[axis] ?? 0,
  inner: sizeOf(shape.slice(axis + 1)),
})

/** y[o, j, k] = x[o, indices[j], k]; NaN where an index is out of range, 0 for integers and truth values. */
const take: Lowering<AttrsOf<'take'>> = binary((x, indices, { axis }, { shape, dtype }) => {
  if (x.value.kind === 'uniform') return uniformValue(x.value.value, sizeOf(shape))
  const { outer, n, inner } = around(x.aval.shape, axis)
  return computedValue(sizeOf(shape), [x.value, indices.value], {
    name: 'take',
    rounds: 1,
    arithmetic: 0.2,
    reads: [1, 1],
    elementwise: false,
    element: (emitter, at, [read, index]) => {
      const [o, j, k] = emitter.coordinates(at, [outer, indices.value.length, inner])
      if (read === undefined || index === undefined || o === undefined || j === undefined || k === undefined) return ''
      const row = emitter.index('s', index(j))
      const v = emitter.fresh('w')
      emitter.line(`let ${v} = ${dtype === 'f32' ? `missing(${row})` : '0'};`)
      emitter.when(`${row} >= 0 && ${row} < ${n}`, () => {
        emitter.line(`${v} = ${read(combine([o, namedPlace(row, n), k], [n * inner, inner, 1]))};`)
      })
      return v
    },
  })
})

/** y[o, c, k] = x[o, c, k] + Σ_j [indices[j] = c] u[o, j, k]: each result looks for its updates, so none is lost. */
const scatterAdd: Lowering<AttrsOf<'scatterAdd'>> = ternary((x, indices, updates, { axis }, { shape }) => {
  const { outer, n, inner } = around(shape, axis)
  const many = indices.value.length
  if (many === 0) return x.value
  return computedValue(sizeOf(shape), [x.value, indices.value, updates.value], {
    name: 'scatterAdd',
    rounds: many,
    arithmetic: 0.1 * many,
    reads: [1, many, many / n],
    elementwise: false,
    element: (emitter, at, [read, index, update]) => {
      const [o, c, k] = emitter.coordinates(at, [outer, n, inner])
      if (o === undefined || c === undefined || k === undefined) return ''
      const total = emitter.fresh('t')
      emitter.line(`let ${total} = ${read?.(at)};`)
      const row = emitter.index('s', printPlace(c))
      emitter.loops([many], ([j]) => {
        if (j === undefined) return
        emitter.when(`${index?.(j)} == ${row}`, () => {
          emitter.line(`${total} = ${total} + ${update?.(combine([o, j, k], [many * inner, inner, 1]))};`)
        })
      })
      return total
    },
  })
})

export const indexingLowerings: LoweringsOf<'take' | 'scatterAdd'> = { take, scatterAdd }
