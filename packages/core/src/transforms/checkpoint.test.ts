import { derivativeIsRight, vmapIsLoop } from '@cotangent/testing'
import { describe, expect, test } from 'vitest'
import { prepareIR } from '../compile/prepare.js'
import { scan } from '../control/scan.js'
import { checkIR } from '../ir/check.js'
import type { IR } from '../ir/ir.js'
import { mul } from '../primitives/arithmetic.js'
import { matmul } from '../primitives/contraction.js'
import { sum } from '../primitives/reduction.js'
import { sin, tanh } from '../primitives/smooth.js'
import { array, scalar, type Tensor } from '../tensor.js'
import { makeIR } from '../trace/makeIR.js'
import { type CheckpointPolicy, checkpoint, saveContractions, saveEverything, saveNothing } from './checkpoint.js'
import { jvp } from './jvp.js'
import { linearizeFunction } from './linearize.js'
import { grad, valueAndGrad } from './vjp.js'

const w = array([
  [0.5, -0.3],
  [0.8, 0.2],
])
const x = array([[1, 2]])

const block = (a: Tensor, b: Tensor): Tensor => tanh(matmul(sin(matmul(a, b)), b))

const loss =
  (policy: CheckpointPolicy | null) =>
  (b: Tensor): Tensor => {
    const layer = policy === null ? block : checkpoint(block, { policy })
    return sum(layer(layer(x, b), b))
  }

const prepared = (f: (b: Tensor) => unknown): IR => {
  const program = prepareIR(makeIR(f)(w), () => true)
  checkIR(program)
  return program
}

const count = (ir: IR, name: string): number => ir.equations.filter(({ primitive }) => primitive.name === name).length

describe('checkpoint', () => {
  test('changes neither value nor gradient', () => {
    for (const policy of [saveNothing, saveContractions, saveEverything]) {
      expect(loss(policy)(w).item()).toBe(loss(null)(w).item())
      expect(grad(loss(policy))(w).toArray()).toEqual(grad(loss(null))(w).toArray())
    }
  })

  test('computes again what the policy does not keep', () => {
    const counts = (policy: CheckpointPolicy | null) => {
      const program = prepared(valueAndGrad(loss(policy)))
      return { tanh: count(program, 'tanh'), sin: count(program, 'sin'), products: count(program, 'dotGeneral') }
    }
    // two layers: two products each forwards, four backwards (less the one to x)
    expect(counts(null)).toEqual({ tanh: 2, sin: 2, products: 11 })
    expect(counts(saveEverything)).toEqual(counts(null))
    expect(counts(saveNothing)).toEqual({ tanh: 4, sin: 4, products: 15 })
    expect(counts(saveContractions)).toEqual({ tanh: 4, sin: 4, products: 11 })
    expect(counts(({ name }) => name === 'sin')).toEqual({ tanh: 4, sin: 2, products: 15 })
  })

  test('keeps its arguments only', () => {
    const residuals = (policy: CheckpointPolicy | null): readonly string[] =>
      linearizeFunction('test', (b: Tensor) => (policy === null ? block : checkpoint(block, { policy }))(x, b), [
        w,
      ]).linear.residuals.map((r) => r.shape.join())
    expect(residuals(saveNothing)).toEqual(['1,2', '2,2'])
    expect(residuals(saveContractions)).toEqual(['1,2', '2,2', '1,2', '1,2'])
    expect(residuals(null).length).toBeGreaterThan(3)
  })

  test('computes nothing twice forwards', () => {
    const program = prepared((b) => jvp(loss(saveNothing), [b], [b]))
    expect(count(program, 'tanh')).toBe(2)
  })

  test('in the body of a scan, the loop stacks the carry only', () => {
    const deep = (b: Tensor): Tensor =>
      sum(scan((h: Tensor, _: null) => [checkpoint(block)(h, b), null] as const, x, null, { length: 5 })[0])
    const program = prepared(grad(deep))
    const loops = program.equations.filter(({ primitive }) => primitive.name === 'scan')
    expect(loops).toHaveLength(2)
    // the first loop gives the last carry and the stacked carries, nothing else
    expect(loops[0]?.results.map((v) => v.aval.shape.join())).toEqual(['1,2', '5,1,2'])
    derivativeIsRight(deep, [w], { order: 2 })
  })

  test('passes every other transform', () => {
    derivativeIsRight(loss(saveNothing), [w], { order: 2 })
    derivativeIsRight(loss(saveContractions), [w], { order: 2 })
    vmapIsLoop(
      grad(loss(saveContractions)),
      [
        array([
          w.toArray() as number[][],
          [
            [1, 0],
            [0, 1],
          ],
        ]),
      ],
      { rtol: 1e-6 },
    )
    const cubic = checkpoint((y: Tensor) => mul(y, mul(y, y)))
    expect(grad(grad(grad(cubic)))(scalar(2)).item()).toBe(6)
  })

  test('of a checkpoint, and around what closes over tensors', () => {
    const inner = checkpoint((y: Tensor) => sin(matmul(y, w)))
    const outer = checkpoint((y: Tensor) => sum(tanh(inner(inner(y)))))
    derivativeIsRight(outer, [x], { order: 2 })
    const byWeight = (b: Tensor): Tensor => sum(checkpoint((y: Tensor) => matmul(sin(y), b))(x))
    derivativeIsRight(byWeight, [w], { order: 2 })
  })
})
