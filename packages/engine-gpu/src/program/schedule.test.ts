import { add, array, makeIR, matmul, mul, neg, reshape, type Tensor } from '@cotangent/core'
import { expect, test } from 'vitest'
import { fuse } from '../fusion/fuse.js'
import { lowerIR } from './lowerIR.js'
import { scheduleOf } from './schedule.js'

const scheduled = (f: (x: Tensor) => readonly Tensor[]) => {
  const ir = makeIR(f)(
    array([
      [1, 2],
      [3, 4],
    ]),
  )
  return scheduleOf(fuse(lowerIR(ir)), ir.inputs.length)
}

test('slots are released after their last use; results and unused work are not scheduled for it', () => {
  const { steps, outputs, slots } = scheduled((x) => {
    const y = matmul(x, x)
    neg(y) // nobody asks for it
    return [add(matmul(y, y), x)]
  })
  expect(slots).toBe(3)
  expect(steps.map(({ inputs, output, dead }) => ({ inputs, output, dead }))).toEqual([
    { inputs: [0], output: 1, dead: [] },
    { inputs: [1, 0], output: 2, dead: [1, 0] },
  ])
  expect(outputs).toEqual([2])
})

test('a reshape is no step: the result is the input', () => {
  expect(scheduled((x) => [reshape(x, [4])])).toEqual({ slots: 1, data: [], steps: [], outputs: [0] })
})

test('a result that is needed later stays', () => {
  const { steps, outputs } = scheduled((x) => {
    const y = mul(x, x)
    return [y, matmul(y, y)]
  })
  expect(steps.map(({ inputs, output, dead }) => ({ inputs, output, dead }))).toEqual([
    { inputs: [0], output: 1, dead: [0] },
    { inputs: [1], output: 2, dead: [] },
  ])
  expect(outputs).toEqual([1, 2])
})
