/* What runs where, and in which program. `sin` stands for what the engine has not. */
import { describe, expect, test } from 'vitest'
import type { Equation } from '../ir/ir.js'
import { add, mul } from '../primitives/arithmetic.js'
import { broadcastTo, ones } from '../primitives/broadcast.js'
import { matmul } from '../primitives/contraction.js'
import { sum } from '../primitives/reduction.js'
import { sin } from '../primitives/smooth.js'
import type { Tensor } from '../tensor.js'
import { makeIR } from '../trace/makeIR.js'
import { prepareIR } from './prepare.js'
import { planStages } from './stages.js'

const runs = ({ primitive }: Equation): boolean => primitive.name !== 'sin'

/** Each stage: where it runs, its operations, and how many elements it hands on. */
const staged = (f: (...xs: Tensor[]) => Tensor | readonly Tensor[], ...xs: Tensor[]): readonly string[] => {
  const ir = prepareIR(makeIR(f)(...xs), () => true)
  return planStages(ir, runs).map(({ where, ir: { equations, outputs } }) => {
    const names = equations.map(({ primitive }) => primitive.name)
    return `${where}: ${names.join(' ')} -> ${outputs.map((atom) => `[${atom.aval.shape}]`).join(' ')}`
  })
}

const [square, row] = [ones([4, 4]), ones([4])]

describe('what only a later program needs', () => {
  test('runs there, where that hands on no more: a scaled input, a repeated row', () => {
    const f = (x: Tensor, y: Tensor) => {
      const scaled = mul(y, 0.5)
      return add(sin(matmul(x, x)), broadcastTo(scaled, [4, 4]))
    }
    expect(staged(f, square, row)).toEqual([
      'engine: dotGeneral -> [4,4]',
      'host: sin -> [4,4]',
      'engine: broadcastTo mul broadcastTo add -> [4,4]',
    ])
  })

  test('runs where it can first, where it is work or hands on more', () => {
    const f = (x: Tensor, y: Tensor) => {
      const small = sum(mul(matmul(x, y), y), 0)
      return add(sin(matmul(y, x)), small)
    }
    expect(staged(f, square, ones([4, 4]))).toEqual([
      'engine: dotGeneral mul reduceSum dotGeneral -> [4] [4,4]',
      'host: sin -> [4,4]',
      'engine: broadcastTo add -> [4,4]',
    ])
  })

  test('runs twice, where both need it and it is larger than what it is made of', () => {
    const f = (x: Tensor, y: Tensor) => {
      const total = sum(y)
      const wide = broadcastTo(total, [4, 4])
      return add(sin(matmul(x, wide)), wide)
    }
    expect(staged(f, square, row)).toEqual([
      'engine: reduceSum broadcastTo dotGeneral -> [] [4,4]',
      'host: sin -> [4,4]',
      'engine: broadcastTo add -> [4,4]',
    ])
  })

  test('stays where the host needs it too, or the result of the program', () => {
    const f = (x: Tensor) => {
      const doubled = mul(x, 2)
      return [add(sin(doubled), doubled), doubled]
    }
    expect(staged(f, square)).toEqual([
      'engine: broadcastTo mul -> [4,4]',
      'host: sin -> [4,4]',
      'engine: add -> [4,4]',
    ])
  })
})
