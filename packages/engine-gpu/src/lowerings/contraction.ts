import { type AttrsOf, dotPlan, sizeOf, stridesOf } from '@cotangent/core'
import { kernelValue, uniformValue } from '../program/value.js'
import { type Axis, loops, places, sumText } from '../source/walk.js'
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
  const result = [
    ...paired(batch),
    ...free[0].map((axis) => ({ length: left[axis] ?? 1, steps: [dx[axis] ?? 0, 0] })),
    ...free[1].map((axis) => ({ length: right[axis] ?? 1, steps: [0, dy[axis] ?? 0] })),
  ]
  return kernelValue(sizeOf(shape), [x.value, y.value], ([readX, readY]) => {
    const {
      lines,
      terms: [atX = [], atY = []],
    } = places(result, 2)
    const {
      terms: [alongX = [], alongY = []],
      around,
    } = loops(paired(contract), 2)
    const product = `${readX(sumText([...atX, ...alongX]))} * ${readY(sumText([...atY, ...alongY]))}`
    return [...lines, 'let total = 0;', ...around([`total = total + ${product};`]), 'return total;']
  })
})

export const contractionLowerings: LoweringsOf<'dotGeneral'> = { dotGeneral }
