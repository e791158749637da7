import { add, array, findNaN, log, mean, mul, sqrt, sum, type Tensor, valueAndGrad } from '@cotangent/core'
import { describe, expect, it } from 'vitest'
import { evaluate, weightsAt } from './evaluate.js'
import { evaluateInChunks, type NlgStates } from './evaluateInChunks.js'
import { type Objective, term } from './objective.js'
import type { NlgSettings } from './settings.js'

const objective: Objective<Tensor> = [
  ...term('level', (x: Tensor) => mean(x)),
  ...term('entropy', (x: Tensor) => sum(mul(x, log(x)))),
  ...term('norm', (x: Tensor) => sqrt(sum(mul(x, x)))),
]

const total = (x: Tensor): Tensor => evaluate(objective)(x, weightsAt(objective, 0)).total

describe('the term that a NaN comes from', () => {
  it('is named in the forward pass', () => {
    expect(findNaN(total)(array([1, 0]))).toMatchObject({ op: 'mul', scopes: ['entropy'], pass: 'forward' })
  })

  it('is named in the backward pass', () => {
    const smooth = objective.filter(({ name }) => name !== 'entropy')
    const loss = (x: Tensor) => evaluate(smooth)(x, weightsAt(smooth, 0)).total
    expect(findNaN(loss)(array([0, 0]))).toBeNull()
    expect(findNaN(valueAndGrad(loss))(array([0, 0]))).toMatchObject({ scopes: ['norm'], pass: 'backward' })
  })

  it('is named within the loop over chunks of positions, with the step', () => {
    const settings: NlgSettings = { form: 'nlg', lambda1: 0.1, lambda2: 0.1, lambda3: 0.1, k: 1 }
    const states = array([
      [
        [1, 2, 1],
        [3, Number.POSITIVE_INFINITY, 1],
        [5, 6, 1], // has no next token, and does not count
      ],
    ])
    const run = (student: Tensor): Tensor => {
      const input: NlgStates = {
        student,
        teacher: array([
          [
            [1, 2, 1],
            [3, 4, 1],
            [5, 6, 1],
          ],
        ]),
        labels: array([[0, 1, 2]], 'i32'),
        mask: null,
        key: null,
        studentHead: (x) => add(x, 0),
        teacherHead: (x) => x,
      }
      return evaluateInChunks(settings, 1)(input, array([1, 0, 0, 0])).terms.task ?? student
    }
    const report = findNaN(run)(states)
    expect(report?.scopes[0]).toBe('task')
    expect(report?.within[0]?.op).toBe('scan')
  })
})
