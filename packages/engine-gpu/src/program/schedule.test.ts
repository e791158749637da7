import { add, array, makeIR, mul, neg, reshape, type Tensor } from '@cotangent/core'
import { expect, test } from 'vitest'
import { lowerIR } from './lowerIR.js'
import { scheduleOf } from './schedule.js'

const scheduled = (f: (x: Tensor) => readonly Tensor[]) => {
  const ir = makeIR(f)(array([1, 2, 3, 4]))
  return scheduleOf(lowerIR(ir), ir.inputs.length)
}

test('slots are released after their last use; results and unused work are not scheduled for it', () => {
  const { steps, outputs, slots } = scheduled((x) => {
    const y = mul(x, x)
    neg(y) // nobody asks for it
    return [add(y, x)]
  })
  expect(slots).toBe(4)
  expect(steps.map(({ inputs, output, dead }) => ({ inputs, output, dead }))).toEqual([
    { inputs: [0], output: 1, dead: [] },
    { inputs: [1, 0], output: 3, dead: [1, 0] },
  ])
  expect(outputs).toEqual([3])
})

test('a reshape is no step: the result is the input', () => {
  expect(scheduled((x) => [reshape(x, [2, 2])])).toEqual({ slots: 1, data: [], steps: [], outputs: [0] })
})
