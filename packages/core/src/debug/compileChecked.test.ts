import { describe, expect, test } from 'vitest'
import type { Engine } from '../compile/engine.js'
import { add, div, exp, log, mul, sub } from '../primitives/arithmetic.js'
import { sum } from '../primitives/reduction.js'
import { sin } from '../primitives/smooth.js'
import { referenceEngine } from '../reference/engine.js'
import { evaluateIR } from '../reference/evaluate.js'
import { array, HostTensor, scalar, type Tensor } from '../tensor.js'
import { grad } from '../transforms/vjp.js'
import { compileChecked } from './compileChecked.js'
import { findNaNOn } from './findNaNOn.js'
import { NonFiniteError } from './nonFiniteError.js'

/** The reference engine, but sin gives NaN beyond 1, alone or only beside a product. */
const broken = (onlyBesideProducts = false): Engine => ({
  ...referenceEngine(),
  name: 'broken',
  load: (ir) =>
    Promise.resolve({
      run: (inputs) => {
        const together = ir.equations.some(({ primitive }) => primitive.name === 'mul')
        const results = evaluateIR(ir, inputs, {
          observe: (equation, [x], [y], evaluate) => {
            evaluate(evaluateIR)
            if (equation.primitive.name !== 'sin' || (onlyBesideProducts && !together)) return
            for (const [i, value] of x?.data.entries() ?? []) if (y !== undefined && value > 1) y.data[i] = Number.NaN
          },
        })
        return Promise.resolve(results.map(({ data, shape, dtype }) => new HostTensor(data, shape, dtype)))
      },
      recycle: () => undefined,
    }),
})

const caught = async (run: Promise<unknown>): Promise<NonFiniteError> => {
  const error: unknown = await run.then(
    () => null,
    (thrown: unknown) => thrown,
  )
  if (error instanceof NonFiniteError) return error
  throw new Error(`it gave ${String(error)}`)
}

describe('compileChecked', () => {
  const entropy = (x: Tensor) => ({ loss: sum(mul(x, log(x))), count: array([1], 'i32') })

  test('is compile where results are finite', async () => {
    const f = compileChecked(entropy, referenceEngine())
    const result = await f(array([1, 1]))
    expect([result.loss.item(), result.count.toArray()]).toEqual([0, [1]])
  })

  test('rejects a NaN with its path and the operation it comes from', async () => {
    const error = await caught(compileChecked(entropy, referenceEngine())(array([1, 0])))
    expect(error.report).toMatchObject({ op: 'mul', index: [1] })
    expect(error.message.replaceAll(/:\d+:\d+/g, ':_')).toMatchInlineSnapshot(`
      "entropy: its results must be finite numbers.
        received  NaN or infinity in loss on the engine reference
                  NaN in the forward pass: mul at packages/core/src/debug/compileChecked.test.ts:_
                    result    f32[2], NaN at [1], 1 of 2 elements
                    operands  f32[2] at [1]: 0
                              f32[2] at [1]: -Infinity, infinite since log at packages/core/src/debug/compileChecked.test.ts:_
        to do     mend that operation, or bound what it takes"
    `)
  })

  test('looks at infinities where it is told to', async () => {
    const reciprocal = (x: Tensor) => div(1, x)
    expect((await compileChecked(reciprocal, referenceEngine())(scalar(0))).item()).toBe(Infinity)
    const error = await caught(compileChecked(reciprocal, referenceEngine(), { infinity: true })(scalar(0)))
    expect(error.report).toMatchObject({ found: 'infinity', op: 'div' })
  })

  test('keeps a copy of donated arguments, and static ones', async () => {
    const step = (w: Tensor, rate: number, x: Tensor) =>
      sub(w, mul(grad((v: Tensor) => sum(mul(v, log(v))))(w), mul(x, rate)))
    const f = compileChecked(step, referenceEngine(), { donate: [0], static: [1] })
    const next = await f(array([1, 2]), 0.5, scalar(1))
    const error = await caught(f(sub(next, next), 0.5, scalar(0)))
    expect(error.report).toMatchObject({ op: 'div', pass: 'backward', operands: [{ values: [0] }, { values: [0] }] })
    expect(() => next.data).not.toThrow()
  })
})

describe('where the engine alone gives a NaN', () => {
  const f = (x: Tensor) => add(mul(sin(x), 2), 1)

  test('its operations are tried one by one', async () => {
    const error = await caught(compileChecked(f, broken())(array([0.5, 2])))
    expect(error.report).toMatchObject({ op: 'sin', index: [1], operands: [{ values: [2] }] })
    expect(error.report?.source?.file).toMatch(/compileChecked\.test\.ts$/)
    expect(error.message).toMatch(
      /the reference evaluator gives finite numbers; NaN or infinity in the result on the engine broken/,
    )
  })

  test('and it is said where none of them does it alone', async () => {
    const error = await caught(compileChecked(f, broken(true))(array([0.5, 2])))
    expect(error.report).toBeNull()
    expect(error.message).toMatch(/which none of its operations gives alone/)
  })

  test('findNaNOn finds nothing on an engine that is right, and names arguments', async () => {
    expect(await findNaNOn(f, referenceEngine())(array([0.5, 2]))).toBeNull()
    expect(await findNaNOn(f, broken())(array([0.5, 1]))).toBeNull()
    expect(await findNaNOn(f, broken())(array([Number.NaN]))).toMatchObject({ kind: 'argument', op: 'x' })
    expect((await findNaNOn((x: Tensor) => sub(exp(x), exp(x)), broken(), { infinity: true })(array([99])))?.op).toBe(
      'exp',
    )
  })
})
