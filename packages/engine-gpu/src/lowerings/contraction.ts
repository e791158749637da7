import { type AttrsOf, dotPlan, sizeOf, stridesOf } from '@cotangent/core'
import { computedValue, uniformValue } from '../program/value.js'
import { type Axis, joinAxes, lengthsOf, moving, placeIn } from '../source/axes.js'
import { sumPlaces } from '../source/place.js'
import { binary, type Lowering, type LoweringsOf } from './lowering.js'

/**
 * z[b, m, n] = Σ_k x[b, m, k] y[b, n, k], over any axes: one thread per result element, one loop per contracted axis
 * that is no neighbour of the next. Transposed operands are read where they lie.
 */
const dotGeneral: Lowering<AttrsOf<'dotGeneral'>> = binary((x, y, { contract, batch }, { shape }) => {
  const [left, right] = [x.aval.shape, y.aval.shape]
  const { free, k } = dotPlan(left, right, { contract, batch })
  if (k === 0) return uniformValue(0, sizeOf(shape))
  const [dx, dy] = [stridesOf(left), stridesOf(right)]
  const paired = ([xs, ys]: readonly [readonly number[], readonly number[]]): readonly Axis[] =>
    xs.map((axis, i) => ({ length: left[axis] ?? 1, steps: [dx[axis] ?? 0, dy[ys[i] ?? 0] ?? 0] }))
  const result = joinAxes([
    ...paired(batch),
    ...free[0].map((axis) => ({ length: left[axis] ?? 1, steps: [dx[axis] ?? 0, 0] })),
    ...free[1].map((axis) => ({ length: right[axis] ?? 1, steps: [0, dy[axis] ?? 0] })),
  ])
  const summed = joinAxes(paired(contract))
  return computedValue(sizeOf(shape), [x.value, y.value], {
    name: 'dotGeneral',
    rounds: k,
    arithmetic: 0.2 * k,
    reads: [k, k],
    elementwise: false,
    element: (emitter, at, [readX, readY]) => {
      const place = emitter.coordinates(at, lengthsOf(result), moving(result))
      const total = emitter.fresh('t')
      emitter.line(`let ${total} = 0;`)
      emitter.loops(lengthsOf(summed), (along) => {
        const [factor, other] = [readX, readY].map((read, operand) =>
          read?.(sumPlaces(placeIn(result, place, operand), placeIn(summed, along, operand))),
        )
        emitter.line(`${total} = ${total} + ${factor} * ${other};`)
      })
      return total
    },
  })
})

export const contractionLowerings: LoweringsOf<'dotGeneral'> = { dotGeneral }
