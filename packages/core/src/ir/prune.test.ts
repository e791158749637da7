import { describe, expect, test } from 'vitest'
import { prepareIR } from '../compile/prepare.js'
import { cond } from '../control/cond.js'
import { scan } from '../control/scan.js'
import { whileLoop } from '../control/whileLoop.js'
import { add, mul } from '../primitives/arithmetic.js'
import { greater, less } from '../primitives/choice.js'
import { sum } from '../primitives/reduction.js'
import { cos, sin, tanh } from '../primitives/smooth.js'
import { evaluateIR } from '../reference/evaluate.js'
import { array, scalar, type Tensor } from '../tensor.js'
import { makeIR } from '../trace/makeIR.js'
import { grad } from '../transforms/vjp.js'
import { checkIR } from './check.js'
import type { Equation, IR } from './ir.js'

const prepared = (f: (...xs: Tensor[]) => unknown, ...xs: Tensor[]): IR => {
  const traced = makeIR(f)(...xs)
  const program = prepareIR(traced, () => true)
  checkIR(program)
  const inputs = [...traced.captured, ...xs]
  expect(evaluateIR(program, inputs)).toEqual(evaluateIR(traced, inputs))
  return program
}

const only = (ir: IR, name: string): Equation => {
  const found = ir.equations.filter(({ primitive }) => primitive.name === name)
  const [equation] = found
  if (equation === undefined || found.length > 1) throw new Error(`${found.length} equations of ${name}`)
  return equation
}

const xs = array([1, 2, 3])

describe('pruneHeld', () => {
  test('a scan without ys that are not used, the carry that serves them, and its operands', () => {
    const program = prepared(
      (x, y) => {
        const [[a]] = scan(
          ([p, q]: readonly [Tensor, Tensor], s: Tensor) => [[add(p, s), mul(q, y)] as const, cos(q)] as const,
          [x, y] as const,
          xs,
        )
        return a
      },
      scalar(1),
      scalar(2),
    )
    const { inputs, results } = only(program, 'scan')
    expect([inputs.length, results.length]).toEqual([2, 1])
  })

  test('a carry that another one needs stays', () => {
    const program = prepared((x) => {
      const [[a]] = scan(
        ([p, q]: readonly [Tensor, Tensor], s: Tensor) => [[add(p, q), mul(q, s)] as const, null] as const,
        [x, x] as const,
        xs,
      )
      return a
    }, scalar(1))
    expect(only(program, 'scan').results).toHaveLength(2)
  })

  test('what a loop stacks twice is stacked once', () => {
    const program = prepared((x) => {
      const [, [a, b]] = scan(
        (c: Tensor, s: Tensor) => {
          const y = tanh(add(c, s))
          return [y, [y, tanh(add(c, s))] as const] as const
        },
        x,
        xs,
      )
      return [a, sum(b)]
    }, scalar(1))
    expect(only(program, 'scan').results).toHaveLength(2) // the carry, and one stack
  })

  test('branches without results that are not used', () => {
    const program = prepared(
      (x, y) => {
        const [a] = cond(
          greater(x, 0),
          (p: Tensor, q: Tensor) => [sin(p), cos(q)] as const,
          (p: Tensor, q: Tensor) => [p, mul(q, q)] as const,
          x,
          y,
        )
        return a
      },
      scalar(1),
      scalar(2),
    )
    const { inputs, results } = only(program, 'cond')
    expect([inputs.length, results.length]).toEqual([2, 1])
  })

  test('a while without the carry that neither its test nor a result needs', () => {
    const program = prepared(
      (x, y) => {
        const [, a] = whileLoop(
          ([i]: readonly [Tensor, Tensor, Tensor]) => less(i, 3),
          ([i, p, q]) => [add(i, 1), mul(p, 2), add(q, y)] as const,
          [scalar(0), x, y] as const,
        )
        return a
      },
      scalar(1),
      scalar(2),
    )
    expect(only(program, 'while').results).toHaveLength(2)
  })

  test('in the gradient of a loop, what the backward one does not read', () => {
    const f = (x: Tensor): Tensor =>
      scan((c: Tensor, s: Tensor) => [add(mul(c, 2), sin(mul(c, s))), c] as const, x, xs)[0]
    const program = prepared(grad(f), scalar(0.3))
    const [forwards] = program.equations.filter(({ primitive }) => primitive.name === 'scan')
    // neither the value nor the ys of the primal; only what cos needs
    expect(forwards?.results.map((v) => v.aval.shape)).toContainEqual([3])
  })
})
